"""Measurements against raw resources. Run with `make bench`."""
