"""The weightless family: shaped tones and scripted transcripts."""
