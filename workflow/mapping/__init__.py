"""Mapping as data: a JSON document with directives, which makes one JSON value, or a request, of an event. Pure."""
