"""The door of earlier Harmony Speech Engine releases: their JSON and base64 bodies over the native jobs."""
