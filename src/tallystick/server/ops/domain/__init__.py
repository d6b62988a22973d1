"""What people do to runs and links; each is one function that checks, changes and writes down."""
