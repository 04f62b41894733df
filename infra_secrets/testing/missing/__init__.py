"""What a project's program asks its stack for and a rehearsal cannot have: heard, and made up."""
