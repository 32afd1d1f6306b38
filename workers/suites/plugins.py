"""The cases of a plugin's run: a web bundle is fetched and read, and of other packages the form is looked at."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from workers.context import WorkerContext
from workers.suites.case import Case
from workers.visiting import Obstacle, visit
from workflow.component_tests.bundles.judging import (
    FetchedBundle,
    is_script,
    judge_bundle,
    judge_page,
    judge_unreachable,
    judge_unread,
)
from workflow.component_tests.bundles.reading import UncheckedError, read_bundle
from workflow.component_tests.plugins import judge_package
from workflow.component_tests.runs import CaseResult, DueRun
from workflow.findings import Finding

FETCH_AND_READ: Final = timedelta(seconds=55)
"""How long fetching a bundle and reading it in a process of its own may take."""


def plugin_cases(context: WorkerContext, run: DueRun) -> Sequence[Case]:
    """Returns the one case of a plugin's run."""
    if run.subkind == "web":
        return (Case("bundle", partial(_take_bundle, context, str(run.subject["bundle_url"])), FETCH_AND_READ),)
    return (Case("package", partial(judge_package, run.subkind, run.subject), timedelta()),)


def _take_bundle(context: WorkerContext, url: str) -> CaseResult:
    found = visit(url, context.http)
    if isinstance(found, Obstacle):
        remedy = "Let the service fetch the bundle at its address, as any page does."
        finding = Finding(f"bundle.{found.code}", found.detail, found.remedy if found.is_fault else remedy)
        return judge_unreachable(url, finding)
    bundle = FetchedBundle(url, found.url, found.status, found.content_type, found.headers, found.body)
    if not is_script(bundle):
        return judge_page(bundle)
    try:
        return judge_bundle(bundle, read_bundle(context.read_bundle, bundle.content))
    except UncheckedError as unchecked:
        return judge_unread(bundle, str(unchecked))
