"""Systems the hub is connected to: their settings, their secrets, whether they answer, what they hold."""
