"""Reviews: opening and closing them, claims, steps, the queue, and what is said and known about them."""
