"""Where the promised shape of answers is written, and whether answers keep it."""
