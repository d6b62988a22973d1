"""Puts the pieces together and runs them; the only room that may import the job runtime."""
