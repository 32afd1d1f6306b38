"""Verifying the history: replays every App's log, recomputes every hash, and compares with exported heads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.lifecycle import NEW, NO_REVIEW, OPENING, AppTrigger, publishes, review_after, submits
from workflow.history.chain import NO_HASH, Basis, LogRow, commit_to, is_hash_of
from workflow.history.digests import POLICY_COLUMNS, SUBMISSION_COLUMNS, digest_of, policy_digest, submission_digest
from workflow.history.finding import Finding, about_app
from workflow.history.seals import SealHead, verify_seals


@dataclass(frozen=True, slots=True)
class Standing:
    """What is under review and what is published, as the rows of a log up to one lead to it. Each is a version.

    `kind` is that of the open review, which the version `review` opened; it is of the submission of `subject`. 0 stands
    for nothing.
    """

    kind: str = NO_REVIEW
    review: int = 0
    subject: int = 0
    published: int = 0

    @property
    def stored(self) -> tuple[str, int, int]:
        """What a row of the log says of it."""
        return self.kind, self.review, self.published

    def follows(self, trigger: str, source: str) -> tuple[int | None, int | None, int | None]:
        """Returns what the row that led to it submits and opens, and what the opened review is of."""
        opens = trigger in OPENING
        submitted = self.subject if opens else self.published
        return (
            submitted if submits(trigger, source) else None,
            self.review if opens else None,
            self.subject if opens else None,
        )

    def after(self, trigger: str, source: str, version: int) -> "Standing":
        """Returns what stands after a row of the log; the same if the row is none that the table of edges has."""
        try:
            kind = review_after(trigger, source, self.kind)
        except KeyError:
            return self
        published = version if trigger == AppTrigger.ADOPT else self.published
        if publishes(trigger, source, self.kind):
            published = self.review
        if trigger in OPENING:
            return Standing(kind, version, version if submits(trigger, source) else published, published)
        if kind == NO_REVIEW:
            return Standing(published=published)
        return replace(self, kind=kind, published=published)


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of an App's log at the time of an export."""

    app_id: UUID
    version: int
    hash: bytes


_LOG = text(f"""
    SELECT t.app_id, t.version, t.from_state, t.trigger, t.to_state, t.actor_id, t.actor_role, t.policy_version,
           t.request_id, t.at, t.reason_commitment, t.hash, t.from_open_kind, t.from_open_review, t.from_published,
           t.open_kind, t.open_review, t.published, t.submits, t.opens, t.subject, r.salt, r.reasons, a.created_by,
           {policy_digest("p")} AS policy_digest,
           CASE WHEN s.id IS NOT NULL THEN {submission_digest("s")} END AS submission_digest
      FROM transition t
      LEFT JOIN transition_reason r USING (app_id, version)
      LEFT JOIN policy_version p ON p.version = t.policy_version
      LEFT JOIN submission s ON s.app_id = t.app_id AND s.app_version = t.version
      LEFT JOIN app a ON a.id = t.app_id AND t.version = 1
     ORDER BY t.app_id, t.version
""").execution_options(yield_per=2000)

_HEADS_WITHOUT_APP_STATE = text("""
    SELECT a.id, a.version, a.state FROM app a
     WHERE NOT EXISTS (SELECT FROM transition t
                        WHERE t.app_id = a.id AND t.version = a.version AND t.to_state = a.state
                          AND t.open_kind = a.open_kind AND t.open_review = a.open_review
                          AND t.published = a.published)
        OR EXISTS (SELECT FROM transition t WHERE t.app_id = a.id AND t.version > a.version)
""")

_OUTCOMES_WITHOUT_ROW = text("""
    SELECT q.id, q.app_id, q.version FROM transition_request q
     WHERE q.status = 'applied'
       AND NOT EXISTS (SELECT FROM transition t
                        WHERE t.app_id = q.app_id AND t.version = q.version AND t.request_id = q.id
                          AND t.trigger = q.trigger AND t.actor_id = q.principal_id AND t.actor_role = q.role
                          AND t.policy_version = q.policy_version AND t.at = q.finished_at)
""")

_ORPHANS = text("SELECT DISTINCT app_id FROM transition t WHERE NOT EXISTS (SELECT FROM app WHERE id = t.app_id)")

_REASONS_OF_NOTHING = text("""
    SELECT r.app_id, r.version FROM transition_reason r
     WHERE NOT EXISTS (SELECT FROM transition t WHERE t.app_id = r.app_id AND t.version = r.version)
""")

_CHANGED = {
    "submission": text(f"""
        SELECT s.id::text FROM submission s WHERE s.digest <> {digest_of("s", SUBMISSION_COLUMNS)}
    """),
    "policy_version": text(f"""
        SELECT p.version::text FROM policy_version p WHERE p.digest <> {digest_of("p", POLICY_COLUMNS)}
    """),
}
"""Rows that do not fit the digest that Postgres computed when they were stored."""


