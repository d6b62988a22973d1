"""The queue of questions that wait for a person, and the answers."""
