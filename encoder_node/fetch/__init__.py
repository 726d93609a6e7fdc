"""How a source comes over HTTP(S): one stream, or several ranges at once; and what bounds a fetch by any protocol."""
