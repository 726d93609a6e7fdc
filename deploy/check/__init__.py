"""Holds deploy/ to what Kubernetes, Pod Security and we ourselves ask of it, without a cluster: `make check-deploy`.

`render` builds every overlay; each other module is one concern with one function that takes a rendered overlay and
returns what is wrong with it. Nothing here talks to a network.
"""
