"""The Spec: the events that it names, their properties, and whether an event that was sent adheres to it. Pure."""
