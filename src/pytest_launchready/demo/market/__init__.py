"""The marketplace itself: what people can do, over one SQLite file. It knows nothing of HTTP."""
