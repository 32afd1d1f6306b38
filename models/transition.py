"""The append-only log of each App's transitions: a chain of foreign keys that makes illegal states unstorable."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.lifecycle import APP_EDGES, BIRTHS, OPENING, SUBMITTING

EDGE = "from_state || ' ' || from_open_kind || ' ' || trigger || ' ' || to_state || ' ' || open_kind"
"""A row's edge as one text. Postgres looks a text up in a hash table, where it would compare rows one by one."""


def edge_check() -> str:
    """Returns the condition that a row is one of the edges."""
    edges = ", ".join(
        f"'{edge.source} {edge.review} {edge.trigger} {edge.target} {edge.review_after}'" for edge in APP_EDGES
    )
    return f"{EDGE} IN ({edges})"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


_OPENS = f"trigger IN ({_listed(OPENING)})"
_SUBMITS = f"(trigger IN ({_listed(SUBMITTING)}) OR trigger = 'appeal' AND from_state <> 'suspended')"
"""What `submits` of `models.lifecycle` says, as SQL."""

WHAT_FOLLOWS = {
    "submits": f"CASE WHEN {_SUBMITS} THEN version END",
    "opens": f"CASE WHEN {_OPENS} THEN version END",
    "subject": f"CASE WHEN NOT ({_OPENS}) THEN NULL WHEN {_SUBMITS} THEN version ELSE published END",
}
"""The SQL expressions of the columns that follow from the others. They are no generated columns, because to add one to
a table in use rewrites it."""
OPEN_REVIEW_CHECK = f"""
    (from_open_kind = 'none') = (from_open_review = 0)
    AND open_review = CASE WHEN open_kind = 'none' THEN 0 WHEN {_OPENS} THEN version
                           ELSE from_open_review END
"""
"""A review is known by the version that opened it, and is the same one until it ends."""

PUBLISHED_CHECK = """
    published = CASE WHEN trigger = 'adopt' THEN version
                     WHEN trigger = 'approve' AND NOT (from_state = 'suspended' AND from_open_kind = 'appeal')
                     THEN from_open_review ELSE from_published END
    AND (version > 1 OR from_published = 0)
"""
"""What is public is the submission of the review that was approved last, known by the version that opened it."""


CHANGES_WHAT_IS_PUBLIC = (
    "published > 0 AND trigger IN ('adopt', 'approve', 'promote', 'suspend', 'reinstate', 'unlist', 'relist', 'remove')"
)
"""The condition for the rows that change what customers and services get of an App."""


class Transition(Base):
    """One transition of one App. Each row refers to the row before it: version n starts in the state n - 1 led to.

    So does the open review, by its kind and the version that opened it, and what is published, by the version that
    submitted it (0: nothing). `submits` is the version of the submission that the row freezes; `opens` is that of the
    review that it opens, and `subject` that of the submission which the review is of. CHECKs say which rows have
    them, and a row whose submission or review is missing when the transaction ends is refused.

    `hash` is an HMAC over this row and the hash of the row before it (see `workflow.history.chain`). `actor_id` is
    opaque, so that the log holds no personal data. `reason_commitment` is a salted hash of the reasons, which can be
    erased.
    """

    __tablename__ = "transition"

    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    previous_version: Mapped[int | None] = mapped_column(
        Computed("CASE WHEN version > 1 THEN version - 1 END", persisted=True)
    )
    from_state: Mapped[str] = mapped_column(String(16))
    trigger: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    from_open_kind: Mapped[str] = mapped_column(String(8))
    open_kind: Mapped[str] = mapped_column(String(8), server_default=text("refuse_old_writer()"))
    from_open_review: Mapped[int]
    open_review: Mapped[int]
    from_published: Mapped[int]
    published: Mapped[int]
    submits: Mapped[int | None]
    opens: Mapped[int | None]
    subject: Mapped[int | None]
    actor_id: Mapped[UUID]
    actor_role: Mapped[str] = mapped_column(String(16))
    policy_version: Mapped[int] = mapped_column(ForeignKey("policy_version.version"))
    request_id: Mapped[UUID]
    at: Mapped[datetime]
    reason_commitment: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))

    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(f"(version = 1) = (trigger IN ({_listed(BIRTHS)}))", name="birth"),
        CheckConstraint(edge_check(), name="edge"),
        CheckConstraint(OPEN_REVIEW_CHECK, name="open_review"),
        CheckConstraint(PUBLISHED_CHECK, name="published"),
        *(
            CheckConstraint(f"{column} IS NOT DISTINCT FROM {expression}", name=column)
            for column, expression in WHAT_FOLLOWS.items()
        ),
        CheckConstraint("length(hash) = 32", name="hash"),
        Index(
            "transition_result_key",
            "app_id",
            "version",
            "to_state",
            "open_kind",
            "open_review",
            "published",
            unique=True,
        ),
        UniqueConstraint("app_id", "request_id", name="transition_request_key"),
        ForeignKeyConstraint(
            [
                "app_id",
                "previous_version",
                "from_state",
                "from_open_kind",
                "from_open_review",
                "from_published",
            ],
            [
                "transition.app_id",
                "transition.version",
                "transition.to_state",
                "transition.open_kind",
                "transition.open_review",
                "transition.published",
            ],
            name="transition_chain_fkey",
            use_alter=True,
        ),
        ForeignKeyConstraint(
            ["app_id", "submits"],
            ["submission.app_id", "submission.app_version"],
            name="transition_submits_fkey",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        ForeignKeyConstraint(
            ["app_id", "opens", "open_kind", "subject"],
            ["review.app_id", "review.opened_version", "review.kind", "review.subject"],
            name="transition_opens_fkey",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        Index("transition_at_idx", "at", postgresql_using="brin"),
        Index("transition_changes_idx", "at", "app_id", "version", postgresql_where=text(CHANGES_WHAT_IS_PUBLIC)),
    )


class TransitionReason(Base):
    """The reasons for a transition, in people's own words. Deleting the row leaves the log's hashes valid."""

    __tablename__ = "transition_reason"

    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    __table_args__ = (ForeignKeyConstraint(["app_id", "version"], ["transition.app_id", "transition.version"]),)
