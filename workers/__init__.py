"""What runs later: thin actors, review steps, notifications, periodic jobs. No HTTP is served here."""
