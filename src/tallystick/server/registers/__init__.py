"""The built-in asset register, for those who have none: what is owned, what it costs, where that is in doubt."""
