"""Work and nothing else: the dispatcher, the slots and the engines."""
