"""Kokoro: English text to speech."""
