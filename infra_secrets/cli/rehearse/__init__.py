"""`infra-secrets rehearse`: the whole life of a stack on simulated clouds, and a report about it."""
