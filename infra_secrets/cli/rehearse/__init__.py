"""`infra-secrets rehearse`: a whole life of a stack on simulated clouds, and what is to be said about it."""
