"""Errors of `make kube-play`."""


class KubePlayError(RuntimeError):
    """The manifests do not hold what they should, or what they start does not work; the message says which."""
