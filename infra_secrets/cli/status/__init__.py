"""`infra-secrets status`: every container and what it is, by its metadata alone. No value is ever read here."""
