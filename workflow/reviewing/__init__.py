"""The review desk: who holds a review, and how its steps are decided."""
