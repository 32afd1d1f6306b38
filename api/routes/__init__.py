"""The routes, one file a resource. Each declares who may call it with `api.auth.allow`."""
