"""Pure knowledge of media: what fits in what, what was asked, what to make. Standard library only, no I/O."""
