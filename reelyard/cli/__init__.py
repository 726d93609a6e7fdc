"""The `reelyard` command: the services, standalone, keys and accounts, settings, the demonstration."""
