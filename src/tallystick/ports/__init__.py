"""Protocols between the engine and the world."""
