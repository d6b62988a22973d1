"""Nouns, frozen: what travels between the stages."""
