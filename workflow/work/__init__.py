"""Leased work: leases, bells and lanes."""
