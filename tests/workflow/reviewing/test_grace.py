"""When notices of the time to mend are due."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workflow.notifications.kinds import NotificationKind
from workflow.reviewing.grace import BETWEEN_REMINDERS, LAST_REMINDER, moments_of, notice_due

NOW = datetime(2026, 6, 1, tzinfo=UTC)
days = st.integers(1, 1000)


def test_a_company_is_reminded_at_half_time_and_two_days_before_the_end() -> None:
    ends_at = NOW + timedelta(days=14)
    assert moments_of(NOW, ends_at) == (NOW + timedelta(days=7), NOW + timedelta(days=12), ends_at)


@given(days)
def test_notices_are_apart_and_the_last_is_at_the_end(length: int) -> None:
    ends_at = NOW + timedelta(days=length)
    moments = moments_of(NOW, ends_at)
    assert moments == tuple(sorted(moments))
    assert moments[0] > NOW
    assert moments[-1] == ends_at
    assert len(moments) == 2 or moments[1] - moments[0] >= BETWEEN_REMINDERS
    assert len(moments) == 2 or moments[1] == ends_at - LAST_REMINDER


@given(days, st.lists(st.integers(1, 100_000), max_size=30))
def test_however_late_a_job_comes_each_notice_is_of_what_is_due_then_and_the_end_is_told_once(
    length: int, waits: list[int]
) -> None:
    ends_at = NOW + timedelta(days=length)
    due: datetime | None = moments_of(NOW, ends_at)[0]
    now, told = NOW, list[NotificationKind]()
    for wait in [*waits, 1000 * 24 * 60]:
        now += timedelta(minutes=wait)
        if due is not None and due <= now:
            notice = notice_due(NOW, ends_at, now)
            told.append(notice.kind)
            due = notice.next_at
            assert due is None or due > now
            assert (notice.kind is NotificationKind.GRACE_ENDED) == (now >= ends_at)
    assert told[-1] is NotificationKind.GRACE_ENDED
    assert told.count(NotificationKind.GRACE_ENDED) == 1
    assert len(told) <= 3


def test_without_a_clock_the_team_is_told_and_nothing_follows() -> None:
    notice = notice_due(None, None, NOW)
    assert (notice.kind, notice.next_at) == (NotificationKind.GRACE_NOT_BEGUN, None)
