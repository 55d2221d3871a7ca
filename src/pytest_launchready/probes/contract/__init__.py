"""Family `contract`: answers are what was promised."""
