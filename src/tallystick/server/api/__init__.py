"""The programming interface: calls over HTTP, and webhooks out and in. Actions and queries are those of the pages."""
