"""CAM++: speaker embeddings."""
