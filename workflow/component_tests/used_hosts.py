"""Bounds of what is sent to partners' hosts beyond the suite: by host, by each of its addresses, and by company.

They hold across processes: whoever is about to begin writes it down first, in turn with others of the same host,
address or company. What was written counts even if its process died.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import Session

from models import UsedHost
from models.component_test import HostUse
from workflow.sql.locks import LockSpace, lock_names


@dataclass(frozen=True, slots=True)
class Bound:
    """How many runs may use one host or one address, and one company's runs any, within a time."""

    of_host: int
    of_company: int
    within: timedelta


BOUNDS: Final[Mapping[HostUse, Bound]] = {
    HostUse.BURST: Bound(of_host=1, of_company=3, within=timedelta(hours=1)),
    HostUse.TRY_OUT: Bound(of_host=300, of_company=600, within=timedelta(hours=1)),
}
MAX_ADDRESSES: Final = 32
"""How many addresses of a host are counted."""


class Claim(StrEnum):
    """Whether a run may use a host: it may now, it began to before, or it must wait."""

    NEW = "new"
    BEGUN = "begun"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What came of a claim. A busy one has what was used, and until when it must wait."""

    claim: Claim
    what: str = ""
    until: datetime | None = None


def claim_host(
    session: Session,
    use: HostUse,
    run_id: UUID,
    organization_id: UUID,
    host: str,
    addresses: Sequence[str],
    now: datetime,
) -> Claimed:
    """Writes down that the run is about to use a host, if the bounds allow it. Locks names. Does not commit.

    A run that has written so before is told that it had begun.
    """
    bound = BOUNDS[use]
    counted = sorted(set(addresses))[:MAX_ADDRESSES]
    names = [f"host {host}", f"company {organization_id}", *(f"address {one}" for one in counted)]
    lock_names(session, LockSpace.USED_HOST, *(f"{use} {name}" for name in names))
    if session.scalar(select(UsedHost.run_id).where(UsedHost.run_id == run_id).limit(1)) is not None:
        return Claimed(Claim.BEGUN)
    since = (UsedHost.use == use.value, UsedHost.used_at > now - bound.within)
    for what, mine, most in (
        (host, UsedHost.host == host, bound.of_host),
        *((one, UsedHost.address == one, bound.of_host) for one in counted),
        ("the company's hosts", UsedHost.organization_id == organization_id, bound.of_company),
    ):
        used = _used(session, mine, *since)
        if len(used) >= most:
            return Claimed(Claim.BUSY, what, used[-most] + bound.within)
    rows = [
        {
            "run_id": run_id,
            "address": one,
            "use": use.value,
            "organization_id": organization_id,
            "host": host,
            "used_at": now,
        }
        for one in counted
    ]
    session.execute(insert(UsedHost), rows)
    return Claimed(Claim.NEW)


def _used(session: Session, *which: ColumnElement[bool]) -> Sequence[datetime]:
    """Returns when runs used what `which` names, oldest first."""
    at = func.min(UsedHost.used_at)
    return session.scalars(select(at).where(*which).group_by(UsedHost.run_id).order_by(at)).all()
