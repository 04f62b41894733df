"""`Secret`: a container for a value that an operator sets."""
