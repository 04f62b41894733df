"""A user's project, as far as it is there: its folder, its logins, outputs of other stacks, and what is left out."""
