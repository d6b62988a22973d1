"""Webhooks out and in, signed as Standard Webhooks says."""
