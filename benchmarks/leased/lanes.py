"""Lanes: healthy mails beside mails to domains that hang, which must not occupy the places of the healthy ones."""

from collections.abc import Iterator
from functools import partial

from benchmarks.figure import Figure, Scale, in_turn
from benchmarks.leased.mail_server import HANGING
from benchmarks.leased.mails import DOMAINS, SERVER_SECONDS
from benchmarks.leased.patience import Patience
from benchmarks.leased.rows import clear, put_mails
from benchmarks.leased.running import happens, mail_server, seconds_until_last_commit, workers_of_all_kinds
from benchmarks.processes import ring
from benchmarks.stage import Stage
from workflow.work.bells import Bell

GOALS = {1: 1.3, 10: 2}
"""How many times as long the healthy mails may take, by the number of domains that hang."""
TOO_LONG = 3
"""The measurement gives up when the healthy mails take this many times as long."""
ALONE_SECONDS = 120.0
BOUND = 10
"""How many mails to one domain may be in flight at once."""


def measure_lanes(on: Stage, scale: Scale, patience: Patience) -> Iterator[Figure]:
    """Returns the seconds for healthy mails beside many more mails to one domain that hangs, and to ten."""
    healthy, hanging = scale.of(1_000, 300), scale.of(100_000, 10_000)
    alone: list[float] = []
    most: list[int] = []

    def seconds(lanes: int) -> float:
        waits = max([patience.seconds, *(TOO_LONG * one for one in alone)])
        took, at_once = _seconds(on, healthy, hanging, lanes, waits if lanes else ALONE_SECONDS)
        if not lanes:
            alone.append(took)
        most.append(at_once)
        return took

    took = in_turn({str(lanes): partial(seconds, lanes) for lanes in (0, *GOALS)}, scale.rounds)
    for lanes, goal in GOALS.items():
        value = took[str(lanes)]
        domains = "one domain that hangs" if lanes == 1 else f"{lanes} domains that hang"
        name = f"leased: {healthy:,} mails beside {hanging:,} of {domains}"
        yield Figure(patience.title(name, value), value, "s", f"alone (goal: at most {goal:g} x)", took["0"])
    yield Figure("leased: mails of a domain that hangs, at once", max(most), "mails", "goal: at most", BOUND)


def _seconds(on: Stage, healthy: int, hanging: int, lanes: int, waits: float) -> tuple[float, int]:
    """Returns the seconds for the healthy mails, and how many mails to one domain hung at once.

    The healthy mails are added once others hang already.
    """
    clear(on)
    if lanes:
        put_mails(on, "hanging", hanging, domains=lanes, prefix=HANGING)
        on.settle()
    with (
        mail_server(on, seconds=SERVER_SECONDS) as server,
        workers_of_all_kinds(on, DEVCENTER_SMTP_PORT=str(server.port)),
    ):
        if lanes:
            happens(lambda: len(server.counts()["hanging"]) == lanes, seconds=3)
        put_mails(on, "healthy", healthy, domains=DOMAINS)
        since = on.moment()
        ring(on, Bell.NOTIFICATIONS)
        ended = happens(lambda: server.counts()["mails"] >= healthy, seconds=waits) and happens(
            lambda: on.number(_LEFT) == 0, seconds=waits
        )
        took = seconds_until_last_commit(on, since, _HEALTHY) if ended else waits
        return took, server.counts()["most_hanging"]


_HEALTHY = f"notification due WHERE recipient_email NOT LIKE 'bench@{HANGING}%'"
_LEFT = f"SELECT count(*) FROM {_HEALTHY} AND status = 'due'"
