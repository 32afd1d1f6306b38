"""Deadlines in business days, by a time zone and a holiday calendar. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import ceil, floor
from zoneinfo import ZoneInfo

import holidays

from workflow.zones import known_zone

MAX_BUSINESS_DAYS = 1000
MAX_CLOSED_DAYS = 100
"""The number of days on which a company may be closed besides. Enough business days are left in each year."""
MAX_QUOTED = 64
_LEAP_YEAR = 2000
CACHED_YEARS = 256
CACHED_CALENDARS = 256


class CalendarInvalid(ValueError):
    """The time zone, country or subdivision is unknown. `remedy` says what to use instead."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail} {remedy}")
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """A time zone (IANA name) and a holiday calendar (ISO 3166-1 alpha-2 country, ISO 3166-2 subdivision of it).

    Without a country every Monday to Friday is a business day, but for the `closed_days`: dates such as 2026-12-24,
    or days of every year such as 12-24. Raises CalendarInvalid for an unknown name and for what is no day.
    """

    time_zone: str
    country: str | None = None
    subdivision: str | None = None
    closed_days: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _zone(self.time_zone)
        _holidays(self.country, self.subdivision, years=())
        if len(self.closed_days) > MAX_CLOSED_DAYS:
            raise CalendarInvalid("There are too many closed days.", f"Name at most {MAX_CLOSED_DAYS}.")
        for day in self.closed_days:
            check_closed_day(day)


@lru_cache(maxsize=CACHED_CALENDARS)
def business_calendar(
    time_zone: str, country: str | None = None, subdivision: str | None = None, closed_days: tuple[str, ...] = ()
) -> BusinessCalendar:
    """Returns the calendar with these names, from a cache if possible. Raises CalendarInvalid for an unknown name."""
    return BusinessCalendar(time_zone, country, subdivision, closed_days)


def check_closed_day(day: str) -> None:
    """Raises CalendarInvalid unless `day` is a date from 2000 to 2999, or a day of the year."""
    try:
        found = date.fromisoformat(day if len(day) > len("12-24") else f"{_LEAP_YEAR}-{day}")
    except ValueError:
        found = date.min
    if day not in (found.isoformat(), f"{found:%m-%d}") or not 2000 <= found.year <= 2999:
        remedy = "Write a date, such as 2026-12-24, or a day of every year, such as 12-24."
        raise CalendarInvalid(f"{day[:MAX_QUOTED]!r} is no day.", remedy)


def deadline(start: datetime, *, business_days: int, calendar: BusinessCalendar) -> datetime:
    """Returns the moment, in UTC, at which `business_days` business days have passed since `start`.

    With a start on a business day, the deadline is at the same wall time that many business days later. A start on any
    other day counts as 00:00 of the next business day. A day that is counted from its 00:00 is a full day and ends at
    the next 00:00: 2 days from a Saturday, or from 00:00 on Monday, end on Wednesday at 00:00, even if Wednesday is a
    holiday. So the instant before a deadline is always on a business day.

    If a clock change skips the deadline's wall time, the deadline is at the change; if it repeats that wall time, the
    deadline is at the first occurrence. A start in the second occurrence of a repeated hour counts as the end of that
    hour, because the wall clock had already reached it. So a later start never has an earlier deadline.

    `business_days` is 1 to MAX_BUSINESS_DAYS. Raises ValueError for any other number and for a naive `start`.
    """
    if start.utcoffset() is None:
        raise ValueError(f"The start {start} has no time zone. Pass an aware datetime, such as datetime.now(UTC).")
    if not 1 <= business_days <= MAX_BUSINESS_DAYS:
        raise ValueError(f"A deadline must be 1 to {MAX_BUSINESS_DAYS} business days ahead, not {business_days}.")
    zone = _zone(calendar.time_zone)
    reached = _furthest_wall_time(start, zone)
    day, clock = reached.date(), reached.time()
    if not is_business_day(day, calendar):
        day, clock = _later_business_day(day, 1, calendar), time.min
    if clock == time.min:
        due_day = _later_business_day(day, business_days - 1, calendar) + timedelta(days=1)
    else:
        due_day = _later_business_day(day, business_days, calendar)
    return _first_moment_at(datetime.combine(due_day, clock), zone)


