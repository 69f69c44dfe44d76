"""Silero: voice activity."""
