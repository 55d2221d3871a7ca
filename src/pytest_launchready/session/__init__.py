"""One pytest session: its run, its engine, its end."""
