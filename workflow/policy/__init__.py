"""The policy, as a versioned document, and the calendar of business days."""
