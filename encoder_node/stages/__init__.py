"""What a node does for each kind of task, one module a kind."""
