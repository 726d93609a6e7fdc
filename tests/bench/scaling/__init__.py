"""A day of load on a simulated fleet, with the scheduler's own decisions and the manifests' own numbers."""
