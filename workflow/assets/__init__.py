"""Pictures that partners upload: checking and storing them."""
