"""Everything people change about messages."""