def is_business_day(day: date, calendar: BusinessCalendar) -> bool:
    """Returns whether `day` is neither on the country's weekend nor one of its holidays, observed ones included.

    A closed day is no business day either, whatever day of the week it is.

    Countries differ in their weekends and may have working Saturdays. A day that the time zone skipped is not a
    business day.
    """
    return day not in _days_off(calendar, day.year)


def _later_business_day(day: date, count: int, calendar: BusinessCalendar) -> date:
    """Returns the `count`th business day after `day`; `day` itself for 0."""
    while count:
        day += timedelta(days=1)
        count -= is_business_day(day, calendar)
    return day


# Caches whole years as immutable values: the library modifies its calendars on reading, so threads must not share them.
@lru_cache(maxsize=CACHED_YEARS)
def _days_off(calendar: BusinessCalendar, year: int) -> frozenset[date]:
    # A holiday of an adjacent year may be observed in this one.
    known = _holidays(calendar.country, calendar.subdivision, years=(year - 1, year, year + 1))
    zone = _zone(calendar.time_zone)
    first = date(year, 1, 1)
    days = (first + timedelta(days=number) for number in range((date(year, 12, 31) - first).days + 1))
    closed = frozenset(calendar.closed_days)
    return frozenset(
        day
        for day in days
        if not (_is_working_day(day, known) and _happens(day, zone)) or not closed.isdisjoint(_names_of(day))
    )


def _names_of(day: date) -> tuple[str, str]:
    """Returns how a closed day may be written: as a date, and as a day of every year."""
    return day.isoformat(), f"{day:%m-%d}"


def _is_working_day(day: date, known: holidays.HolidayBase | None) -> bool:
    return day.isoweekday() <= 5 if known is None else known.is_working_day(day)


def _happens(day: date, zone: ZoneInfo) -> bool:
    return _first_moment_at(datetime.combine(day, time.min), zone).astimezone(zone).date() == day


def _furthest_wall_time(moment: datetime, zone: ZoneInfo) -> datetime:
    """Returns the latest wall time, as a naive datetime, that the zone's clocks have shown up to `moment`."""
    local = moment.astimezone(zone)
    if not local.fold:
        return local.replace(tzinfo=None)
    first_run = local.replace(fold=0)
    change = _clock_change(first_run.astimezone(UTC), local.astimezone(UTC), zone)
    return local.replace(tzinfo=None, fold=0) + (change - first_run.astimezone(UTC))


def _first_moment_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """Returns the first moment, in UTC, at which the zone's clocks show `wall`, or later if it is skipped."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _clock_change(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment, zone)


def _clock_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Returns the first second, in UTC, of the zone's new offset, given a moment on either side of the change."""
    low, high = floor(before.timestamp()), ceil(after.timestamp())
    old = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == old else (low, middle)
    return datetime.fromtimestamp(high, UTC)


def _offset(timestamp: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(timestamp, zone).utcoffset()


def _zone(name: str) -> ZoneInfo:
    zone = known_zone(name)
    if zone is None:
        remedy = "Use an IANA name, such as Europe/Berlin. If this is one, install the package tzdata."
        raise CalendarInvalid(f"There is no time zone {name!r}.", remedy)
    return zone


def _holidays(country: str | None, subdivision: str | None, *, years: tuple[int, ...]) -> holidays.HolidayBase | None:
    """Returns the country's holidays in `years`, and in no other year; None without a country."""
    if country is None:
        if subdivision is not None:
            raise CalendarInvalid(f"The subdivision {subdivision!r} has no country.", "Name its country too.")
        return None
    # The library also accepts stock exchanges and its own class names, which are not countries.
    if not re.fullmatch("[A-Z]{2}", country):
        raise CalendarInvalid(f"{country!r} is not a country code.", "Use two capital letters, such as US or DE.")
    if subdivision is not None and not subdivision.strip():
        raise CalendarInvalid("The subdivision is empty.", "Name one, or leave it out for the whole country.")
    try:
        return holidays.country_holidays(country, subdiv=subdivision, years=years, expand=False)
    except NotImplementedError:
        place = country if subdivision is None else f"{subdivision!r} in {country}"
        remedy = "Use ISO 3166 codes, such as US and CA, or leave out the country to exclude only weekends."
        raise CalendarInvalid(f"There is no holiday calendar for {place}.", remedy) from None
