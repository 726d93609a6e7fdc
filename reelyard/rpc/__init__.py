"""The wire between the services, generated from `proto/`."""
