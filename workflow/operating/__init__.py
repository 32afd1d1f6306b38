"""Operating the service: the backlog, dead rows, and publishing a policy."""
