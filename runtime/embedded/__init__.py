"""The Postgres and the Valkey that run from wheels, for a machine that has neither installed."""
