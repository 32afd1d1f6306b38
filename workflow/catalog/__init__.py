"""The catalog: its entries, snapshots and previews, and the partner program."""
