"""Proofs that a host is a company's, so that requests may be tried out on it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of
from models.due import DueMixin, due_constraints


class ProofPlace(StrEnum):
    """Where a challenge was found: on a page of the host, or in a TXT record of its name."""

    PAGE = "page"
    DNS = "dns"


class HostProof(DueMixin, Base):
    """A company's challenge for one host, which the host serves to show that it is the company's.

    The challenge is no secret: the company publishes it. The row is due while a check of the host is asked for. Until
    `expires_at` the host can be proved or, once it is (`proved_at`), is taken for the company's.
    """

    __tablename__ = "host_proof"

    id: Mapped[Id]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    host: Mapped[str] = mapped_column(Text(collation="C"))
    challenge: Mapped[str]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    begun_by: Mapped[UUID]
    created_at: Mapped[CreatedAt]
    asked_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    proved_at: Mapped[datetime | None]
    found_in: Mapped[str | None] = mapped_column(String(8))
    expires_at: Mapped[datetime]

    __table_args__ = (
        *due_constraints(),
        one_of("found_in", ProofPlace),
        CheckConstraint("(proved_at IS NULL) = (found_in IS NULL)", name="proved"),
        UniqueConstraint("organization_id", "host", name="host_proof_host_key"),
        Index("host_proof_dead_idx", "id", postgresql_where=text("status = 'dead'")),
    )
