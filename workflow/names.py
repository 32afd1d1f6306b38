"""What a name may be."""
