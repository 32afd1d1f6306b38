"""What is allowed and what follows. No HTTP, no queue, no clock of its own."""
