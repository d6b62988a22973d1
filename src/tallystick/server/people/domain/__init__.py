"""What people may change about people: each change is one function that takes an `Actor`."""
