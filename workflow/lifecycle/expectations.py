"""What a request expects of the App, beside the rules: the state, the version and the review that its asker saw."""

from typing import Protocol

from models.lifecycle import AppTrigger, publishes
from workflow.errors import Unmet
from workflow.lifecycle.facts import Facts
from workflow.machines import Judgment


class Expecting(Protocol):
    """A request, stored or only wanted, with what it expects. None expects nothing."""

    @property
    def expected_state(self) -> str | None: ...
    @property
    def expected_version(self) -> int | None: ...
    @property
    def expected_review(self) -> int | None: ...


def unmet_expectations(request: Expecting, trigger: AppTrigger, facts: Facts) -> tuple[Unmet, ...]:
    """Returns what of the request's expectations is not so, by facts that name its `ask`. Pure."""
    unmet: tuple[Unmet, ...] = ()
    if request.expected_state is not None and request.expected_state != facts.state:
        unmet = (*unmet, _unexpected(request.expected_state, facts.state))
    if request.expected_version is not None and request.expected_version != facts.version:
        unmet = (*unmet, _moved_on(request.expected_version, facts.version))
    if request.expected_review is not None and request.expected_review != facts.open_review:
        unmet = (*unmet, _another_review(facts.open_review))
    if facts.ask.publish_at is not None and not publishes(trigger, facts.state, facts.open_kind):
        unmet = (*unmet, _PUBLISHES_NOTHING)
    return unmet


def refused_also(judgment: Judgment, unmet: tuple[Unmet, ...]) -> Judgment:
    """Returns the judgment with further unmet conditions, for which it is refused. Pure."""
    return Judgment(judgment.trigger, judgment.source, None, (*judgment.unmet, *unmet), judgment.observed)


_PUBLISHES_NOTHING = Unmet(
    "publication.none",
    "The approval publishes something",
    "The request names a day of publication, and this approval publishes nothing: it ends a suspension.",
    "Approve without publish_at.",
)


def _unexpected(expected: str, state: str) -> Unmet:
    return Unmet(
        "state.expected",
        "The App is in the expected state",
        f"{expected} was expected; the state is {state}.",
        "Read the App again, then ask with its present state.",
        (("state", state),),
    )


def _moved_on(expected: int, version: int) -> Unmet:
    return Unmet(
        "version.expected",
        "The App has not changed since it was read",
        f"The request is for the App at version {expected}; it is now at version {version}.",
        "Read the App and its latest review again, then decide on what is there now.",
        (("version", str(version)),),
    )


def _another_review(opened: int) -> Unmet:
    present = f"the one that was opened at version {opened} is" if opened else "none is"
    return Unmet(
        "review.expected",
        "The review that was read is still open",
        f"The request is for a review that is open no longer: {present}.",
        "Read the App's newest review, then decide on what is there now.",
        (("open_review", str(opened)),),
    )
