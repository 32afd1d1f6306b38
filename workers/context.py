"""What workers are given: the database, the bells, the world outside. Built once a process in `workers.main`."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from workers.judging.in_flight import InFlightBatches
from workers.pages import FetchesPages
from workflow.lifecycle.apply import WriteContext
from workflow.lifecycle.rulebook import AppRulebook
from workflow.policy.document import KnownPolicies
from workflow.profile.document import Profile


class SendsMail(Protocol):
    """Hands messages to a mail server."""

    def send(self, message: EmailMessage) -> None:
        """Returns when the server has taken the message; raises OSError or smtplib.SMTPException otherwise."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The world of a worker process. `ring` never blocks nor raises; `reached` marks named fault points.

    `unseal` opens what was encrypted with a key of the ring; it raises ValueError when none fits. `judging` is set
    while this process has a batch, or knows of more.
    """

    engine: Engine
    in_flight: InFlightBatches
    history_key: bytes
    rulebook: AppRulebook
    ring: Callable[..., None]
    reached: Callable[[str], None]
    unseal: Callable[[str], str]
    http: FetchesPages
    mail: SendsMail
    mail_from: str
    profile: Profile
    public_url: str
    batch_size: int
    export_head: Callable[[dict[str, object]], None]
    count_outcomes: Callable[[str, int], None]
    count_worked: Callable[[str, str], None]
    took_batch: Callable[[float], None]
    judging: threading.Event = field(default_factory=threading.Event)
    policies: KnownPolicies = field(default_factory=KnownPolicies)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """One transaction: commits when the block ends, rolls back when it raises."""
        with Session(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def autocommit(self) -> Iterator[Session]:
        """A session whose statements are transactions of their own: a round trip each."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield Session(connection)

    def now_and_writer(self, session: Session) -> tuple[datetime, WriteContext]:
        """Returns the database's time and what writing transitions needs, with the policies as they are now."""
        now, policies = self.policies.read(session)
        return now, WriteContext(self.history_key, self.rulebook, policies, self.reached)


def database_now(session: Session) -> datetime:
    """Returns the database's present time: one clock for all machines."""
    now: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now
