"""What the pages of reviews share: their words, what was typed into them, and how a review is shown."""
