"""Dates and numbers as people read them here: the day first, 24 hours."""
