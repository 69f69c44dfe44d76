"""Remembers: rows, events and bytes."""
