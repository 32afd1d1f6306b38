"""What is listed: entries, snapshots, previews and the Select Partner Program."""
