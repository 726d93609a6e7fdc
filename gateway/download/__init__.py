"""Download URLs: stored files to clients, by range, without a key and without holding a file."""
