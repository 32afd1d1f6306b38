"""The versioned policy document and the calendar of business days."""
