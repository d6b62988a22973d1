"""Pages of the help desk and of maintenance."""
