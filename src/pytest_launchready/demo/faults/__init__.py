"""The named defects, a module for each family of checks that should see them."""
