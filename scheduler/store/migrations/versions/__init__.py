"""The steps, by number; each is a file of its own and stays as it was once it was released."""
