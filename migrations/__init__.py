"""How the database is brought to the models' shape, and how that is checked."""
