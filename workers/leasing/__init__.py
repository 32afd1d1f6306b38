"""Leased work in a process: how much of it the process has capacity for, and how rows reach Dramatiq's threads."""
