"""The kit for tests of connectors and flows."""
