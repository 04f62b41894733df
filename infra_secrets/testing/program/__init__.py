"""A program of a user, and what its rehearsal lacks: its folder, the config it asks for, outputs of other stacks."""
