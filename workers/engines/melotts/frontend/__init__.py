"""Text to phones, one module per language; nothing is read or downloaded at import."""
