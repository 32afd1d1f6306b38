"""The evidence that a partner gives for the requirements of the launch checklist."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of
from models.due import NO_LANE


class Requirement(StrEnum):
    """The requirements of the launch checklist, in the order in which a partner meets them."""

    WORKING_INTEGRATION = "working_integration"
    APP_INFO = "app_info"
    PLATFORM_DOCUMENTATION = "platform_documentation"
    PARTNER_DOCUMENTATION = "partner_documentation"
    CATALOG_DETAILS = "catalog_details"
    PARTNERS_PAGE = "partners_page"
    LAUNCH_ANNOUNCEMENT = "launch_announcement"
    TEST_ACCOUNT = "test_account"
    REPLAY_INFO = "replay_info"


GIVEN_REQUIREMENTS: tuple[Requirement, ...] = tuple(
    code for code in Requirement if code is not Requirement.WORKING_INTEGRATION
)
"""The requirements that are met by evidence. A working integration is met by test runs instead."""


SECRET_FIELDS = frozenset({"password", "totp_secret", "api_key", "code", "mailbox_password"})
"""The fields of a test account, whatever its kind, that are stored encrypted."""


class ChecklistItem(Base):
    """The current evidence for one requirement of one App. The evidence that was reviewed is in the submission.

    `findings` are those of the rules that need no network. Evidence with findings does not count as given. `lane` is
    the lane of work that fetches its URL. `revision` counts the changes of the evidence.
    """

    __tablename__ = "checklist_item"

    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    lane: Mapped[str] = mapped_column(Text(collation="C"), server_default=NO_LANE)
    revision: Mapped[int] = mapped_column(server_default="1")
    given_by: Mapped[UUID]
    given_at: Mapped[datetime]

    __table_args__ = (one_of("code", GIVEN_REQUIREMENTS), CheckConstraint("lane <> ''", name="lane"))
