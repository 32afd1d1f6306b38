"""The sandbox source of streams: the HTTP that official SDKs speak, in a process of its own.

Its answers, statuses and paths are those of the platform's tracking API, not those of `api`: SDKs stay unchanged. What
an event is worth is judged and stored by `workflow.sandbox`.
"""
