"""What an application imports to load its secrets. Nothing here imports Pulumi."""
