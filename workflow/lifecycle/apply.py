"""The one writer of an App's state: turns judged transitions into Apps, log rows, reasons and what follows."""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import App
from models.base import new_id
from models.lifecycle import AppTrigger
from models.transition import WHAT_FOLLOWS
from workflow.errors import Forbidden, Refused
from workflow.history.chain import NO_HASH, Basis, LogRow, canonical_text, commit_to_text, row_hash
from workflow.identity.actors import Actor
from workflow.lifecycle.effect_kinds import Applied
from workflow.lifecycle.effects import effects_that_follow
from workflow.lifecycle.facts import Facts, facts_of_new_app
from workflow.lifecycle.rulebook import AppRulebook
from workflow.policy.document import Policies, Policy
from workflow.reasons import Reason
from workflow.sql.arrays import Bytes, Integers, Texts, Uuids, statement

SALT_BYTES = 16
"""The length of the random salt in the commitment to a transition's reasons."""


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What writing needs in addition to the session: the history's key, the rules, the policies and the fault points.

    `reached` is called with the name of each fault point. It does nothing, except in tests that kill the process there.
    """

    history_key: bytes
    rulebook: AppRulebook
    policies: Policies
    reached: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """An allowed transition that is not written yet: the content of its log row, and the facts before and after."""

    app_id: UUID
    trigger: AppTrigger
    version: int
    target: str
    policy: Policy
    request_id: UUID
    before: Facts
    after: Facts

    @property
    def policy_version(self) -> int:
        return self.policy.version

    @property
    def basis(self) -> Basis:
        """The digests of what the transition rests on."""
        return Basis(self.policy.digest, self.before.review.submission_digest if self.before.review else None)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return self.before.ask.reasons


def plan(app_id: UUID, request_id: UUID, trigger: AppTrigger, target: str, facts: Facts) -> Planned:
    """Returns the transition that a judgment allowed. Pure.

    The transition records the version of the policy that judged it: the review's version for a decision on the review,
    the current version for everything else.
    """
    decides = trigger in _DECISIONS and facts.review is not None
    policy = facts.review.policy if decides and facts.review else facts.policy
    after = facts.after(trigger, target)
    return Planned(app_id, trigger, after.version, target, policy, request_id, facts, after)


def write_transitions(
    session: Session, planned: Sequence[Planned], heads: dict[UUID, bytes], now: datetime, writer: WriteContext
) -> dict[UUID, bytes]:
    """Writes `planned` and all effects of it. Returns the hashes of the Apps' new heads. Does not commit.

    The transitions of one App are given in the order of their versions. The caller holds the Apps' locks and passes
    the hash of each App's head. Set-based: the number of statements does not grow with the number of transitions.

    Checks every deferred constraint before it returns, so that a violation raises here (sqlalchemy.exc.DBAPIError)
    and not at COMMIT. From then on constraints are checked immediately, until DEFER_CONSTRAINTS is executed.
    """
    if not planned:
        return heads
    _move_apps(session, planned)
    heads = _append_to_log(session, planned, heads, now, writer)
    writer.reached("after_log_insert")
    _write_what_follows(session, planned, now, writer)
    session.execute(_CHECK_CONSTRAINTS)
    return heads


def create_app(
    session: Session,
    *,
    slug: str,
    name: str,
    actor: Actor,
    access_approved: bool,
    now: datetime,
    writer: WriteContext,
    look_alike: bool = False,
) -> App:
    """Creates an App in the state `building` for the actor's company, and returns it. Does not commit.

    `look_alike`: the slug was allowed although it looks like another.
    Raises Forbidden when the actor belongs to no company, Refused when a rule of `create` is unmet, and
    sqlalchemy.exc.IntegrityError when the slug is taken.
    """
    if actor.organization_id is None:
        raise Forbidden(
            "organization.missing",
            "Only a person of a partner company can create an App.",
            "Use a partner's token.",
        )
    facts = facts_of_new_app(
        slug=slug,
        organization_id=actor.organization_id,
        access_approved=access_approved,
        policy=writer.policies.current,
        actor=actor,
    )
    judgment = writer.rulebook.judge(AppTrigger.CREATE, facts)
    if not judgment.allowed or judgment.target is None:
        raise Refused(f"{slug} cannot be created.", judgment.unmet)
    birth = plan(new_id(), new_id(), AppTrigger.CREATE, judgment.target, facts)
    return _bear(session, birth, name, now, writer, look_alike=look_alike)


def adopt_app(
    session: Session,
    *,
    slug: str,
    name: str,
    organization_id: UUID,
    actor: Actor,
    now: datetime,
    writer: WriteContext,
    look_alike: bool,
    fill: Callable[[App], None],
) -> App:
    """Creates an App in public beta, with what another system has published of it, and returns it. Does not commit.

    `fill` stores the content of the App that it is given, which is then published. Raises Refused if the actor may not
    adopt, and sqlalchemy.exc.IntegrityError when the slug is taken.
    """
    facts = facts_of_new_app(
        slug=slug, organization_id=organization_id, access_approved=True, policy=writer.policies.current, actor=actor
    )
    judgment = writer.rulebook.judge(AppTrigger.ADOPT, facts)
    if not judgment.allowed or judgment.target is None:
        raise Refused(f"{slug} cannot be adopted.", judgment.unmet)
    birth = plan(new_id(), new_id(), AppTrigger.ADOPT, judgment.target, facts)
    return _bear(session, birth, name, now, writer, look_alike=look_alike, fill=fill)


_DECISIONS = (AppTrigger.APPROVE, AppTrigger.REQUEST_CHANGES, AppTrigger.CLEAR, AppTrigger.FLAG)
"""The triggers that decide a review, by the policy of the review."""

DEFER_CONSTRAINTS = text("SET CONSTRAINTS ALL DEFERRED")
"""To be executed before a transaction writes transitions a second time."""

_CHECK_CONSTRAINTS = text("SET CONSTRAINTS ALL IMMEDIATE")

_MOVE = statement(
    """
    UPDATE app SET state = moved.state, version = moved.version, open_kind = moved.open_kind,
           open_review = moved.open_review, published = moved.published, proposal = moved.proposal
      FROM unnest(:ids, :states, :versions, :open_kinds, :open_reviews, :published, :proposals)
        AS moved (id, state, version, open_kind, open_review, published, proposal)
     WHERE app.id = moved.id
    """,
    ids=Uuids(),
    states=Texts(),
    versions=Integers(),
    open_kinds=Texts(),
    open_reviews=Integers(),
    published=Integers(),
    proposals=Integers(),
)

_APPEND = statement(
    f"""
    INSERT INTO transition (app_id, version, from_state, trigger, to_state, from_open_kind, open_kind,
                            from_open_review, open_review, from_published, published, actor_id, actor_role,
                            policy_version, request_id, at, reason_commitment, hash, submits, opens, subject)
    SELECT app_id, version, from_state, trigger, to_state, from_open_kind, open_kind, from_open_review, open_review,
           from_published, published, actor_id, actor_role, policy_version, request_id, :at, reason_commitment, hash,
           {", ".join(WHAT_FOLLOWS.values())}
      FROM unnest(:app_ids, :versions, :from_states, :triggers, :to_states, :from_open_kinds, :open_kinds,
                  :from_open_reviews, :open_reviews, :from_published, :published, :actor_ids, :actor_roles, :policies,
                  :request_ids, :commitments, :hashes)
        AS row (app_id, version, from_state, trigger, to_state, from_open_kind, open_kind, from_open_review,
                open_review, from_published, published, actor_id, actor_role, policy_version, request_id,
                reason_commitment, hash)
    """,
    app_ids=Uuids(),
    versions=Integers(),
    from_states=Texts(),
    triggers=Texts(),
    to_states=Texts(),
    from_open_kinds=Texts(),
    open_kinds=Texts(),
    from_open_reviews=Integers(),
    open_reviews=Integers(),
    from_published=Integers(),
    published=Integers(),
    actor_ids=Uuids(),
    actor_roles=Texts(),
    policies=Integers(),
    request_ids=Uuids(),
    commitments=Bytes(),
    hashes=Bytes(),
)
"""One statement for all rows: after it, the log's trigger compares the end of each log with its App."""

