"""Speaks HTTP, and nothing else."""
