"""What customers use, as trusted services report it."""
