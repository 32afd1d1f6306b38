"""The membership of an App in the partner program."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of
from models.lifecycle import MembershipState


class Membership(Base):
    """An App's latest application, the decision on it, and its end. Earlier applications are in the audit log.

    A member is shown as one only while its App is public. A suspension pauses the membership, a removal ends it.
    """

    __tablename__ = "membership"

    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    applied_at: Mapped[datetime]
    applied_by: Mapped[UUID]
    message: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None]
    left_at: Mapped[datetime | None]
    left_by: Mapped[UUID | None]

    __table_args__ = (
        one_of("state", MembershipState),
        CheckConstraint("state <> 'applied' OR decided_at IS NULL", name="applied"),
        CheckConstraint("state NOT IN ('member', 'declined') OR decided_at IS NOT NULL", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("state <> 'declined' OR reason IS NOT NULL", name="declined"),
        CheckConstraint("(state = 'left') = (left_at IS NOT NULL)", name="left"),
        CheckConstraint("(left_at IS NULL) = (left_by IS NULL)", name="left_by"),
        Index(None, "applied_at", "app_id"),
        Index("membership_open_idx", "applied_at", "app_id", postgresql_where=text("state = 'applied'")),
    )
