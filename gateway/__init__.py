"""The REST edge: translates HTTP to the scheduler's gateway service, and streams files out of the object store."""
