"""The built-in checks as test items of our own: `--launchready-audit`."""
