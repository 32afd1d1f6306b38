"""Publishing the policy: the codes that a document may name, previewing its effect, and storing a version."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models import PolicyVersion
from models.lifecycle import AppTrigger
from models.steps import MACHINE_STEPS, STEPS
from workflow.errors import Conflict, NotFound
from workflow.history.digests import POLICY_COLUMNS, digest_of
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.lifecycle.loading import LoadedApp, load_facts
from workflow.lifecycle.promotion import required_counts
from workflow.lifecycle.rulebook import AppRulebook
from workflow.lifecycle.rules import (
    APPEAL_UNINVOLVED,
    DECISION_TO_APPEAL,
    NOT_OWN_APP,
    OWNER_ASKS,
    REVIEW_CLAIMED,
    RULES_OF,
    STEP_FAILED,
    SUSPENSION_ANSWERED,
    TWO_PEOPLE_APPROVE,
)
from workflow.operating.policy_effects import LiveEffects, live_effects, words_of
from workflow.pages import PageOf, PageRequest, read_page
from workflow.policy.document import Policies, Policy, parse_policy
from workflow.policy.parts import PARTS, policy_schema
from workflow.policy.values import KnownCodes

MAX_JUDGED = 5_000
"""The number of Apps that a preview judges. If there may be more, it says that it is not complete."""
MAX_NAMED = 100
"""The number of Apps that a preview lists by name, in each of its two lists."""
_BATCH = 500

NEVER_OBSERVED = frozenset(
    rule.code
    for rule in (
        NOT_OWN_APP,
        REVIEW_CLAIMED,
        APPEAL_UNINVOLVED,
        DECISION_TO_APPEAL,
        SUSPENSION_ANSWERED,
        TWO_PEOPLE_APPROVE,
        OWNER_ASKS,
        STEP_FAILED,
    )
)
"""Rules that no policy may make observed, such as that nobody approves their own App or judges an appeal of their own
decision, and that only a review's holder decides it."""

_STEPS = {code: step.title for code, step in STEPS.items()}
_PEOPLES_STEPS = {code: title for code, title in _STEPS.items() if code not in MACHINE_STEPS}
_RULES = {rule.code: rule.title for rules in RULES_OF.values() for rule in rules}
_OBSERVABLE = {code: title for code, title in _RULES.items() if code not in NEVER_OBSERVED}
CODES = {
    "review_steps": KnownCodes("review step", _STEPS),
    "revision_steps": KnownCodes("review step that a person takes", _PEOPLES_STEPS),
    "observed": KnownCodes("rule or review step that may be observed", _OBSERVABLE | _STEPS),
}
"""The codes that a published document may name, by part. Those of `required_checklist` are always known."""


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A part of the policy that would change: its value before and after."""

    part: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ListChange:
    """A list of codes or days in the policy that would change."""

    part: str
    added: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """Apps that a policy would affect: how many, and the first of their slugs in alphabetical order."""

    count: int
    apps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a document would change if it followed version `base`. `complete`: every App concerned was judged.

    `before` and `after` are what the two policies mean for live Apps, and `words` says it.
    """

    base: int
    changes: tuple[PolicyChange, ...]
    lists: tuple[ListChange, ...]
    become_eligible: Affected
    no_longer_eligible: Affected
    judged: int
    complete: bool
    before: LiveEffects
    after: LiveEffects
    words: tuple[str, ...]


def schema_of_policy() -> dict[str, Any]:
    """Returns the JSON schema of a document that can be published, with every code that a list may name."""
    return policy_schema(CODES)


def preview_policy(session: Session, document: dict[str, Any], policies: Policies, rulebook: AppRulebook) -> Preview:
    """Returns what the document would change compared with the current version. Only reads.

    Raises PolicyInvalid, which names every problem.
    """
    current = policies.current
    wanted = parse_policy(current.version + 1, document, CODES)
    changes, lists = _changes(current, wanted)
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
    now = session.scalars(select(func.now())).one()
    before_live, after_live = (live_effects(session, policy, now) for policy in (current, wanted))
    return Preview(
        current.version,
        changes,
        lists,
        Affected(len(gained), tuple(sorted(gained)[:MAX_NAMED])),
        Affected(len(lost), tuple(sorted(lost)[:MAX_NAMED])),
        judged,
        complete=judged < MAX_JUDGED,
        before=before_live,
        after=after_live,
        words=words_of(before_live, after_live, wanted),
    )


def publish_policy(session: Session, document: dict[str, Any], *, base: int, note: str, actor: Actor) -> PolicyVersion:
    """Stores the document as the version after `base`, and returns it. Does not commit.

    Raises PolicyInvalid, which names every problem, and Conflict if `base` is not the current version: of two
    concurrent publishers one succeeds and the other is refused.
    """
    parse_policy(base + 1, document, CODES)
    current = find_policy(session, None).version
    published: PolicyVersion | None = None
    if current == base:
        new = {"version": base + 1, "document": json.dumps(document), "note": note, "published_by": actor.id}
        published = session.scalar(select(PolicyVersion).from_statement(_PUBLISH), new)
    if published is None:
        current = max(current, find_policy(session, None).version)
        raise Conflict(
            "policy.superseded",
            f"Version {base} is not the current version; the current version is {current}.",
            "Read the current version, preview your document against it, and publish it with that base.",
        )
    log_action(session, actor, "policy.publish", str(published.version), note=note)
    return published


def list_policies(session: Session, wanted: PageRequest) -> PageOf[PolicyVersion]:
    """Returns a page of the versions, newest first."""
    return read_page(session, select(PolicyVersion), PolicyVersion.version, wanted, newest_first=True)


def find_policy(session: Session, version: int | None) -> PolicyVersion:
    """Returns a version of the policy, the current one for None. Raises NotFound."""
    statement = select(PolicyVersion).order_by(PolicyVersion.version.desc()).limit(1)
    if version is not None:
        statement = statement.where(PolicyVersion.version == version)
    found = session.scalar(statement)
    if found is None:
        raise NotFound("policy.not_found", f"There is no version {version} of the policy.", "List the versions.")
    return found


_PUBLISH = text(f"""
    INSERT INTO policy_version (version, document, note, published_by, published_at, digest)
    SELECT p.*, {digest_of("p", POLICY_COLUMNS)}
      FROM (SELECT CAST(:version AS integer) AS version, CAST(:document AS jsonb) AS document,
                   CAST(:note AS text) AS note, CAST(:published_by AS uuid) AS published_by, now() AS published_at) p
    ON CONFLICT DO NOTHING
    RETURNING *
""")


def _changes(current: Policy, wanted: Policy) -> tuple[tuple[PolicyChange, ...], tuple[ListChange, ...]]:
    changes, lists = [], []
    for part in PARTS:
        before, after = getattr(current, part), getattr(wanted, part)
        if not isinstance(after, tuple | frozenset):
            if before != after:
                changes.append(PolicyChange(part, before, after))
        elif added_or_dropped := set(before) ^ set(after):
            added, dropped = added_or_dropped - set(before), added_or_dropped - set(after)
            lists.append(ListChange(part, tuple(sorted(added)), tuple(sorted(dropped))))
    return tuple(changes), tuple(lists)


def _candidates(session: Session, policies: Policies, wanted: Policy) -> Iterator[LoadedApp]:
    """Yields up to MAX_JUDGED Apps that one of the two policies might promote, loaded in batches.

    Apps that neither could promote by its counts are not read. The rules then judge the rest.
    """
    both = [required_counts(policy) for policy in (policies.current, wanted)]
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