_KEEP_REASONS = statement(
    """
    INSERT INTO transition_reason (app_id, version, salt, reasons)
    SELECT app_id, version, salt, reasons::jsonb
      FROM unnest(:app_ids, :versions, :salts, :reasons) AS row (app_id, version, salt, reasons)
    """,
    app_ids=Uuids(),
    versions=Integers(),
    salts=Bytes(),
    reasons=Texts(),
)


def _bear(
    session: Session,
    birth: Planned,
    name: str,
    now: datetime,
    writer: WriteContext,
    *,
    look_alike: bool,
    fill: Callable[[App], None] = lambda _app: None,
) -> App:
    """Stores the App of a birth, fills it, and writes the first row of its log with what follows."""
    app = App(
        id=birth.app_id,
        slug=birth.before.slug,
        name=name,
        organization_id=birth.before.organization_id,
        created_by=birth.before.created_by,
        state=birth.target,
        version=birth.version,
        published=birth.after.published,
        look_alike=look_alike,
    )
    session.add(app)
    session.flush()
    fill(app)
    _append_to_log(session, [birth], {app.id: NO_HASH}, now, writer)
    _write_what_follows(session, [birth], now, writer)
    return app


def _move_apps(session: Session, planned: Sequence[Planned]) -> None:
    """Sets each App to its last transition. Runs before the log grows, because the log's trigger compares the two."""
    last = {one.app_id: one for one in planned}
    session.execute(
        _MOVE,
        {
            "ids": list(last),
            "states": [one.target for one in last.values()],
            "versions": [one.version for one in last.values()],
            "open_kinds": [one.after.open_kind for one in last.values()],
            "open_reviews": [one.after.open_review for one in last.values()],
            "published": [one.after.published for one in last.values()],
            "proposals": [one.after.proposed_at for one in last.values()],
        },
    )


