"""The times in a mail, as its recipient reads them."""

import re
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from workflow.zones import known_zone

IN_UTC: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC")
"""How notifications hold a time that their mail says."""
_FORM: Final = "%Y-%m-%d %H:%M"


def in_zone(value: Any, zone: str | None) -> Any:
    """Returns the value with each time in it (`IN_UTC`) as it is said in the zone, an IANA name or None for UTC.

    A zone that is no longer known leaves them in UTC: the mail is sent.
    """
    found = known_zone(zone)
    return value if found is None else _said(value, found)


def _said(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, dict):
        return {name: _said(one, zone) for name, one in value.items()}
    if not isinstance(value, str) or not IN_UTC.fullmatch(value):
        return value
    try:
        moment = datetime.strptime(value.removesuffix(" UTC"), _FORM).replace(tzinfo=UTC).astimezone(zone)
    except (ValueError, OverflowError):  # somebody's words: no such day, or the first or the last there is
        return value
    return f"{moment:{_FORM} %Z}"
