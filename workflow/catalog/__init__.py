"""What is listed: entries, snapshots, previews and the partner program."""
