"""Review steps that fetch pages: how close the workers come to the limit of one fetch per thread at all times."""

from collections.abc import Iterator
from math import ceil

from benchmarks.figure import Figure, Scale
from benchmarks.leased.patience import Patience
from benchmarks.leased.rows import PAGES, clear, put_submissions
from benchmarks.leased.running import PLACES, happens, page_server, seconds_until_last_commit, workers_of_all_kinds
from benchmarks.processes import ring
from benchmarks.stage import Stage
from workflow.work.bells import Bell


def measure_steps(on: Stage, scale: Scale, patience: Patience) -> Iterator[Figure]:
    """Returns the seconds until all steps of some submissions are done, alone and while the pages of some Apps hang."""
    apps, hanging, page = scale.of(40, 16), scale.of(4, 2), 1.0 if not scale.quick else 0.5
    for silent in (0, hanging):
        fetches = (apps - silent) * len(PAGES)
        took = _seconds(on, apps, silent, page, patience)
        name = f"leased: {fetches} fetches of {page:g} s, each App on a host of its own"
        name += f", while the pages of {silent} others hang" if silent else ""
        limit = ceil(fetches / PLACES) * page
        yield Figure(patience.title(name, took), took, "s", f"the limit, {PLACES} at once (goal: at most 2 x)", limit)


def _seconds(on: Stage, apps: int, hanging: int, page: float, patience: Patience) -> float:
    clear(on)
    rows = f"""review_step due JOIN review ON review.id = due.review_id JOIN app ON app.id = review.app_id
               WHERE substr(app.slug, 5)::integer > {hanging}"""
    fetches = (apps - hanging) * len(PAGES)
    with page_server(on, hosts=apps, hanging=hanging, seconds=page) as port, workers_of_all_kinds(on):
        put_submissions(on, apps=apps, port=port)
        since = on.moment()
        ring(on, Bell.STEPS)
        passed = f"SELECT count(*) FROM {rows} AND due.state = 'passed'"
        if not happens(lambda: on.number(passed) == fetches, seconds=patience.seconds):
            return patience.seconds
        return seconds_until_last_commit(on, since, rows)
