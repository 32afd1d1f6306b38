"""Notifications: their kinds and recipients, the rows that are written with their cause, and the text of each mail."""
