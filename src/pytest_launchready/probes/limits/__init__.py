"""How often somebody may try: the limits of log-in, reset, one-time code and whatever else the map names."""
