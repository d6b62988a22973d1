"""The hub: the only room that imports Django."""
