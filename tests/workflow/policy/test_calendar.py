"""The business calendar: deadlines in business days, across weekends, holidays and clock changes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.policy.calendar import (
    MAX_BUSINESS_DAYS,
    MAX_CLOSED_DAYS,
    BusinessCalendar,
    CalendarInvalid,
    deadline,
    is_business_day,
)

BERLIN = BusinessCalendar("Europe/Berlin", "DE", "BE")
SAN_FRANCISCO = BusinessCalendar("America/Los_Angeles", "US", "CA")
CALENDARS = (
    BERLIN,
    SAN_FRANCISCO,
    BusinessCalendar("UTC"),
    BusinessCalendar("Asia/Kathmandu", "NP"),
    BusinessCalendar("America/Sao_Paulo", "BR", "SP"),
    BusinessCalendar("Australia/Lord_Howe", "AU", "NSW"),
    BusinessCalendar("Pacific/Apia", "WS"),
    BusinessCalendar("Asia/Jerusalem", "IL"),
    BusinessCalendar("Africa/Cairo", "EG"),
    BusinessCalendar("America/Havana", "CU"),
    # Went back at 00:01 on Sundays, which are business days in Egypt: the repeated hour spans two days.
    BusinessCalendar("America/St_Johns", "EG"),
    BusinessCalendar("Asia/Shanghai", "CN"),
    BusinessCalendar("Europe/Berlin", "DE", "BE", ("12-24", "12-28", "02-29", "2026-11-27", "2027-01-04")),
)


def due(start: str, calendar: BusinessCalendar, business_days: int = 2) -> str:
    """Returns the deadline for a start. Both are wall times in the calendar's zone, unless they have an offset."""
    zone = ZoneInfo(calendar.time_zone)
    moment = datetime.fromisoformat(start)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    ends = deadline(moment, business_days=business_days, calendar=calendar)
    assert ends.tzinfo is UTC
    return ends.astimezone(zone).isoformat(timespec="minutes")


def test_a_closed_day_is_no_business_day_in_its_year_or_in_every_year() -> None:
    closed = BusinessCalendar("Europe/Berlin", "DE", "BE", ("12-24", "2026-12-28"))
    assert due("2026-12-23T15:00", closed) == "2026-12-30T15:00+01:00"
    assert due("2026-12-23T15:00", BERLIN) == "2026-12-28T15:00+01:00"
    for year, expected in ((2026, False), (2027, True)):
        assert not is_business_day(date(year, 12, 24), closed)
        assert is_business_day(date(year, 12, 28), closed) is expected
    shanghai = BusinessCalendar("Asia/Shanghai", "CN", None, ("2024-02-04",))  # a working Sunday
    assert is_business_day(date(2024, 2, 4), BusinessCalendar("Asia/Shanghai", "CN"))
    assert not is_business_day(date(2024, 2, 4), shanghai)