def _append_to_log(
    session: Session, planned: Sequence[Planned], heads: dict[UUID, bytes], now: datetime, writer: WriteContext
) -> dict[UUID, bytes]:
    heads = dict(heads)
    rows: list[LogRow] = []
    hashes: list[bytes] = []
    kept: list[_KeptReasons] = []
    salts = os.urandom(SALT_BYTES * len(planned))
    for index, one in enumerate(planned):
        commitment = None
        if one.reasons:
            salt = salts[index * SALT_BYTES : (index + 1) * SALT_BYTES]
            given = [reason.as_dict() for reason in one.reasons]
            kept.append(_KeptReasons(one.app_id, one.version, salt, canonical_text(given)))
            commitment = commit_to_text(kept[-1].reasons, salt)
        row = _log_row(one, now, commitment)
        heads[one.app_id] = head = row_hash(writer.history_key, row, heads[one.app_id], one.basis)
        rows.append(row)
        hashes.append(head)
    session.execute(
        _APPEND,
        {
            "app_ids": [row.app_id for row in rows],
            "versions": [row.version for row in rows],
            "from_states": [row.from_state for row in rows],
            "triggers": [row.trigger for row in rows],
            "to_states": [row.to_state for row in rows],
            "from_open_kinds": [one.before.open_kind for one in planned],
            "open_kinds": [one.after.open_kind for one in planned],
            "from_open_reviews": [one.before.open_review for one in planned],
            "open_reviews": [one.after.open_review for one in planned],
            "from_published": [one.before.published for one in planned],
            "published": [one.after.published for one in planned],
            "actor_ids": [row.actor_id for row in rows],
            "actor_roles": [row.actor_role for row in rows],
            "policies": [row.policy_version for row in rows],
            "request_ids": [row.request_id for row in rows],
            "at": now,
            "commitments": [row.reason_commitment for row in rows],
            "hashes": hashes,
        },
    )
    if kept:
        session.execute(
            _KEEP_REASONS,
            {
                "app_ids": [one.app_id for one in kept],
                "versions": [one.version for one in kept],
                "salts": [one.salt for one in kept],
                "reasons": [one.reasons for one in kept],
            },
        )
    return heads


@dataclass(frozen=True, slots=True)
class _KeptReasons:
    app_id: UUID
    version: int
    salt: bytes
    reasons: str


def _log_row(one: Planned, now: datetime, commitment: bytes | None) -> LogRow:
    actor = one.before.ask.actor
    return LogRow(
        one.app_id,
        one.version,
        one.before.state,
        one.trigger.value,
        one.target,
        actor.id,
        actor.role.value,
        one.policy_version,
        one.request_id,
        now,
        commitment,
    )


def _write_what_follows(session: Session, planned: Sequence[Planned], now: datetime, writer: WriteContext) -> None:
    """Writes the effects in waves, each with at most one transition of an App, so that an App's own order holds."""
    waves: dict[int, dict[AppTrigger, list[Applied]]] = defaultdict(lambda: defaultdict(list))
    seen: dict[UUID, int] = {}
    for one in planned:
        applied = Applied(one.app_id, one.trigger, one.version, one.before, one.after)
        seen[one.app_id] = wave = seen.get(one.app_id, -1) + 1
        waves[wave][one.trigger].append(applied)
    for wave in sorted(waves):
        for trigger, applied_here in waves[wave].items():
            for effect in effects_that_follow(trigger):
                effect.write(session, applied_here, now, writer.rulebook)
