"""`make images`: the images of deploy/docker/Dockerfile built with buildah, in a private store, without a registry."""
