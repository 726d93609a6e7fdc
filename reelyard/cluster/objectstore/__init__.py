"""The object store: one interface, a folder or S3 behind it."""
