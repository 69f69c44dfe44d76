"""What is remembered: jobs, events, artifacts. Synchronous; callers that must not block use threads."""
