"""The map: `launchready.toml` as frozen records."""
