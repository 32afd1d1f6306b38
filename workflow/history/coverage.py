"""What `history verify` covers: tables whose rows are sealed, columns that are left out, and tables without cover.

Every table and column of the schema is in one of these lists: a test holds them complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from models import Base

ERASABLE = "personal data, which can be erased"
BOOKKEEPING = "how a worker got the work done, not what came of it"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table whose rows are sealed once they are final. `t` stands for the row in all SQL.

    `time` says since when a row is final; it is the time of the transaction that made it so, or later. `final` is the
    condition for it, and `source` the tables that both read. `left_out` are the columns that a seal does not cover,
    each with the reason. `is_draft`: rows can be deleted, and can become final long after their time; neither shows
    tampering.
    """

    table: str
    time: str
    final: str = "true"
    source: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)
    is_draft: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are sealed from now on. A segment names those of its time."""
        return tuple(
            column.name for column in Base.metadata.tables[self.table].columns if column.name not in self.left_out
        )

    @property
    def rows(self) -> str:
        """The FROM clause."""
        return self.source or f"{self.table} t"

    @property
    def key(self) -> str:
        """The SQL expression for the row's primary key as a text."""
        return " || ' ' || ".join(f"t.{column.name}::text" for column in Base.metadata.tables[self.table].primary_key)


_WORK = dict.fromkeys(("status", "due_at", "attempts", "leased_until", "last_error", "lane", "urgency"), BOOKKEEPING)

SEALED: Final[Mapping[str, Sealed]] = {
    one.table: one
    for one in (
        Sealed("audit_entry", "t.at"),
        Sealed("history_key", "t.recorded_at"),
        Sealed("policy_version", "t.published_at"),
        Sealed("saved_reason", "t.written_at"),
        Sealed("submission", "t.submitted_at"),
        Sealed("review_message", "t.written_at"),
        Sealed("internal_note", "t.written_at"),
        Sealed(
            "asset",
            "t.uploaded_at",
            "t.sanitised",
            left_out={"id": "with another id it is as good as deleted, which partners may do with a draft's picture"},
            is_draft=True,
        ),
        Sealed("review", "t.closed_at", "t.closed_at IS NOT NULL"),
        Sealed(
            "review_step",
            "r.closed_at",
            "r.closed_at IS NOT NULL",
            "review_step t JOIN review r ON r.id = t.review_id",
            left_out=_WORK,
        ),
        Sealed(
            "component_test",
            "coalesce(t.finished_at, t.requested_at)",
            "t.status = 'done'",
            left_out={column: why for column, why in _WORK.items() if column != "status"},
        ),
        Sealed(
            "access_request",
            "t.decided_at",
            "t.decided_at IS NOT NULL",
            left_out={
                "contact_name": ERASABLE,
                "contact_email": ERASABLE,
                "mail_domain": ERASABLE,
                "survey": ERASABLE,
                "secret_hash": "a secret of the person who asked, of no use after the decision",
                "findings": "a check of the website may come in after the decision",
                "overdue_marked_at": "when reviewers were reminded",
            },
        ),
    )
}
"""The tables whose rows are sealed in segments."""

CHAINED: Final[Mapping[str, Mapping[str, str]]] = {
    "transition": {"previous_version": "Postgres computes it from `version`"},
    "transition_reason": {},
    "history_segment": {},
    "app": {
        "look_alike": "a present exception, which the audit log has",
        "slug": "the partner's words, and no part of a decision; changes are in the audit log",
        "name": "the partner's words; what was reviewed is in the submission",
        "organization_id": "the company; the submissions and the audit log say who acted for it",
        "revision": "counts edits of the draft",
        "proposal": "names a row of the log",
        "touched": "names edits of the draft, each of which is in the audit log",
        "looked_at": "the log has the time of each approval and each look",
        "onboarded_customers": "counts reports, each of which is in the audit log",
        "oauth_installed": "follows from reports, each of which is in the audit log",
        "created_at": "the log's first row has the time",
    },
    "transition_request": {
        "position": "the order of acceptance, which the log's order shows",
        "expected_state": "a wish of the caller; the log has the state that was judged",
        "expected_version": "a wish of the caller; the log has the version that was judged",
        "publish_at": "a wish of the caller, which only puts off what was approved",
        "expected_review": "a wish of the caller; the log has the review that was judged",
        "reasons": "the log commits to the reasons of an applied request",
        "source": "the way of the request, not its effect",
        "organization_id": "follows from the person, whom the log names",
        "idempotency_key": "is pruned after 30 days",
        "body_hash": "recognises a repetition",
        "received_at": "the log has the time of the decision",
        "due_at": BOOKKEEPING,
        "attempts": BOOKKEEPING,
        "last_error": BOOKKEEPING,
        "observed": "unmet rules that did not count",
        "unmet": "an applied request has none",
        "status": "of a refused request nothing follows; an applied one is in the log",
    },
}
"""The tables that are verified against each other, by the log's chain of hashes, with the columns that are left out."""

NOT_COVERED: Final[Mapping[str, str]] = {
    "planned_publication": "a clock; what was approved, and what was shown before, are in the log",
    "grace_period": "a clock; the flag that began it and what ended it are in the log",
    "suspension": "the log has each suspension, and the audit log each confirmation",
    "access_contact": "personal data, which can be erased; decisions rest on the request",
    "api_token": "present rights; making and revoking one is in the audit log",
    "person_identity": "personal data, which can be erased; that one was linked is in the audit log",
    "sign_in_link": "how somebody signs in; each session that begins is in the audit log",
    "address_proof": "personal data, which is pruned; decisions rest on the request",
    "allowed_slug": "present exceptions; each is in the audit log",
    "apply_batch": "markers of batches in flight",
    "catalog_entry": "derived from submissions, and mended from them every ten minutes",
    "checklist_item": "the draft; what was reviewed is in the submission",
    "component": "the draft; what was reviewed is in the submission",
    "component_test_result": "what was sent and answered, pruned; the colour of each is in the run",
    "used_host": "when hosts were last reached, pruned; each run is covered",
    "component_test_settings": "secrets of partners; giving them is in the audit log",
    "customer": "reports of services, each of which is in the audit log",
    "draft_check": "a look at a draft, which decides nothing",
    "failing_lane": "work in progress",
    "host_proof": "present rights; beginning, proving and removing one is in the audit log",
    "idempotency_key": "answers for repeated calls, pruned after 30 days",
    "invitation": "personal data, which can be erased; each step is in the audit log",
    "job_tick": "work in progress, pruned",
    "membership": "present state; each step is in the audit log",
    "notification": "work in progress",
    "oauth_install": "reports of services, each of which is in the audit log",
    "organization": "present data of a company; decisions rest on the access request and the submission",
    "person": "personal data, which can be erased; the log names ids",
    "preview_link": "secrets of partners; making and revoking one is in the audit log",
    "rejected_message": "nothing follows from it",
    "resting_app": "work in progress",
    "review_draft": "words that nobody was sent",
    "sandbox_declared": "what came to the sandbox, which a submission's steps look at again",
    "sandbox_event": "personal data of strangers, which is deleted after a few days",
    "service": "present data; issuing its tokens is in the audit log",
    "unread_messages": "present state; the messages are sealed",
    "website_check": "work in progress; the decision rests on the access request",
}
"""The tables that are not covered, each with the reason."""
