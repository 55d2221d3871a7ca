"""The map: `launchready.toml` read, checked and compiled into records."""