def test_as_many_closed_days_as_are_allowed_leave_business_days_to_count() -> None:
    days = tuple(f"{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29))[:MAX_CLOSED_DAYS]
    calendar = BusinessCalendar("UTC", None, None, days)
    assert due("2026-01-01T10:00", calendar, MAX_BUSINESS_DAYS).startswith("203")
    with pytest.raises(CalendarInvalid, match="too many"):
        BusinessCalendar("UTC", None, None, (*days, "12-31"))


@pytest.mark.parametrize(
    ("start", "calendar", "expected"),
    [
        # Plain weeks and weekends.
        ("2026-11-23T10:30", BERLIN, "2026-11-25T10:30+01:00"),
        ("2026-11-26T10:30", BERLIN, "2026-11-30T10:30+01:00"),
        ("2026-11-28T10:30", BERLIN, "2026-12-02T00:00+01:00"),
        ("2026-11-29T23:59", BERLIN, "2026-12-02T00:00+01:00"),
        ("2026-11-30T00:00", BERLIN, "2026-12-02T00:00+01:00"),
        ("2026-11-30T00:01", BERLIN, "2026-12-02T00:01+01:00"),
        # Wednesday and Thursday are two full days, over at midnight, though a holiday follows.
        ("2026-12-23T00:00", BERLIN, "2026-12-25T00:00+01:00"),
        # Over Christmas and the year's end.
        ("2026-12-23T15:00", BERLIN, "2026-12-28T15:00+01:00"),
        ("2026-12-30T15:00", BERLIN, "2027-01-04T15:00+01:00"),
        # A subdivision's own holiday: Women's Day, in Berlin only.
        ("2027-03-05T09:00", BERLIN, "2027-03-10T09:00+01:00"),
        ("2027-03-05T09:00", BusinessCalendar("Europe/Berlin", "DE", "BY"), "2027-03-09T09:00+01:00"),
        # Observed: New Year's Day 2022 was a Saturday, observed on 31 December 2021; 4 July 2026 on the 3rd.
        ("2021-12-30T09:00", SAN_FRANCISCO, "2022-01-04T09:00-08:00"),
        ("2026-07-02T09:00", SAN_FRANCISCO, "2026-07-07T09:00-07:00"),
        # The start's date is the zone's, not UTC's: Saturday in UTC is still Friday in California.
        ("2026-11-21T04:00+00:00", SAN_FRANCISCO, "2026-11-24T20:00-08:00"),
        # Clocks change in between: the wall time is kept, the number of hours is not.
        ("2026-03-27T10:00", BERLIN, "2026-03-31T10:00+02:00"),
        ("2026-10-23T10:00", BERLIN, "2026-10-27T10:00+01:00"),
        ("2026-10-30T10:00", SAN_FRANCISCO, "2026-11-03T10:00-08:00"),
        # Another weekend, Friday and Saturday; and a Saturday that is a working day in exchange.
        ("2026-11-19T10:00", BusinessCalendar("Asia/Jerusalem", "IL"), "2026-11-23T10:00+02:00"),
        ("2024-02-02T10:00", BusinessCalendar("Asia/Shanghai", "CN"), "2024-02-05T10:00+08:00"),
        # Odd offsets: three quarters of an hour; daylight saving of half an hour.
        ("2026-11-25T18:30+00:00", BusinessCalendar("Asia/Kathmandu"), "2026-11-30T00:15+05:45"),
        ("2026-04-02T10:00", BusinessCalendar("Australia/Lord_Howe"), "2026-04-06T10:00+10:30"),
        # Samoa had no 30 December 2011: that Friday is no business day, and Thursday ends as Saturday begins.
        ("2011-12-28T10:00", BusinessCalendar("Pacific/Apia"), "2012-01-02T10:00+14:00"),
        ("2011-12-28T00:00", BusinessCalendar("Pacific/Apia"), "2011-12-31T00:00+14:00"),
    ],
)
def test_two_business_days_later_is_the_same_wall_time(start: str, calendar: BusinessCalendar, expected: str) -> None:
    assert due(start, calendar) == expected


@pytest.mark.parametrize(
    ("start", "calendar", "expected"),
    [
        # Cairo skipped 00:00 to 01:00 on Friday 2014-05-16.
        ("2014-05-14T00:30", BusinessCalendar("Africa/Cairo"), "2014-05-16T01:00+03:00"),
        ("2014-05-14T00:00", BusinessCalendar("Africa/Cairo"), "2014-05-16T01:00+03:00"),
        # Sao Paulo skipped 00:00 to 01:00 on Sunday 2018-11-04; tested with a calendar whose Sunday is a working day.
        ("2018-10-31T00:30:59", BusinessCalendar("America/Sao_Paulo", "EG"), "2018-11-04T01:00-02:00"),
    ],
)
def test_a_wall_time_that_is_skipped_is_due_at_the_clock_change(
    start: str, calendar: BusinessCalendar, expected: str
) -> None:
    assert due(start, calendar) == expected


def test_a_wall_time_that_happens_twice_is_due_the_first_time() -> None:
    havana = BusinessCalendar("America/Havana", "EG")
    assert due("2026-10-28T00:30", havana) == "2026-11-01T00:30-04:00"


def test_a_start_in_the_second_run_of_a_repeated_hour_counts_as_its_end() -> None:
    havana = BusinessCalendar("America/Havana", "EG")
    assert due("2026-11-01T00:30-04:00", havana) == "2026-11-03T00:30-05:00"
    assert due("2026-11-01T00:30-05:00", havana) == "2026-11-03T01:00-05:00"
    assert due("2026-11-01T01:00-05:00", havana) == "2026-11-03T01:00-05:00"


def test_the_second_run_of_an_hour_across_midnight_does_not_fall_back_a_day() -> None:
    st_johns = BusinessCalendar("America/St_Johns", "EG")
    assert due("2010-11-07T00:00:30-02:30", st_johns) == "2010-11-09T00:00-03:30"
    assert due("2010-11-06T23:30:00-03:30", st_johns) == "2010-11-09T00:01-03:30"


CHANGES = [
    datetime(2011, 12, 30, 10, tzinfo=UTC),
    datetime(2010, 11, 7, 2, 31, tzinfo=UTC),
    datetime(2014, 5, 15, 22, tzinfo=UTC),
    datetime(2018, 11, 4, 3, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2026, 10, 29, 21, tzinfo=UTC),
]
ANY_MOMENT = st.integers(0, 3_786_912_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
NEAR_A_CHANGE = st.builds(
    lambda change, days, minutes: change + timedelta(days=days, minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-6, 1),
    st.integers(-130, 130),
)
MOMENTS = ANY_MOMENT | NEAR_A_CHANGE
DAYS = st.integers(1, 12)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=4)), DAYS, st.sampled_from(CALENDARS))
def test_a_later_start_never_has_an_earlier_deadline(
    start: datetime, later: timedelta, business_days: int, calendar: BusinessCalendar
) -> None:
    first = deadline(start, business_days=business_days, calendar=calendar)
    assert first <= deadline(start + later, business_days=business_days, calendar=calendar)


