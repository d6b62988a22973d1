"""Tags of the queue."""
