"""What devcenter costs, measured against a reference in the same run. One file a benchmark."""
