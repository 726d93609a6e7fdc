"""The Gomi-compatible API: a thin translation between its bodies and the scheduler's gateway service."""
