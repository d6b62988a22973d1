"""What people do with connections; each a function that takes the actor first and raises our errors."""
