"""A company's request for access, the people who asked, proofs of addresses, and invitations to join a company."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of
from models.due import DueMixin, due_constraints
from models.lifecycle import AccessState, Role


class ProofPurpose(StrEnum):
    """What the proof of an address is for: asking for access, changing one's address, or a new token for a lost one."""

    ACCESS = "access"
    ADDRESS = "address"
    TOKEN = "token"


class AddressProof(Base):
    """A mailed link by which somebody shows that an address is theirs. Only the SHA-256 of its code is stored.

    Until it is proved, what was asked for counts for nothing: the content of a request for access waits in `content`.
    Then the proof names the request that the content became (`access_request_id`), or the colleague whom it added to
    one (`access_contact_id`), and keeps `secret_hash` as the requester's way to read it. Bounds count asking by
    `mailbox`, and what was proved by `counted_by`: the mailbox at a provider of mail, else the address's domain.
    """

    __tablename__ = "address_proof"

    id: Mapped[Id]
    purpose: Mapped[str] = mapped_column(String(16))
    email: Mapped[str]
    mailbox: Mapped[str]
    counted_by: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]
    access_request_id: Mapped[UUID | None] = mapped_column(ForeignKey("access_request.id"))
    access_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("access_contact.id"))

    __table_args__ = (
        one_of("purpose", ProofPurpose),
        CheckConstraint("length(code_hash) = 32 AND length(secret_hash) = 32", name="hashes"),
        CheckConstraint("(purpose = 'access') = (secret_hash IS NOT NULL)", name="secret"),
        CheckConstraint("(purpose = 'access') = (person_id IS NULL)", name="person"),
        CheckConstraint("(content IS NOT NULL) = (purpose = 'access' AND proved_at IS NULL)", name="content"),
        CheckConstraint(
            "(access_request_id IS NOT NULL) = (purpose = 'access' AND proved_at IS NOT NULL)", name="request"
        ),
        CheckConstraint("access_contact_id IS NULL OR access_request_id IS NOT NULL", name="contact"),
        Index("address_proof_secret_key", "secret_hash", unique=True),
        Index("address_proof_mailbox_idx", "mailbox", "created_at"),
        Index(
            "address_proof_counted_by_idx", "counted_by", "proved_at", postgresql_where=text("proved_at IS NOT NULL")
        ),
        Index("address_proof_expires_at_idx", "expires_at", postgresql_where=text("proved_at IS NULL")),
    )


class AccessRequest(Base):
    """A request for access with its plan and survey. Approving it assigns it to an organization.

    `domain` is the registrable domain of the website, None if it is at a host that many share; `mail_domain` is that of
    the contact's address, which was proved. When the two are equal the contact speaks for the company, and a company
    has at most one such open request.
    """

    __tablename__ = "access_request"

    id: Mapped[Id]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    company_name: Mapped[str]
    website: Mapped[str]
    domain: Mapped[str | None]
    contact_name: Mapped[str]
    contact_email: Mapped[str]
    mail_domain: Mapped[str | None]
    plan: Mapped[str]
    component_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    survey: Mapped[dict[str, Any]] = mapped_column(JSONB)
    agreements: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(16), server_default=AccessState.REQUESTED)
    requested_at: Mapped[CreatedAt]
    due_at: Mapped[datetime]
    overdue_marked_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision_reason: Mapped[str | None]

    __table_args__ = (
        one_of("state", AccessState),
        CheckConstraint("(state = 'requested') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("state <> 'approved' OR organization_id IS NOT NULL", name="approved"),
        CheckConstraint("state <> 'declined' OR decision_reason IS NOT NULL", name="declined"),
        Index("access_request_secret_key", "secret_hash", unique=True),
        Index(
            "access_request_company_key",
            "domain",
            unique=True,
            postgresql_where=text("state = 'requested' AND domain = mail_domain"),
        ),
        Index("access_request_state_idx", "state", "id"),
        Index("access_request_domain_idx", "domain", "id"),
        Index("access_request_contact_idx", func.lower(text("contact_email")), "id"),
    )


class AccessContact(Base):
    """Another person of the company who asked for access, and was added to its request instead of opening a second."""

    __tablename__ = "access_contact"

    id: Mapped[Id]
    access_request_id: Mapped[UUID] = mapped_column(ForeignKey("access_request.id"))
    name: Mapped[str]
    email: Mapped[str]
    mail_domain: Mapped[str]
    plan: Mapped[str]
    component_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    survey: Mapped[dict[str, Any]] = mapped_column(JSONB)
    agreements: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("length(secret_hash) = 32", name="secret_hash"),
        Index("access_contact_once_key", "access_request_id", func.lower(text("email")), unique=True),
    )


class WebsiteCheck(DueMixin, Base):
    """The check whether the company's website answers. It is due work: a worker fetches the site after the commit."""

    __tablename__ = "website_check"

    id: Mapped[Id]
    access_request_id: Mapped[UUID] = mapped_column(ForeignKey("access_request.id"), unique=True)
    url: Mapped[str]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    created_at: Mapped[CreatedAt]
    checked_at: Mapped[datetime | None]

    __table_args__ = (
        *due_constraints(),
        CheckConstraint("(status = 'done') = (checked_at IS NOT NULL)", name="checked"),
        Index("website_check_dead_idx", "id", postgresql_where=text("status = 'dead'")),
    )


class Invitation(Base):
    """A one-time code that is exchanged for a person and a first token. Only its SHA-256 is stored.

    It is open until it is accepted or revoked. An address has at most one open invitation to an organization.
    """

    __tablename__ = "invitation"

    id: Mapped[Id]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), index=True)
    access_request_id: Mapped[UUID | None] = mapped_column(ForeignKey("access_request.id"), index=True)
    role: Mapped[str] = mapped_column(String(16), server_default=Role.PARTNER)
    name: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str]
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    invited_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("role", [Role.PARTNER]),
        CheckConstraint("length(code_hash) = 32", name="code_hash"),
        CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted"),
        CheckConstraint("num_nonnulls(accepted_at, revoked_at) <= 1", name="ended"),
        Index(
            "invitation_open_key",
            "organization_id",
            func.lower(text("email")),
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
        Index("invitation_invited_by_idx", "invited_by"),
    )
