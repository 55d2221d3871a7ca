"""Family `latency`: how long steps take, and what makes them slow."""
