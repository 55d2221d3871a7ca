"""Family `access`: who can reach what."""
