"""The workers: judging, leased work, messages from other services, and the scheduler. They serve no HTTP."""
