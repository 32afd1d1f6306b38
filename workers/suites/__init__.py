"""What the service's own runs of Components' tests do: for each kind of Component, the cases of a run, in order."""
