"""Whisper on CTranslate2: speech to text."""
