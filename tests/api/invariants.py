"""The invariants of the stored rows, which hold whatever was called. They are checked after random lives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import APP_EDGES, NEW, NO_REVIEW
from tests.journeys import KEY
from workflow.history.verification import verify_history


@dataclass(frozen=True, slots=True)
class SentRequest:
    """An accepted request: its App and, if it is a decision, the review that it decides."""

    id: UUID
    app: str
    review: UUID | None = None


_DECIDED = """
    transition t
      JOIN app a ON a.id = t.app_id
      JOIN review r ON r.app_id = t.app_id AND r.opened_version = t.from_open_review
"""
"""Rows of the log, each with the review that was open before it."""
NEVER = {
    "counted customers differ from their rows": """
        SELECT slug, onboarded_customers FROM app a
         WHERE onboarded_customers <> (SELECT count(*) FROM customer c
                                        WHERE c.app_id = a.id AND c.withdrawn_at IS NULL)
    """,
    "the counted install differs from its rows": """
        SELECT slug, oauth_installed FROM app a
         WHERE oauth_installed <> EXISTS (SELECT FROM oauth_install i
                                           WHERE i.app_id = a.id AND i.withdrawn_at IS NULL)
    """,
    "somebody was told twice": """
        SELECT cause, coalesce(recipient_id::text, recipient_email), channel, count(*) FROM notification
         GROUP BY 1, 2, 3 HAVING count(*) > 1
    """,
    "the company was not told what became of its App": """
        SELECT a.slug, t.trigger, t.version FROM transition t JOIN app a ON a.id = t.app_id
         WHERE t.trigger IN ('submit', 'request_changes', 'approve', 'promote', 'suspend', 'reinstate', 'remove',
                             'flag', 'appeal')
           AND NOT EXISTS (SELECT FROM notification n JOIN person p ON p.id = n.recipient_id
                            WHERE n.app_id = a.id AND n.app_version = t.version
                              AND p.organization_id = a.organization_id)
    """,
    "somebody approved what they submitted or own": f"""
        SELECT a.slug, t.version FROM {_DECIDED} LEFT JOIN person p ON p.id = t.actor_id
         WHERE t.trigger = 'approve' AND (t.actor_id = r.opened_by OR p.organization_id = a.organization_id)
    """,
    "a review was decided by somebody who did not hold it": f"""
        SELECT a.slug, t.trigger, t.version FROM {_DECIDED}
         WHERE t.trigger IN ('approve', 'request_changes', 'clear', 'flag') AND t.actor_role <> 'schedule'
           AND r.claimed_by IS DISTINCT FROM t.actor_id
    """,
    "somebody decided the appeal of a decision that they had a part in": f"""
        SELECT a.slug, t.trigger, t.version FROM {_DECIDED}
         WHERE r.kind = 'appeal' AND t.trigger IN ('approve', 'request_changes')
           AND (t.actor_id = r.decider OR t.actor_id = ANY(r.involved))
    """,
    "an App was approved, or cleared, with a step that was open, or failed and is not only observed": """
        SELECT a.slug, r.kind, s.code FROM review r
          JOIN app a ON a.id = r.app_id
          JOIN policy_version p ON p.version = r.policy_version
          JOIN review_step s ON s.review_id = r.id
         WHERE r.outcome IN ('approved', 'overturned', 'cleared') AND s.state NOT IN ('passed', 'warned', 'waived')
           AND NOT (s.observed AND s.state = 'failed') AND NOT p.document->'observed' ? s.code
    """,
    "the open review is not the one that the App names, or of no kind that its state can have": """
        SELECT a.slug, a.state, a.open_kind, a.open_review, r.kind, r.opened_version FROM app a
          FULL JOIN (SELECT * FROM review WHERE closed_at IS NULL) r ON r.app_id = a.id
         WHERE (a.open_kind, a.open_review) IS DISTINCT FROM (coalesce(r.kind, 'none'), coalesce(r.opened_version, 0))
            OR (a.state = 'submitted') <> (a.state NOT IN ('public_beta', 'public', 'suspended', 'unlisted')
                                           AND a.open_kind <> 'none')
    """,
    "two reviews of an App are open": """
        SELECT app_id, count(*) FROM review WHERE closed_at IS NULL GROUP BY app_id HAVING count(*) > 1
    """,
    "a review did not end with the row of the log that ended it": """
        SELECT a.slug, r.kind, r.opened_version, r.outcome, ended.version, ended.trigger FROM review r
          JOIN app a ON a.id = r.app_id
          LEFT JOIN transition ended ON ended.app_id = r.app_id AND ended.from_open_review = r.opened_version
                                    AND ended.open_review <> r.opened_version
         WHERE r.outcome IS DISTINCT FROM CASE
               WHEN r.outcome = 'adopted' THEN 'adopted'
               WHEN r.kind = 'appeal' THEN CASE ended.trigger
                    WHEN 'approve' THEN 'overturned' WHEN 'request_changes' THEN 'upheld'
                    WHEN 'reinstate' THEN 'conceded' WHEN 'withdraw' THEN 'withdrawn'
                    WHEN 'suspend' THEN 'cancelled' WHEN 'remove' THEN 'cancelled' END
               ELSE CASE ended.trigger
                    WHEN 'approve' THEN 'approved' WHEN 'request_changes' THEN 'changes_requested'
                    WHEN 'withdraw' THEN 'withdrawn' WHEN 'submit' THEN 'superseded' WHEN 'appeal' THEN 'superseded'
                    WHEN 'clear' THEN 'cleared' WHEN 'flag' THEN 'flagged' WHEN 'suspend' THEN 'cancelled'
                    WHEN 'unlist' THEN 'cancelled' WHEN 'remove' THEN 'cancelled' END
               END
            OR r.closed_at IS DISTINCT FROM CASE WHEN r.outcome = 'adopted' THEN r.closed_at ELSE ended.at END
    """,
    "what is public was not approved last": """
        SELECT a.slug, a.published, last.from_open_review FROM app a
          LEFT JOIN LATERAL (SELECT t.from_open_review, t.version, t.trigger FROM transition t
                              WHERE t.app_id = a.id AND (t.trigger = 'adopt' OR t.trigger = 'approve'
                                    AND NOT (t.from_state = 'suspended' AND t.from_open_kind = 'appeal'))
                              ORDER BY t.version DESC LIMIT 1) last ON true
         WHERE a.published <> CASE WHEN last.trigger = 'adopt' THEN last.version
                                   ELSE coalesce(last.from_open_review, 0) END
            OR a.published <> 0 AND NOT EXISTS (SELECT FROM submission s
                                                 WHERE s.app_id = a.id AND s.app_version = a.published)
    """,
    "the catalog shows something else than what is public": """
        SELECT a.slug, a.state, c.badge, s.app_version, a.published FROM app a
          FULL JOIN catalog_entry c ON c.app_id = a.id
          LEFT JOIN submission s ON s.id = c.submission_id
         WHERE (a.state IN ('public_beta', 'public')) <> (c.app_id IS NOT NULL)
            OR c.badge <> a.state OR s.app_version <> a.published OR s.app_id <> a.id
    """,
    "a suspension goes on though the App is not suspended, or the other way round": """
        SELECT a.slug, a.state, count(s.version) FROM app a
          LEFT JOIN suspension s ON s.app_id = a.id AND s.ended_at IS NULL
         GROUP BY a.id HAVING count(s.version) <> (CASE WHEN a.state = 'suspended' THEN 1 ELSE 0 END)
    """,
    "a time to mend goes on though nothing was flagged, or two do": """
        SELECT a.slug, a.state, count(*) FROM app a JOIN grace_period g ON g.app_id = a.id AND g.ended_at IS NULL
         GROUP BY a.id HAVING count(*) > 1 OR a.state IN ('building', 'submitted', 'suspended', 'removed')
    """,
    "a request is applied without its one row in the log, or has one without being applied": """
        SELECT q.id, q.status, count(t.version) FROM transition_request q LEFT JOIN transition t ON t.request_id = q.id
         GROUP BY q.id HAVING count(t.version) <> (CASE WHEN q.status = 'applied' THEN 1 ELSE 0 END)
    """,
    "a refusal names no rule": """
        SELECT id FROM transition_request WHERE status = 'refused' AND jsonb_array_length(unmet) = 0
    """,
    "a membership stands though its App was removed, or was never public": """
        SELECT a.slug, m.state, a.state FROM membership m JOIN app a ON a.id = m.app_id
         WHERE m.state IN ('applied', 'member') AND a.state NOT IN ('public', 'public_beta', 'suspended', 'unlisted')
    """,
}
"""Queries that must return no rows, by what a row would mean."""

LISTED = """
    SELECT a.slug, s.snapshot->'app'->>'name' AS name FROM app a
      JOIN submission s ON s.app_id = a.id AND s.app_version = a.published
     WHERE a.state IN ('public_beta', 'public')
