"""Every change of a record: what is allowed, what it means, and what is written down of it."""
