"""Who acts: actors, tokens, and secrets that are shown once."""
