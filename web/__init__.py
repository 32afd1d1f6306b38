"""What every HTTP door shares: bounds, the wire, limits, strict JSON, problems, etags and caching. Knows no route."""
