"""What the scheduler does: one verb a file, one transaction each."""
