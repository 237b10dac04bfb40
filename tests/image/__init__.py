"""The container image without a registry of images: the Dockerfile's own steps on a bare Debian, and what then runs.

    python -m tests.image                       # root, debootstrap, apt's and pip's mirrors as this machine has them
    python -m tests.image --base bare.tar       # keeps the bare Debian for the next time

`dockerfile` and `context` read what Docker would read, `stages` carries it out in layers, `container` runs a layer as a
container runs: process 1 of its own namespace, read-only root, user 10001, one volume. `trials` says what is tried.
Everything is mounted in a namespace of its own: whatever happens, no mount is left behind.
"""
