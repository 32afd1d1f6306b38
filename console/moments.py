"""Moments that visitors type, in the zone in which they read times."""

from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request

from console.visiting import visitor_of


def moment_of(request: Request, typed: str) -> str:
    """Returns what was typed into a field for a date and a time as the API reads moments.

    It is in the visitor's zone. What is no moment is returned as it is: the API says what is wrong with it.
    """
    visitor = visitor_of(request)
    try:
        read = datetime.fromisoformat(typed)
    except ValueError:
        return typed
    if read.tzinfo is None:
        read = read.replace(tzinfo=ZoneInfo("UTC" if visitor is None else visitor.time_zone))
    return read.isoformat()
