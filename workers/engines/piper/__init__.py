"""Piper: English speech by a separate program."""
