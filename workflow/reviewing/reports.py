"""What is stored of a machine's look: its findings and what it saw, in bounds and as Postgres can store it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.findings import Finding
from workflow.sql.storable import made_storable
from workflow.work.kinds import DueKind
from workflow.work.leases import Lease

MAX_FINDINGS: Final = 100
"""The number of findings that are kept of one look of a step."""
MAX_WORDS: Final = 2_000
"""The number of characters that are kept of what a finding says, and of its remedy."""
MAX_EVIDENCE: Final = 1_000
MAX_SEEN: Final = 500_000
"""The number of bytes that are kept of what a step saw."""


def stored_findings(findings: Sequence[Finding]) -> str:
    """Returns findings as JSON, MAX_FINDINGS at most: a last one counts those that are left out."""
    told = [_bounded(one) for one in findings[:MAX_FINDINGS]]
    if len(findings) > MAX_FINDINGS:
        left = len(findings) - MAX_FINDINGS
        more = Finding(
            "findings.more", f"There are {left} more findings.", "Mend these first, and have it checked again."
        )
        told.append(more.as_dict())
    return json.dumps(told)


def stored_seen(seen: Mapping[str, Any]) -> str:
    """Returns what a step saw as JSON. Raises ValueError if it exceeds MAX_SEEN, which is a mistake of the step."""
    dumped = json.dumps(_storable(seen), ensure_ascii=False)
    if (size := len(dumped.encode())) > MAX_SEEN:
        raise ValueError(f"what the step saw takes {size} bytes; it may keep {MAX_SEEN}")
    return dumped


def keep_seen(session: Session, lease: Lease, seen: Mapping[str, Any]) -> None:
    """Keeps how far a look has come whose row is locked and leased. Does not commit."""
    session.execute(_KEEP_SEEN[lease.kind], {"id": lease.id, "seen": stored_seen(seen)})


_KEEP_SEEN: Final = {
    kind: text(f"UPDATE {kind} SET seen = CAST(:seen AS jsonb) WHERE id = :id")
    for kind in (DueKind.REVIEW_STEP, DueKind.DRAFT_CHECK)
}


def _bounded(finding: Finding) -> dict[str, str]:
    bounds = {"detail": MAX_WORDS, "remedy": MAX_WORDS, "evidence": MAX_EVIDENCE}
    return {key: made_storable(value, bounds.get(key, MAX_EVIDENCE)) for key, value in finding.as_dict().items()}


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return made_storable(value)
    if isinstance(value, Mapping):
        return {made_storable(key): _storable(one) for key, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list | tuple) else value
