"""The stack's config as Pulumi ESC feeds it."""
