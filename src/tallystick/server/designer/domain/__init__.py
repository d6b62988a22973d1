"""What people do with integrations; each a function that takes the actor first and raises our errors."""
