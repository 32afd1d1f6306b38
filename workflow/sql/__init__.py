"""Helpers for Postgres: array parameters, pipelining, transient errors, advisory locks, and storable text."""
