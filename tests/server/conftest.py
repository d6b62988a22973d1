"""Tests of the hub without a browser."""

from tests.hub import actor, actor_with, client_of, person, state_url

__all__ = ["actor", "actor_with", "client_of", "person", "state_url"]
