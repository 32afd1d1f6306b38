"""When a mail that has waited says what is no longer so, because its link has ended or what it asks for is settled.

A mail waits while the mail server is away, and one that was given up may be replayed days later. What already happened
is told however late; what somebody is asked for, or may do, is told only as long as it holds.
"""

from collections.abc import Mapping
from typing import Final

from workflow.notifications.kinds import NotificationKind


def _has_ended(moment: str) -> str:
    """Returns the condition that a moment in `data`, as a text, lies in the past."""
    said = f"n.data ->> '{moment}'"
    return f"CASE WHEN pg_input_is_valid({said}, 'timestamptz') THEN CAST({said} AS timestamptz) <= now() END"


_CAUSE: Final = "split_part(n.cause, ':', 2)"
_SUBJECT: Final = f"CASE WHEN pg_input_is_valid({_CAUSE}, 'uuid') THEN CAST({_CAUSE} AS uuid) END"
"""The id after the first colon of the cause: of a proof, a token, a review or a Component."""
_LINK: Final = _has_ended("expires")
_PROOF: Final = f"""({_LINK} OR EXISTS (
    SELECT FROM address_proof x LEFT JOIN person holder ON holder.id = x.person_id
     WHERE x.id = {_SUBJECT} AND (x.proved_at IS NOT NULL OR holder.removed_at IS NOT NULL)))"""
_REVIEW: Final = f"EXISTS (SELECT FROM review x WHERE x.id = {_SUBJECT} AND {{}})"
_SUSPENSION: Final = """NOT EXISTS (
    SELECT FROM suspension x WHERE x.app_id = n.app_id AND x.ended_at IS NULL AND x.confirmed_at IS NULL)"""
_PROPOSAL: Final = "EXISTS (SELECT FROM app x WHERE x.id = n.app_id AND x.proposal <> n.app_version)"

OUTDATED: Final[Mapping[NotificationKind, str]] = {
    NotificationKind.WELCOME: _LINK,
    NotificationKind.COLLEAGUE_INVITED: _LINK,
    NotificationKind.SIGN_IN: _LINK,
    NotificationKind.ACCESS_PROOF: _PROOF,
    NotificationKind.ADDRESS_PROOF: _PROOF,
    NotificationKind.TOKEN_PROOF: _PROOF,
    NotificationKind.TOKEN_ENDS: f"""({_has_ended("ends")} OR EXISTS (
        SELECT FROM api_token x WHERE x.id = {_SUBJECT} AND x.revoked_at IS NOT NULL))""",
    NotificationKind.TEST_SETTINGS_END: f"""({_has_ended("ends")} OR EXISTS (
        SELECT FROM component c LEFT JOIN component_test_settings x ON x.component_id = c.id
         WHERE c.id = {_SUBJECT} AND (c.removed_at IS NOT NULL OR x.reminded_at IS NULL)))""",
    NotificationKind.REVIEW_HANDED_OVER: _REVIEW.format("x.claimed_by IS DISTINCT FROM n.recipient_id"),
    NotificationKind.REVIEW_UNHELD: _REVIEW.format("x.claimed_by IS NOT NULL"),
    NotificationKind.CLAIM_LAPSED: _REVIEW.format("x.claimed_by = n.recipient_id"),
    NotificationKind.SUSPENSION_TO_CONFIRM: _SUSPENSION,
    NotificationKind.SUSPENSION_UNCONFIRMED: _SUSPENSION,
    NotificationKind.APPROVAL_PROPOSED: _PROPOSAL,
    NotificationKind.REMOVAL_PROPOSED: _PROPOSAL,
    NotificationKind.REVIEWER_DIGEST: "n.created_at < now() - interval '12 hours'",
}
"""For each kind the SQL condition under which a notification `n` is outdated. It finds its rows by their keys."""


def is_outdated() -> str:
    """Returns the condition that the notification `n` says what is no longer so. Only its own kind's is evaluated."""
    cases = " ".join(f"WHEN '{kind.value}' THEN {condition}" for kind, condition in OUTDATED.items())
    return f"coalesce(CASE n.kind {cases} END, false)"
