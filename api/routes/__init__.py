"""The routes, one file for each resource. Each route declares with `api.auth.allow` who may call it."""
