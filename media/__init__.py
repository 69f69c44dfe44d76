"""What a user has ↔ what an engine wants: decoding and encoding, for workers and for the API.

Decoding is hostile ground, so it happens in a helper process with limits (`client.MediaHelper` starts it, `helper` is
its main loop, `codec` its work). Nothing is imported here, because the helper must stay small.
"""
