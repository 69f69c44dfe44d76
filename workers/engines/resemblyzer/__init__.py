"""Resemblyzer: speaker embeddings."""
