"""The business-day clock: deadlines in the platform's time zone and holiday calendar. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays


class CalendarInvalid(ValueError):
    """The time zone, country or subdivision is unknown. `remedy` says what to write instead."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail} {remedy}")
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """A time zone (IANA name) and a holiday calendar (ISO 3166 codes; no country means weekends only)."""

    time_zone: str
    country: str | None = None
    subdivision: str | None = None

    def __post_init__(self) -> None:
        _zone(self.time_zone)
        _holidays(self.country, self.subdivision)


def deadline(start: datetime, *, business_days: int, calendar: BusinessCalendar) -> datetime:
    """Gives the moment `business_days` business days after `start`, in UTC.

    A start on a business day keeps its wall-clock time; a start on any other day counts as 00:00 of the next business
    day. A wall time that a clock change skips becomes the first one after; of one that happens twice the first counts,
    unless the start itself was in the second. A later start never gives an earlier deadline, but for starts within an
    hour that the clocks repeat.
    Raises ValueError for a naive `start`.
    """
    if start.tzinfo is None:
        raise ValueError("the start has no time zone; pass an aware datetime")
    zone = _zone(calendar.time_zone)
    local = start.astimezone(zone)
    day, wall, fold = local.date(), local.time(), local.fold
    if not is_business_day(day, calendar):
        day, wall, fold = _next_business_day(day, calendar), time.min, 0
    for _ in range(business_days):
        day = _next_business_day(day, calendar)
    due = datetime.combine(day, wall.replace(fold=fold), tzinfo=zone).astimezone(UTC)
    if due.astimezone(zone).replace(tzinfo=None) != datetime.combine(day, wall):
        due = _first_after_gap(due, zone)
    return due


def is_business_day(day: date, calendar: BusinessCalendar) -> bool:
    """Gives whether `day` is neither a Saturday or Sunday nor a holiday of the calendar."""
    return day.weekday() < 5 and day not in _holidays(calendar.country, calendar.subdivision)


def _next_business_day(day: date, calendar: BusinessCalendar) -> date:
    day += timedelta(days=1)
    while not is_business_day(day, calendar):
        day += timedelta(days=1)
    return day


def _first_after_gap(inside: datetime, zone: ZoneInfo) -> datetime:
    """Gives the moment of the clock change next to `inside`, found to the second."""
    low, high = inside - timedelta(hours=25), inside + timedelta(hours=25)
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarInvalid(f"{name} is not a time zone.", "Write an IANA name, such as Europe/Berlin.") from None


@cache
def _holidays(country: str | None, subdivision: str | None) -> holidays.HolidayBase | dict[date, str]:
    if country is None:
        return {}
    try:
        return holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError:
        detail = f"There is no holiday calendar for {country} {subdivision or ''}".strip() + "."
        raise CalendarInvalid(detail, "Write ISO 3166 codes, such as US and CA.") from None