"""
"""What the catalog must show: each App in a listed state, under the name that was approved last."""


def check_rows(engine: Engine) -> None:
    """Raises AssertionError with every violation in the database."""
    with Session(engine) as session:
        for meaning, query in NEVER.items():
            assert _rows(session, query) == [], meaning
        assert list(verify_history(session, KEY)) == []
        assert list(unlike_their_logs(session)) == []


def unlike_their_logs(session: Session) -> Iterator[tuple[Any, ...]]:
    """Yields each App that is not where its log leads to by the table of edges alone, beginning with nothing."""
    rows = _rows(session, "SELECT app_id, version, trigger FROM transition ORDER BY app_id, version")
    apps = _rows(session, "SELECT id, slug, version, state, open_kind, open_review, published FROM app")
    logs: dict[UUID, list[tuple[int, str]]] = {}
    for app_id, version, trigger in rows:
        logs.setdefault(app_id, []).append((version, trigger))
    for app_id, slug, *stored in apps:
        replayed = replay(logs[app_id])
        if tuple(stored) != replayed:
            yield slug, tuple(stored), replayed


def replay(log: Sequence[tuple[int, str]]) -> tuple[int, str, str, int, int]:
    """Returns the version, state, kind and version of the open review, and publication that a log leads to. Pure.

    Raises KeyError for a row that is no edge of the table.
    """
    edges = {(edge.trigger, edge.source, edge.review): edge for edge in APP_EDGES}
    version, state, kind, review, published = 0, NEW, NO_REVIEW, 0, 0
    for version, trigger in log:
        edge = edges[trigger, state, kind]
        if trigger == "adopt":
            published = version
        elif trigger == "approve" and not (state == "suspended" and kind == "appeal"):
            published = review
        state, kind = edge.target, edge.review_after
        review = 0 if kind == NO_REVIEW else version if trigger in ("submit", "recheck", "appeal") else review
    return version, state, kind, review, published


def check_requests(engine: Engine, asked: Sequence[SentRequest]) -> None:
    """Raises AssertionError unless each request in `asked`, which are in the order of their answers, was judged once
    and in that order."""
    with Session(engine) as session:
        found = _rows(
            session,
            "SELECT id, status, position, version, app_id FROM transition_request WHERE id = ANY(:ids)",
            ids=[one.id for one in asked],
        )
        by_id = {row[0]: row for row in found}
        last: dict[UUID, tuple[int, int]] = {}
        for one in asked:
            _, status, position, version, app_id = by_id[one.id]
            assert status in ("applied", "refused"), (one, status)
            before = last.get(app_id, (0, 0))
            assert position > before[0], f"{one}: judged before what was accepted earlier"
            assert version is None or version > before[1], f"{one}: applied before what was accepted earlier"
            last[app_id] = position, version or before[1]
        for one in asked:
            if one.review is not None and by_id[one.id][1] == "applied":
                _closed_by(session, one, by_id[one.id][3])


def _closed_by(session: Session, one: SentRequest, version: int) -> None:
    """Returns whether an applied decision decided the review that it was made for."""
    query = """
        SELECT t.version FROM review r
          JOIN transition t ON t.app_id = r.app_id AND t.from_open_review = r.opened_version
                           AND t.open_review <> r.opened_version
         WHERE r.id = :id AND r.closed_at IS NOT NULL
    """
    assert _rows(session, query, id=one.review) == [(version,)], f"{one}: decided another round"


def _rows(session: Session, query: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(text(query), values)]
