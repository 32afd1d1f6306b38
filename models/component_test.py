"""Runs of the tests of Components, their results one by one, and the test settings that the service runs them with."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, CreatedAt, Id, one_of
from models.due import DueMixin, due_constraints

MAX_BODY_CHARACTERS = 64 * 1024
"""The longest body of a request that is kept."""
MAX_ANSWER_CHARACTERS = 4 * 1024
"""How much of an answer is kept."""


class TestColour(StrEnum):
    """The result of a test run. A Component is tested when its latest suite, at its current revision, is not red."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class ResultSource(StrEnum):
    """Where results come from. Only the service's own runs and those of a trusted rig make a Component tested."""

    REPORTED = "reported"
    SERVICE = "service"
    RIG = "rig"


class RunScope(StrEnum):
    """What a run covers: everything that the Component declares, one kind of event, or one message of the partner's.

    A `look` is the suite without what could disturb an endpoint that is in use, and a `burst` many events at once. Only
    reviews start them.
    """

    SUITE = "suite"
    EVENT = "event"
    TRY_OUT = "try_out"
    LOOK = "look"
    BURST = "burst"


class ComponentTest(DueMixin, Base):
    """One run of a Component's tests, at one revision. A run that a rig reports is `done` from the start.

    `position` is the order of recording, assigned by the database: ids follow the clock of the process that made them.
    `reporter` names the rig. `results` are the event, status, message and colour of each counting result, written when
    the run ends; component_test_result has them in full. `subject` are the Component's settings that the run tests, and
    `wanted` what the partner asked for: the `event` of a run of one event, the `message` of a try-out. A run that a
    review started has its `review_id`.
    """

    __tablename__ = "component_test"

    id: Mapped[Id]
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=False))
    component_id: Mapped[UUID] = mapped_column(ForeignKey("component.id"))
    component_revision: Mapped[int]
    source: Mapped[str] = mapped_column(String(16), server_default=ResultSource.REPORTED)
    reporter: Mapped[str | None]
    scope: Mapped[str] = mapped_column(String(16), server_default=RunScope.SUITE)
    suite_version: Mapped[int | None]
    subject: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    wanted: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    colour: Mapped[str | None] = mapped_column(String(8))
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    requested_by: Mapped[UUID]
    requested_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    review_id: Mapped[UUID | None] = mapped_column(ForeignKey("review.id"))

    __table_args__ = (
        *due_constraints(),
        one_of("colour", TestColour),
        one_of("source", ResultSource),
        one_of("scope", RunScope),
        CheckConstraint("(status = 'done') = (colour IS NOT NULL)", name="done"),
        CheckConstraint("(source = 'rig') = (reporter IS NOT NULL)", name="reporter"),
        CheckConstraint("suite_version >= 1", name="suite_version"),
        Index(None, "component_id", "id"),
        Index(
            "component_test_suite_idx",
            "component_id",
            "component_revision",
            "position",
            postgresql_where=text("scope = 'suite' AND status = 'done'"),
        ),
        Index("component_test_dead_idx", "id", postgresql_where=text("status = 'dead'")),
        Index("component_test_review_idx", "review_id", "id", postgresql_where=text("review_id IS NOT NULL")),
    )


class ComponentTestResult(Base):
    """One case of a run: what was sent, what came back, and what was found. Written when the case has ended.

    `headers` are those sent, with placeholders for secrets. `status` is None if there was no answer; `answer` is its
    text, cut; `is_json` whether it was JSON. An `observed` case shows its colour and leaves that of the run alone.
    `facts` are what a later run may compare, such as the SHA-256 of a bundle.
    """

    __tablename__ = "component_test_result"

    test_id: Mapped[UUID] = mapped_column(ForeignKey("component_test.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[Code]
    event: Mapped[str | None]
    method: Mapped[str | None] = mapped_column(String(16))
    url: Mapped[str | None]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[str | None]
    status: Mapped[int | None]
    answer: Mapped[str | None]
    is_json: Mapped[bool | None]
    message: Mapped[str | None]
    latency_ms: Mapped[int | None]
    colour: Mapped[str] = mapped_column(String(8))
    observed: Mapped[bool] = mapped_column(server_default=text("false"))
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    recorded_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("colour", TestColour),
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("status BETWEEN 100 AND 999", name="status"),
        CheckConstraint(f"length(answer) <= {MAX_ANSWER_CHARACTERS}", name="answer"),
        CheckConstraint(f"length(body) <= {MAX_BODY_CHARACTERS}", name="body"),
        Index(None, "recorded_at"),
    )


class HostUse(StrEnum):
    """What is bounded by the host that it reaches, by each of its addresses, and by the company that it is done for."""

    BURST = "burst"
    TRY_OUT = "try_out"


class UsedHost(Base):
    """A burst or a try-out of a run that was about to reach a host, written before it began. One row for each address.

    Addresses are those of partners' servers.
    """

    __tablename__ = "used_host"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("component_test.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    use: Mapped[str] = mapped_column(String(8))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    host: Mapped[str]
    used_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("use", HostUse),
        Index(None, "use", "host", "used_at"),
        Index(None, "use", "address", "used_at"),
        Index(None, "use", "organization_id", "used_at"),
        Index(None, "used_at"),
    )


class ComponentTestSettings(Base):
    """What the service's own runs of a Component send as a customer's settings: a test key and values, encrypted.

    `sealed` is the JSON of both; `names` are those of the values that it has. They end at `ends_at`, after which no run
    uses them. `reminded_at`: when the partner was told that they will end.
    """

    __tablename__ = "component_test_settings"

    component_id: Mapped[UUID] = mapped_column(ForeignKey("component.id"), primary_key=True)
    sealed: Mapped[str]
    names: Mapped[list[str]] = mapped_column(JSONB)
    ends_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    given_by: Mapped[UUID]
    given_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("component_test_settings_ends_at_idx", "ends_at", postgresql_where=text("reminded_at IS NULL")),
    )
