"""Identity: actors, tokens, secrets that are shown once, and the audit log."""
