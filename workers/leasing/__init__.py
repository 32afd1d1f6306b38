"""Leased work in a process: how much of it there is room for, and how its rows reach Dramatiq's threads."""
