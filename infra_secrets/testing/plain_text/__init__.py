"""Values that a program writes itself, found and never shown."""
