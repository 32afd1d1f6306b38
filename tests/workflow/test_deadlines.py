"""Two business days, over weekends, holidays, clock changes and year ends."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.deadlines import BusinessCalendar, CalendarInvalid, deadline, is_business_day

BERLIN = BusinessCalendar("Europe/Berlin", "DE", "BE")
NEW_YORK = BusinessCalendar("America/New_York", "US")
INDIA = BusinessCalendar("Asia/Kolkata")


@pytest.mark.parametrize(
    ("calendar", "start", "due"),
    [
        (BERLIN, "2026-11-24T10:00+01:00", "2026-11-26T10:00+01:00"),
        (BERLIN, "2026-11-26T10:00+01:00", "2026-11-30T10:00+01:00"),
        (BERLIN, "2026-11-28T15:00+01:00", "2026-12-02T00:00+01:00"),
        (BERLIN, "2026-12-23T10:00+01:00", "2026-12-28T10:00+01:00"),
        (BERLIN, "2026-12-30T10:00+01:00", "2027-01-04T10:00+01:00"),
        (BERLIN, "2026-03-27T10:00+01:00", "2026-03-31T10:00+02:00"),
        (BERLIN, "2026-10-23T10:00+02:00", "2026-10-27T10:00+01:00"),
        (NEW_YORK, "2026-11-25T09:00-05:00", "2026-11-30T09:00-05:00"),
        (NEW_YORK, "2026-07-02T23:30-04:00", "2026-07-07T23:30-04:00"),
        (INDIA, "2026-11-24T10:00+05:30", "2026-11-26T10:00+05:30"),
    ],
    ids=[
        "in the week",
        "over a weekend",
        "from a Saturday",
        "over Christmas",
        "over the year's end",
        "into summer time",
        "out of summer time",
        "over Thanksgiving",
        "over an observed holiday",
        "half an hour's offset",
    ],
)
def test_two_business_days(calendar: BusinessCalendar, start: str, due: str) -> None:
    given_at = datetime.fromisoformat(start)
    assert deadline(given_at, business_days=2, calendar=calendar) == datetime.fromisoformat(due)


def test_a_wall_time_that_the_clocks_skip_becomes_the_first_after_it() -> None:
    every_day = BusinessCalendar("Asia/Beirut")
    start = datetime.fromisoformat("2021-03-26T00:30+02:00")
    assert deadline(start, business_days=0, calendar=every_day) == start
    cairo = BusinessCalendar("Africa/Cairo")
    start = datetime.fromisoformat("2023-04-27T00:30+02:00")
    assert deadline(start, business_days=1, calendar=cairo) == datetime.fromisoformat("2023-04-28T01:00+03:00")


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 (made aware below)
    st.timedeltas(timedelta(0), timedelta(days=30)),
    st.integers(0, 10),
)
def test_a_later_start_never_gives_an_earlier_deadline(start: datetime, later: timedelta, days: int) -> None:
    first = start.replace(tzinfo=UTC)
    one = deadline(first, business_days=days, calendar=INDIA)
    other = deadline(first + later, business_days=days, calendar=INDIA)
    assert first <= one <= other


def test_weekends_and_holidays_are_no_business_days() -> None:
    assert not is_business_day(date(2026, 12, 25), BERLIN)
    assert not is_business_day(date(2026, 11, 28), BERLIN)
    assert is_business_day(date(2026, 11, 24), BERLIN)


def test_a_naive_start_and_an_unknown_calendar_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        deadline(datetime(2026, 1, 1), business_days=2, calendar=BERLIN)  # noqa: DTZ001
    with pytest.raises(CalendarInvalid, match="IANA"):
        BusinessCalendar("Mars/Olympus")
    with pytest.raises(CalendarInvalid, match="ISO 3166"):
        BusinessCalendar("Europe/Berlin", "XX")
