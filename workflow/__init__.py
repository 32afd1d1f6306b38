"""The domain: what is allowed, and what follows from it. It knows no HTTP, no queue and no clock of its own."""
