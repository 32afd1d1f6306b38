"""The durable transition path: requests, claims, rules, the one writer and its effects."""
