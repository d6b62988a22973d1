"""What can be called, a module a subject."""
