"""The door of OpenAI's audio API: its shapes, names and errors over the native jobs."""
