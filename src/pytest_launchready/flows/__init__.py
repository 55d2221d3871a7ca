"""People and steps: who acts, what they do, what they make, and how it is undone."""
