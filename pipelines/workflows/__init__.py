"""One file per kind, each a short list of steps."""
