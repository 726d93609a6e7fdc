"""`make kube-play`: the rendered production overlay, run by podman on one machine.

podman plays the pods. What Kubernetes does around them is done here: rendering, addresses of Services, probes, preStop
and the grace at the end. What is changed of a manifest so that podman can play it stands in `transform` alone.
"""
