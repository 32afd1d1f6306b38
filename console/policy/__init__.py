"""What the pages of the policy share: its parts as people read and fill them in, and what differs between two."""
