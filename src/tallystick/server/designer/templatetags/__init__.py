"""Filters of the templates about integrations."""
