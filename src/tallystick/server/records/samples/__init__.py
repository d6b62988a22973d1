"""Sample data: a service company's CRM of realistic size, the same at every call with the same seed."""

from tallystick.server.records.samples.fill import Sizes, fill

__all__ = ["Sizes", "fill"]
