"""Pruning what is kept for a while only, in bounded steps."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.orm import Session

from models.notification import DIGEST
from workflow.operating.rejected_messages import REJECTED_KEPT
from workflow.sandbox.storing import EVENTS_KEPT
from workflow.sql.steps import Step

KEYS_KEPT = timedelta(days=30)
"""How long an idempotency key is kept."""
TICKS_KEPT = timedelta(days=7)
SESSIONS_KEPT = timedelta(days=7)
"""How long a session is kept after its latest end, however it ended."""
DRAFTS_KEPT = timedelta(days=7)
"""How long a draft is kept after its review has ended and it was last written."""
BATCHES_KEPT = timedelta(days=1)
RESTS_KEPT = timedelta(days=1)
USED_HOSTS_KEPT = timedelta(days=1)
"""How long it is kept when bursts and try-outs used hosts. Their bounds look back for less."""
DIGESTS_KEPT = timedelta(days=7)
"""How long a daily overview is kept that was not sent, mostly because there was nothing to tell."""
ENTERED_KEPT = timedelta(days=7)
"""How long what was entered for a try-out is kept, encrypted, if the service failed at it: else it goes at its end."""
TEST_RESULTS_KEPT = timedelta(days=180)
"""How long what was sent and answered in a test run is kept. The run keeps its colour, and that of each event."""

_IDEMPOTENCY_KEYS = text("""
    DELETE FROM idempotency_key WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_key WHERE created_at < :before ORDER BY created_at LIMIT :limit
           FOR UPDATE SKIP LOCKED))
""")
_REQUEST_KEYS = text("""
    UPDATE transition_request SET idempotency_key = NULL WHERE id = ANY(ARRAY(
        SELECT id FROM transition_request WHERE idempotency_key IS NOT NULL AND finished_at < :before
         ORDER BY finished_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED))
""")
_BATCHES = text("""
    DELETE FROM apply_batch WHERE id = ANY(ARRAY(
        SELECT id FROM apply_batch b
         WHERE started_at < :before
           AND NOT EXISTS (SELECT FROM transition_request r WHERE r.id = ANY(b.request_ids) AND r.status = 'due')
         LIMIT :limit FOR UPDATE SKIP LOCKED))
""")
_TICKS = text("""
    DELETE FROM job_tick WHERE id = ANY(ARRAY(
        SELECT id FROM job_tick WHERE status IN ('done', 'void') AND tick_at < :before
         LIMIT :limit FOR UPDATE SKIP LOCKED))
""")
_RESTS = text("""
    DELETE FROM resting_app WHERE app_id = ANY(ARRAY(
        SELECT app_id FROM resting_app w
         WHERE rests_until < :before
           AND NOT EXISTS (SELECT FROM transition_request r WHERE r.app_id = w.app_id AND r.status = 'due')
         LIMIT :limit FOR UPDATE SKIP LOCKED))
""")
_REJECTED = text("""
    DELETE FROM rejected_message WHERE id = ANY(ARRAY(
        SELECT id FROM rejected_message WHERE received_at < :before ORDER BY received_at, id LIMIT :limit
           FOR UPDATE SKIP LOCKED))
""")
_TEST_RESULTS = text("""
    DELETE FROM component_test_result WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM component_test_result WHERE recorded_at < :before ORDER BY recorded_at LIMIT :limit
           FOR UPDATE SKIP LOCKED))
""")
_ENTERED = text("""
    UPDATE component_test SET wanted = wanted || '{"sealed": null}' WHERE id = ANY(ARRAY(
        SELECT id FROM component_test WHERE status = 'dead' AND wanted ->> 'sealed' <> '' AND requested_at < :before
         LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED))
""")
"""The null stays, so that a run which is replayed afterwards sends nothing else in their place."""
_USED_HOSTS = text("""
    DELETE FROM used_host WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM used_host WHERE used_at < :before ORDER BY used_at LIMIT :limit))
""")
_SANDBOX_EVENTS = text("""
    DELETE FROM sandbox_event WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM sandbox_event WHERE received_at < :before ORDER BY received_at LIMIT :limit))
""")
_SANDBOX_FINDINGS = text("""
    UPDATE sandbox_declared SET latest_findings = '[]'
     WHERE (component_id, component_revision, event) IN (
        SELECT component_id, component_revision, event FROM sandbox_declared
         WHERE latest_at < :before AND latest_findings <> '[]' LIMIT :limit FOR UPDATE SKIP LOCKED)
""")
_SESSIONS = text("""
    DELETE FROM api_token WHERE id = ANY(ARRAY(
        SELECT id FROM api_token WHERE kind = 'session' AND expires_at < :before ORDER BY expires_at LIMIT :limit
           FOR UPDATE SKIP LOCKED))
""")
_DRAFTS = text("""
    DELETE FROM review_draft WHERE ctid = ANY(ARRAY(
        SELECT d.ctid FROM review_draft d JOIN review r ON r.id = d.review_id
         WHERE d.written_at < :before AND r.closed_at < :before ORDER BY d.written_at LIMIT :limit
           FOR UPDATE OF d SKIP LOCKED))
""")
_DIGESTS = text(f"""
    DELETE FROM notification WHERE id = ANY(ARRAY(
        SELECT id FROM notification WHERE status = 'void' AND kind = '{DIGEST}' AND created_at < :before
         ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED))
""")
_KEPT: tuple[tuple[TextClause, timedelta], ...] = (
    (_IDEMPOTENCY_KEYS, KEYS_KEPT),
    (_REQUEST_KEYS, KEYS_KEPT),
    (_BATCHES, BATCHES_KEPT),
    (_TICKS, TICKS_KEPT),
    (_RESTS, RESTS_KEPT),
    (_REJECTED, REJECTED_KEPT),
    (_TEST_RESULTS, TEST_RESULTS_KEPT),
    (_ENTERED, ENTERED_KEPT),
    (_USED_HOSTS, USED_HOSTS_KEPT),
    (_SANDBOX_EVENTS, EVENTS_KEPT),
    (_SANDBOX_FINDINGS, EVENTS_KEPT),
    (_DRAFTS, DRAFTS_KEPT),
    (_SESSIONS, SESSIONS_KEPT),
    (_DIGESTS, DIGESTS_KEPT),
)


def pruning_steps(now: datetime) -> list[Step]:
    """Returns a step for each kind of row that is kept for a while only. The rows that others have locked are left."""
    return [partial(_prune, statement, now - kept) for statement, kept in _KEPT]


def _prune(statement: TextClause, before: datetime, session: Session, limit: int) -> int:
    return cast("CursorResult[Any]", session.execute(statement, {"before": before, "limit": limit})).rowcount