@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda calendar: calendar.time_zone)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.date().isoformat())
def test_deadlines_keep_their_order_minute_by_minute_around_a_clock_change(
    calendar: BusinessCalendar, change: datetime
) -> None:
    for before in (0, 2, 4):
        starts = [change - timedelta(days=before) + timedelta(minutes=5 * step, seconds=-30) for step in range(-40, 40)]
        deadlines = [deadline(start, business_days=2, calendar=calendar) for start in starts]
        assert all(earlier <= later for earlier, later in pairwise(deadlines))


@given(MOMENTS, DAYS, st.sampled_from(CALENDARS))
def test_the_instant_before_a_deadline_is_on_a_business_day(
    start: datetime, business_days: int, calendar: BusinessCalendar
) -> None:
    ends = deadline(start, business_days=business_days, calendar=calendar)
    last = (ends - timedelta(microseconds=1)).astimezone(ZoneInfo(calendar.time_zone))
    assert is_business_day(last.date(), calendar)


@given(MOMENTS, DAYS, st.sampled_from(CALENDARS))
def test_the_requested_number_of_business_days_passes(
    start: datetime, business_days: int, calendar: BusinessCalendar
) -> None:
    zone = ZoneInfo(calendar.time_zone)
    ends = deadline(start, business_days=business_days, calendar=calendar)
    first, last = start.astimezone(zone), (ends - timedelta(microseconds=1)).astimezone(zone)
    span = range((last.date() - first.date()).days + 1)
    counted = sum(is_business_day(first.date() + timedelta(days=day), calendar) for day in span)
    assert counted in (business_days, business_days + 1)


@given(MOMENTS, DAYS, st.sampled_from(CALENDARS))
def test_one_day_more_is_a_later_deadline(start: datetime, business_days: int, calendar: BusinessCalendar) -> None:
    ends = deadline(start, business_days=business_days, calendar=calendar)
    assert start < ends < deadline(start, business_days=business_days + 1, calendar=calendar)


@given(MOMENTS, st.sampled_from(CALENDARS), st.sampled_from(["Asia/Tokyo", "America/New_York", "Pacific/Apia"]))
def test_the_zone_in_which_a_start_is_written_does_not_matter(
    start: datetime, calendar: BusinessCalendar, written_in: str
) -> None:
    elsewhere = start.astimezone(ZoneInfo(written_in))
    assert deadline(elsewhere, business_days=2, calendar=calendar) == deadline(
        start, business_days=2, calendar=calendar
    )


def test_a_day_that_the_zone_skipped_is_no_business_day() -> None:
    apia = BusinessCalendar("Pacific/Apia")
    assert is_business_day(date(2011, 12, 29), apia)
    assert not is_business_day(date(2011, 12, 30), apia)
    assert is_business_day(date(2011, 12, 30), BusinessCalendar("Pacific/Auckland"))


def test_without_a_country_only_weekends_are_not_business_days() -> None:
    days = [date(2026, 12, 21) + timedelta(days=number) for number in range(7)]
    assert [is_business_day(day, BusinessCalendar("UTC")) for day in days] == [True] * 5 + [False] * 2


def test_threads_that_load_a_new_year_at_once_agree() -> None:
    calendar = BusinessCalendar("Europe/Vienna", "AT", "9")
    years = range(1990, 2060)
    with ThreadPoolExecutor(8) as pool:
        for year in years:
            seen = set(pool.map(lambda _, year=year: is_business_day(date(year, 12, 25), calendar), range(8)))
            assert seen == {False}


def test_a_naive_start_is_refused() -> None:
    with pytest.raises(ValueError, match="aware datetime"):
        deadline(datetime(2026, 11, 24), business_days=2, calendar=BERLIN)  # noqa: DTZ001


@pytest.mark.parametrize("business_days", [-1, 0, MAX_BUSINESS_DAYS + 1])
def test_a_number_of_days_out_of_bounds_is_refused(business_days: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {MAX_BUSINESS_DAYS} business days"):
        deadline(datetime(2026, 11, 24, tzinfo=UTC), business_days=business_days, calendar=BERLIN)


@pytest.mark.parametrize(
    ("zone", "country", "subdivision", "named"),
    [
        ("Europe/Atlantis", None, None, "Europe/Atlantis"),
        ("Europe", None, None, "Europe"),
        ("../etc/passwd", None, None, "passwd"),
        ("", None, None, "time zone"),
        ("UTC", "XX", None, "XX"),
        ("UTC", "us", None, "us"),
        ("UTC", "", None, "country code"),
        ("UTC", "NYSE", None, "NYSE"),
        ("UTC", "UnitedStates", None, "UnitedStates"),
        ("UTC", "US", "ZZ", "ZZ"),
        ("UTC", "US", "", "subdivision"),
        ("UTC", None, "CA", "CA"),
    ],
)
def test_an_unknown_calendar_is_refused_with_what_to_write(
    zone: str, country: str | None, subdivision: str | None, named: str
) -> None:
    with pytest.raises(CalendarInvalid) as refused:
        BusinessCalendar(zone, country, subdivision)
    assert named in refused.value.detail
    assert refused.value.remedy
