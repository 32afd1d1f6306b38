"""Tests of Components: what is sent, what must come back, and what is found."""
