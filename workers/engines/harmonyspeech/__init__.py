"""Harmony Speech V1: a speaker encoder, a synthesizer and a vocoder."""
