"""The profile of a platform: everything that is one platform's own, as a typed document."""
