"""Judging transition requests: the judging thread, the batches, and the markers of batches in flight."""
