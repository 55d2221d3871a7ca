"""The network: the engine, one person's client, the transport that guards and records."""
