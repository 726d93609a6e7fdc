"""How the scheduler is reached and driven: gRPC services and its threads."""
