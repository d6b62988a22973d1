"""Tallystick keeps a service CRM and the systems around it in agreement, both ways."""

__version__ = "0.1.0"
