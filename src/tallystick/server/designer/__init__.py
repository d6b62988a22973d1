"""Integrations as the hub keeps them: documents in versions, when they run, what a run would do."""
