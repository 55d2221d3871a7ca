"""What judges: a verdict becomes a passing test, a failure that explains itself, or an inconclusive outcome."""
