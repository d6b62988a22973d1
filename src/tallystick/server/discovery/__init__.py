"""Discovery: inventory agents report to the hub, and it keeps what they find, device by device."""
