"""The workspaces that use an App: customers and OAuth installs, as a service reported them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class _Workspace:
    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), primary_key=True)
    workspace: Mapped[str] = mapped_column(String(128), primary_key=True)
    reported_by: Mapped[UUID]
    reported_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Customer(_Workspace, Base):
    """A workspace that enabled the App. It counts until it is withdrawn."""

    __tablename__ = "customer"
    __table_args__ = (CheckConstraint("length(workspace) >= 1", name="workspace"),)


class OAuthInstall(_Workspace, Base):
    """A workspace on which the App was installed through its OAuth flow."""

    __tablename__ = "oauth_install"
    __table_args__ = (CheckConstraint("length(workspace) >= 1", name="workspace"),)
