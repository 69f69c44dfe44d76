"""Starts the others: the command line, the one-machine stack, the client and the demo."""
