"""Versions of the policy: the numbers and sets of requirements that rules judge by. Never edited in place."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt


class PolicyVersion(Base):
    """One version of the policy. The highest version is the current one; `workflow.policy.document` parses it.

    Postgres computes `digest` when the version is stored. Versions from before that have none.
    """

    __tablename__ = "policy_version"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note: Mapped[str]
    published_by: Mapped[UUID]
    published_at: Mapped[CreatedAt]
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("length(digest) = 32", name="digest"),
    )
