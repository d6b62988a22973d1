"""Runs, journal, why, links, health: what was done, by whom, and whether all is well."""