def verify_history(
    session: Session, key: bytes, exported: Iterable[Head] = (), seals: Iterable[SealHead] = ()
) -> Iterator[Finding]:
    """Yields every finding; none means that the history is as it was written. Only reads, in constant memory.

    Neither the log's chain nor that of the segments can show that its end was cut off. Applied requests and `exported`
    heads can, and `seals`.
    """
    for app_id, rows in groupby(session.execute(_LOG), key=lambda row: row.app_id):
        yield from _verify_app(app_id, rows, key)
    for row in session.execute(_HEADS_WITHOUT_APP_STATE):
        detail = f"the App is {row.state} at version {row.version}, but its log does not end there"
        yield about_app(row.id, row.version, detail, "app")
    for row in session.execute(_OUTCOMES_WITHOUT_ROW):
        detail = f"the request {row.id} was applied at this version, but the log has no such row"
        yield about_app(row.app_id, row.version, detail, "transition_request")
    for row in session.execute(_ORPHANS):
        yield about_app(row.app_id, None, "the log has rows of an App that does not exist")
    for row in session.execute(_REASONS_OF_NOTHING):
        yield about_app(row.app_id, row.version, "these are reasons for nothing in the log", "transition_reason")
    for table, statement in _CHANGED.items():
        for changed in session.scalars(statement):
            yield Finding(table, changed, "this row is not as it was when it was stored")
    yield from _verify_heads(session, exported)
    yield from verify_seals(session, key, seals)


def exported_heads(session: Session, since: datetime, after: UUID, limit: int) -> list[dict[str, Any]]:
    """Returns the newest heads of up to `limit` Apps with a transition at or after `since`, in the form of the export.

    The Apps are those whose ids follow `after`, in their order.
    """
    rows = session.execute(
        text("""
            SELECT DISTINCT ON (app_id) app_id, version, hash, at FROM transition
             WHERE at >= :since AND app_id > :after ORDER BY app_id, version DESC LIMIT :limit
        """),
        {"since": since, "after": after, "limit": limit},
    )
    return [
        {"app_id": str(row.app_id), "version": row.version, "hash": row.hash.hex(), "at": row.at.isoformat()}
        for row in rows
    ]


def exported_seals(session: Session, since: datetime) -> list[dict[str, Any]]:
    """Returns the newest segment of each table with one that was sealed at or after `since`, in the export's form."""
    rows = session.execute(
        text("""
            SELECT DISTINCT ON (table_name) table_name, number, seal, sealed_at FROM history_segment
             WHERE sealed_at >= :since ORDER BY table_name, number DESC
        """),
        {"since": since},
    )
    return [
        {"table": row.table_name, "number": row.number, "seal": row.seal.hex(), "at": row.sealed_at.isoformat()}
        for row in rows
    ]


def _verify_app(app_id: UUID, rows: Iterable[Row[Any]], key: bytes) -> Iterator[Finding]:
    previous, state, version = NO_HASH, NEW, 0
    under_review: bytes | None = None
    standing = Standing()
    submissions: dict[int, bytes] = {}
    for row in rows:
        if row.version != version + 1:
            yield about_app(app_id, row.version, f"version {version + 1} is missing before this row")
        elif row.from_state != state:
            yield about_app(app_id, row.version, f"starts in {row.from_state}, but the row before it led to {state}")
        log_row = LogRow(*tuple(row)[:11])
        stored, basis = bytes(row.hash), Basis(bytes(row.policy_digest or b""), under_review)
        if not is_hash_of(stored, key, log_row, previous, basis):
            yield about_app(app_id, row.version, _WRONG)
        if row.reasons is not None and commit_to(row.reasons, bytes(row.salt)) != row.reason_commitment:
            yield about_app(app_id, row.version, "its reasons are not those that were written", "transition_reason")
        if row.created_by not in (None, row.actor_id):
            yield about_app(app_id, None, "its creator is not the one in the log", "app")
        was, standing = standing, standing.after(row.trigger, row.from_state, row.version)
        if tuple(row)[12:21] != (*was.stored, *standing.stored, *standing.follows(row.trigger, row.from_state)):
            yield about_app(app_id, row.version, "what is under review or published is not what the log leads to")
        if row.submission_digest is not None:
            submissions[row.version] = bytes(row.submission_digest)
        under_review = submissions.get(standing.subject)
        previous, state, version = stored, row.to_state, row.version


_WRONG = "its hash is wrong: this row, one before it, its submission or its policy was changed or inserted"


def _verify_heads(session: Session, exported: Iterable[Head]) -> Iterator[Finding]:
    for head in exported:
        stored = session.scalar(
            text("SELECT hash FROM transition WHERE app_id = :app_id AND version = :version"),
            {"app_id": head.app_id, "version": head.version},
        )
        if stored is None:
            yield about_app(head.app_id, head.version, "this exported row is missing")
        elif bytes(stored) != head.hash:
            yield about_app(head.app_id, head.version, "this row is not the one that was exported")
