"""The references that devcenter is measured against: the same transition, made by other means."""
