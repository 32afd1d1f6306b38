"""Judging transition requests: the watch that waits for the bell, the batches, and which of them are in flight."""
