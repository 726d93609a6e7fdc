"""How a source comes over HTTP(S): one stream, or several ranges at once."""
