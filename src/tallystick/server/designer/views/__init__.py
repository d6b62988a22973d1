"""Pages about integrations."""
