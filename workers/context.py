"""The dependencies of workers: the database, the bells, HTTP, mail. `workers.main` builds them once in each process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from workers.endpoints import PostsToEndpoints
from workers.judging.in_flight import InFlightBatches
from workers.pages import FetchesPages
from workflow.component_tests.bundles.reading import Confined
from workflow.lifecycle.apply import WriteContext
from workflow.lifecycle.rulebook import AppRulebook
from workflow.notifications.letterhead import Letterhead
from workflow.policy.document import KnownPolicies
from workflow.profile.document import Profile
from workflow.sql.pipeline import DirectSession, direct_connection
from workflow.work.bells import bells_of
from workflow.work.leases import ServiceAway


class OutdatedReleaseError(ServiceAway):
    """A newer release has migrated the database, so that what this one writes may lack something: this one waits."""


class SendsMail(Protocol):
    """A client that sends mail."""

    def send(self, message: EmailMessage, *, is_wanted: Callable[[], bool]) -> bool:
        """Returns whether the mail server has accepted the message. Raises OSError if it does not accept it.

        Asks `is_wanted` when the server waits for the message's content, and returns False if it no longer is.

        The error has `is_final` set if the server would refuse the message again, and `is_recipients` if the server did
        not answer for this recipient alone, and `is_servers` if it would take no message at all.
        """


class LooksUpTexts(Protocol):
    """A client for TXT records."""

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns the texts of the name's TXT records, none if it has none. Raises OSError if nobody answers."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The dependencies of a worker process. `ring` neither blocks nor raises; `reached` marks named fault points.

    `seal` encrypts a secret; `unseal` decrypts it, or raises ValueError if no key of the key ring does. `read_bundle`
    reads a web plugin's bundle in a process of its own. `allow_loopback`: this machine may be a partner's host.
    `judging` is set while this process looks for due requests or judges them. `revisions` are those of the schema that
    this release knows. `count_rejected` counts a message that was not accepted, and how many older ones were dropped
    for it.
    """

    engine: Engine
    in_flight: InFlightBatches
    history_key: bytes
    rulebook: AppRulebook
    ring: Callable[..., None]
    reached: Callable[[str], None]
    seal: Callable[[str], str]
    unseal: Callable[[str], str]
    http: FetchesPages
    endpoints: PostsToEndpoints
    names: LooksUpTexts
    read_bundle: Confined
    mail: SendsMail
    profile: Profile
    letterhead: Letterhead
    batch_size: int
    export_head: Callable[[dict[str, object]], None]
    count_outcomes: Callable[[str, int], None]
    count_worked: Callable[[str, str], None]
    observe_batch: Callable[[float], None]
    count_rejected: Callable[[int], None]
    revisions: frozenset[str]
    allow_loopback: bool = False
    judging: threading.Event = field(default_factory=threading.Event)
    policies: KnownPolicies = field(default_factory=KnownPolicies)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """Runs one transaction: commits when the block ends, rolls back when it raises.

        The bells that were asked for are rung after the commit.
        """
        with Session(self.engine) as session:
            with session.begin():
                yield session
            bells = bells_of(session)
        if bells:
            self.ring(*bells)

    @contextmanager
    def autocommit(self) -> Iterator[Session]:
        """Yields a DirectSession whose statements are each a transaction of their own, in a single round trip."""
        with direct_connection(self.engine) as connection:
            yield DirectSession(connection)

    def now_and_writer(self, session: Session) -> tuple[datetime, WriteContext]:
        """Returns the database's time and the context for writing transitions, with the current policies.

        Raises OutdatedReleaseError if this process must not write any, because the schema is newer than its release.
        """
        now, policies = self.policies.read(session)
        if self.policies.schema not in self.revisions:
            raise OutdatedReleaseError(
                f"the database is at revision {self.policies.schema}, which this release does not know: start the "
                "present release"
            )
        return now, WriteContext(self.history_key, self.rulebook, policies, self.reached)


def database_now(session: Session) -> datetime:
    """Returns the database's current time, which is the one clock of all machines."""
    now: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now
