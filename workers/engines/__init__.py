"""One package per family of models."""
