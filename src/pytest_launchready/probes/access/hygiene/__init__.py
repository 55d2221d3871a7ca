"""Parts `exposure`, `debug` and `input`: what answers give away, and what input does."""
