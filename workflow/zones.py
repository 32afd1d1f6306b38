"""Time zones by their IANA names. A name that was stored may be one that the installed tzdata does not know."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OF_MACHINES = ("localtime", "posixrules", "Factory", "posix/", "right/")
"""Names that tzdata has besides, which mean another zone on each machine, none at all, or one with leap seconds."""


def known_zone(name: str | None) -> ZoneInfo | None:
    """Returns the zone of that name, None if there is none: whoever has chosen it is as one who has chosen none."""
    if name is None or name.startswith(_OF_MACHINES):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
