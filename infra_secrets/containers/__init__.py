"""`Secret`: a container for a value that somebody else puts in."""
