"""Dramatiq's actors, one file a kind of work."""
