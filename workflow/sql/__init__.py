"""How the workflow speaks to Postgres: arrays, pipelines, transient errors, locks, text that can be stored."""
