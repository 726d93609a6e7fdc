"""The scheduler: the only owner of the database, so of what is to be done and what was."""
