"""What a run says: outcomes of tests, header and summary."""
