"""Packs in the hub: ready-made integrations, installed, set up step by step, and run by the names people know."""
