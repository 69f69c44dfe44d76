"""`make demo`: the main job on real input, over HTTP, as a client would do it."""
