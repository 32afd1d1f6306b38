"""A Postgres and a Valkey from Python wheels, for machines that have neither installed."""
