"""Time zones by their IANA names. A name that was stored may be one that the installed tzdata does not know."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def known_zone(name: str | None) -> ZoneInfo | None:
    """Returns the zone of that name, None if there is none: whoever has chosen it is as one who has chosen none."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
