"""What measures: each probe returns a verdict with evidence, and never raises a test failure."""
