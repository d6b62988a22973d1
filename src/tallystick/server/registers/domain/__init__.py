"""What the register checks, counts and compares, and what people decide about it."""
