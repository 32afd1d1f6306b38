"""The use of Apps by customers, as trusted services report it."""
