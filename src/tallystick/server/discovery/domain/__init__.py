"""Which device a report is about, and what is kept of it."""
