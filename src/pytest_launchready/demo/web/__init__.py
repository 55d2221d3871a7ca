"""The marketplace on the web: three dialects and a few pages, all thin."""
