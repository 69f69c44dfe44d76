"""OpenVoice V1 and V2: base speakers, tone-color embeddings, and voice conversion."""
