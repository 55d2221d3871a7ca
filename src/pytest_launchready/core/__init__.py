"""Records, settings and errors: plain data that everything else speaks in."""
