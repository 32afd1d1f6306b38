"""What devcenter is measured against: the same transition, one at a time, by other means."""
