"""The proof that a document was previewed: a preview gives it to whoever asked, and publishing demands it of them."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models import PolicyVersion
from workflow.errors import Conflict
from workflow.identity.actors import Actor
from workflow.identity.secrets import Seal, Unseal
from workflow.operating.publishing import publish_policy

GOOD_FOR = timedelta(hours=1)
"""How long after its preview a document can be published. What it would do to Apps changes as they do."""
_REMEDY = (
    "Preview the document that you want to publish with POST /v1/policies/preview, look at what it would change, and "
    "pass the `previewed` of the answer."
)


def proof_of_preview(actor: Actor, base: int, document: dict[str, Any], now: datetime, seal: Seal) -> str:
    """Returns the proof that the actor was shown a preview of the document after version `base`. Pure."""
    return seal(json.dumps(_shown(actor, base, document) | {"at": now.isoformat()}))


def publish_previewed(
    session: Session,
    document: dict[str, Any],
    proof: str | None,
    *,
    base: int,
    note: str,
    actor: Actor,
    now: datetime,
    unseal: Unseal,
) -> PolicyVersion:
    """Publishes as `publish_policy` does, only what the actor has previewed after the same version. Does not commit.

    Raises as `publish_policy`, and Conflict (policy.not_previewed) without a proof of that, or with one that is older
    than GOOD_FOR. What is stored by then goes with the transaction: so no version that appears meanwhile makes `base`
    the current one after the proof was looked for.
    """
    published = publish_policy(session, document, base=base, note=note, actor=actor)
    _require_preview(proof, _shown(actor, base, document), now, unseal)
    return published


def _require_preview(proof: str | None, wanted: dict[str, Any], now: datetime, unseal: Unseal) -> None:
    if not proof:
        raise Conflict("policy.not_previewed", "The document was not previewed.", _REMEDY)
    try:
        seen = json.loads(unseal(proof))
        at = datetime.fromisoformat(seen.pop("at"))
    except (ValueError, KeyError, AttributeError, TypeError):
        raise Conflict("policy.not_previewed", "`previewed` is not from a preview.", _REMEDY) from None
    if seen != wanted:
        detail = "What you previewed is not this document after this version, or somebody else previewed it."
        raise Conflict("policy.not_previewed", detail, _REMEDY)
    if now - at > GOOD_FOR:
        detail = "The preview is more than an hour old, and the Apps may have changed since."
        raise Conflict("policy.not_previewed", detail, _REMEDY)


def _shown(actor: Actor, base: int, document: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return {"preview_of": digest, "base": base, "by": str(actor.id)}
