"""Sends the events of a stream to the sandbox, with the official Python SDK as it is.

WRITE_KEY=wk_... TRACKING_URL=http://127.0.0.1:8788 APP=acme-insights python send.py "Email Opened" "Report Shared"
"""

import os
import sys

from segment.analytics import Client


def main(events: list[str]) -> None:
    """Sends one of each of `events`, and returns when all are delivered."""
    client = Client(os.environ["WRITE_KEY"], host=os.environ["TRACKING_URL"], gzip=True, on_error=_tell)
    context = {"integration": {"name": os.environ["APP"], "version": "1.0.0"}}
    for event in events:
        client.track("user-1", event, {"email_id": "mail-1"}, context=context)
    client.flush()
    client.join()
    print(f"Sent: {', '.join(events)}.")


def _tell(error: Exception, items: list[object]) -> None:
    print(f"{len(items)} events were not delivered: {error}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:] or ["Email Opened"])
