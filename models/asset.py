"""The pictures of an App: its logo, its mark and its screenshots."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, SmallInteger, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of


class AssetKind(StrEnum):
    """What a picture is for."""

    LOGO = "logo"
    MARK = "mark"
    SCREENSHOT = "screenshot"


class Asset(Base):
    """What of an uploaded picture is safe to show, without metadata. `sha256` is the hash of the content.

    `media_type`, `width` and `height` were read from the content. The width and height of an SVG are its proportions.
    Of a screenshot, `likeness` are bits that pictures which look alike share, and `evenness` is how much of it has one
    colour, in thousandths. Both are null for other pictures and for those of earlier versions.
    A picture never changes, with one exception: if it is not `sanitised`, it was stored as it was uploaded, by an
    earlier version, and is replaced when it is shown for the first time.
    """

    __tablename__ = "asset"

    id: Mapped[Id]
    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"))
    kind: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    media_type: Mapped[str]
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    likeness: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    evenness: Mapped[int | None] = mapped_column(SmallInteger)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sanitised: Mapped[bool] = mapped_column(server_default=false())
    uploaded_by: Mapped[UUID]
    uploaded_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("kind", AssetKind),
        one_of("media_type", ["image/svg+xml", "image/png", "image/jpeg", "image/webp"]),
        CheckConstraint("sha256 = sha256(content) AND size = length(content)", name="content"),
        CheckConstraint("width > 0 AND height > 0", name="measure"),
        UniqueConstraint("app_id", "kind", "sha256", name="asset_content_key"),
    )
