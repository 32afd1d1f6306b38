"""Publishing the policy: checking a document part by part, telling what it would change, and storing a version."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import PolicyVersion
from models.checklist import GIVEN_REQUIREMENTS
from models.lifecycle import AppTrigger
from models.review import STEPS
from workflow.errors import Conflict, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.lifecycle.loading import LoadedApp, load_facts
from workflow.lifecycle.promotion import counts_needed
from workflow.lifecycle.rulebook import AppRulebook
from workflow.lifecycle.rules import NOT_OWN_APP, REVIEW_CLAIMED, RULES_OF
from workflow.policy.calendar import BusinessCalendar, CalendarInvalid
from workflow.policy.document import BOUNDS, Policies, Policy, parse_policy

MAX_JUDGED = 5_000
"""Apps that a preview judges; beyond them it says that its counts are not complete."""
MAX_NAMED = 100
"""Apps that a preview names of each kind."""
MAX_PROBLEMS = 50
_BATCH = 500


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """What is wrong with a part of a document: where it is, and why it cannot be."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A part of the policy that would be another: its value before and after."""

    part: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ListChange:
    """A list of codes in the policy that would be another."""

    part: str
    added: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """Apps that a policy would affect: how many, and the first of them by name."""

    count: int
    apps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a document would change if it followed version `base`. `complete`: every App in question was judged."""

    base: int
    changes: tuple[PolicyChange, ...]
    lists: tuple[ListChange, ...]
    become_eligible: Affected
    no_longer_eligible: Affected
    judged: int
    complete: bool


def problems_with_policy(document: Mapping[str, Any]) -> list[PolicyProblem]:
    """Returns everything that keeps the document from being a policy; [] when it can be published. Pure."""
    known = {*_NUMBERS, *_TEXTS, *_LISTS}
    problems = [
        PolicyProblem(str(key)[:64], f"There is no such part. The parts are: {', '.join(sorted(known))}.")
        for key in document
        if key not in known
    ]
    for part in (*_NUMBERS, *_TEXTS, *_LISTS):
        if part not in document:
            if part not in _OPTIONAL:
                problems.append(PolicyProblem(part, "It is missing."))
            continue
        check = _number if part in _NUMBERS else _text_or_none if part in _TEXTS else _codes
        problems += check(part, document[part])
    if not any(problem.where in _TEXTS for problem in problems):
        problems += _calendar(document)
    return problems[:MAX_PROBLEMS]


def preview_policy(
    session: Session, document: dict[str, Any], policies: Policies, rulebook: AppRulebook, stored: Mapping[str, Any]
) -> Preview:
    """Returns what the document would change against the current version, whose document is `stored`. Reads only.

    Raises Invalid with every problem.
    """
    current = policies.current
    wanted = _parsed(current.version + 1, document)
    changes = tuple(
        PolicyChange(part, stored.get(part, getattr(current, part, None)), document[part])
        for part in (*_NUMBERS, *_TEXTS)
        if part in document and stored.get(part, getattr(current, part, None)) != document[part]
    )
    lists = tuple(
        ListChange(part, tuple(sorted(after - before)), tuple(sorted(before - after)))
        for part in _LISTS
        for before, after in [(set(stored.get(part, ())), set(document[part]))]
        if before != after
    )
    gained: list[str] = []
    lost: list[str] = []
    judged = 0
    for loaded in _candidates(session, policies, wanted):
        judged += 1
        before, after = (
            rulebook.judge(AppTrigger.PROMOTE, replace(loaded.facts, policy=policy)).allowed
            for policy in (current, wanted)
        )
        if before != after:
            (gained if after else lost).append(loaded.facts.slug)
    return Preview(
        current.version,
        changes,
        lists,
        Affected(len(gained), tuple(sorted(gained)[:MAX_NAMED])),
        Affected(len(lost), tuple(sorted(lost)[:MAX_NAMED])),
        judged,
        complete=judged < MAX_JUDGED,
    )


def publish_policy(session: Session, document: dict[str, Any], *, base: int, note: str, actor: Actor) -> PolicyVersion:
    """Stores the document as the version after `base`. Does not commit.

    Raises Invalid with every problem, and Conflict when `base` is not the current version: of two publishers at once
    one wins and the other is told.
    """
    _parsed(base + 1, document)
    current = find_policy(session, None).version
    statement = insert(PolicyVersion).values(version=base + 1, document=document, note=note, published_by=actor.id)
    published: PolicyVersion | None = None
    if current == base:
        published = session.scalar(statement.on_conflict_do_nothing().returning(PolicyVersion))
    if published is None:
        current = max(current, find_policy(session, None).version)
        raise Conflict(
            "policy.superseded",
            f"Version {base} is not the current one; that is version {current}.",
            "Look at the current version, preview your document against it, and publish it with that base.",
        )
    return published


def find_policy(session: Session, version: int | None) -> PolicyVersion:
    """Returns a version, or the current one for None. Raises NotFound."""
    statement = select(PolicyVersion).order_by(PolicyVersion.version.desc()).limit(1)
    if version is not None:
        statement = statement.where(PolicyVersion.version == version)
    found = session.scalar(statement)
    if found is None:
        raise NotFound("policy.not_found", f"There is no version {version} of the policy.", "List the versions.")
    return found


_NUMBERS = tuple(field.name for field in fields(Policy) if field.type is int and field.name != "version")
_TEXTS = ("time_zone", "country", "subdivision")
_LISTS = ("required_checklist", "review_steps", "observed")
_OPTIONAL = {field.name for field in fields(Policy) if field.default is not MISSING}
"""Parts that earlier versions did not have: what they default to holds."""

_RULES = frozenset(rule.code for rules in RULES_OF.values() for rule in rules)
_NEVER_OBSERVED = frozenset({NOT_OWN_APP.code, REVIEW_CLAIMED.code})
"""Rules that no policy may switch off: that nobody approves their own App, and that one reviewer decides."""
_CODES: dict[str, tuple[str, frozenset[str]]] = {
    "required_checklist": ("requirement", frozenset(code.value for code in GIVEN_REQUIREMENTS)),
    "review_steps": ("review step", frozenset(STEPS)),
    "observed": ("rule or review step that may be observed", (_RULES - _NEVER_OBSERVED) | STEPS.keys()),
}


def _number(part: str, value: object) -> list[PolicyProblem]:
    least, most = BOUNDS[part]
    if type(value) is int and least <= value <= most:
        return []
    return [PolicyProblem(part, f"It must be a whole number from {least} to {most}.")]


def _text_or_none(part: str, value: object) -> list[PolicyProblem]:
    if isinstance(value, str) or (value is None and part != "time_zone"):
        return []
    return [PolicyProblem(part, "It must be a text." if part == "time_zone" else "It must be a text or null.")]


def _codes(part: str, value: object) -> list[PolicyProblem]:
    if not isinstance(value, list):
        return [PolicyProblem(part, "It must be a list of codes.")]
    what, known = _CODES[part]
    problems = []
    for index, code in enumerate(value):
        where = f"{part}[{index}]"
        if not isinstance(code, str) or code not in known:
            named = f"There is no {what} {str(code)[:64]!r}. There are: {', '.join(sorted(known))}."
            problems.append(PolicyProblem(where, named))
        elif code in value[:index]:
            problems.append(PolicyProblem(where, f"{code} is there twice."))
    return problems


def _calendar(document: Mapping[str, Any]) -> list[PolicyProblem]:
    try:
        BusinessCalendar(document["time_zone"], document["country"], document["subdivision"])
    except CalendarInvalid as error:
        return [PolicyProblem("time_zone, country, subdivision", str(error))]
    return []


def _parsed(version: int, document: dict[str, Any]) -> Policy:
    problems = problems_with_policy(document)
    if problems:
        raise Invalid(
            "policy.invalid",
            " ".join(f"{problem.where}: {problem.why}" for problem in problems)[:4000],
            "Mend each part.",
        )
    return parse_policy(version, document)


def _candidates(session: Session, policies: Policies, wanted: Policy) -> Iterator[LoadedApp]:
    """Returns the Apps that one of the two policies might promote, in batches, up to the bound.

    What neither could promote by its numbers is not read; the rules then judge the rest.
    """
    both = [counts_needed(policy) for policy in (policies.current, wanted)]
    needed = min(customers for customers, _ in both)
    with_oauth = all(oauth for _, oauth in both)
    statement = text(f"""
        SELECT id FROM app
         WHERE state = 'public_beta' AND onboarded_customers >= :needed {"AND oauth_installed" if with_oauth else ""}
           AND id > :after ORDER BY id LIMIT :limit
    """)
    after, left = UUID(int=0), MAX_JUDGED
    while left > 0:
        wanted_now = {"needed": needed, "after": after, "limit": min(_BATCH, left)}
        ids = session.scalars(statement, wanted_now).all()
        if not ids:
            return
        loaded = load_facts(session, ids, policies)
        yield from (loaded[app_id] for app_id in ids)
        after, left = ids[-1], left - len(ids)
