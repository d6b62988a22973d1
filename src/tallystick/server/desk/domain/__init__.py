"""Everything people and messages change about cases and work orders."""
