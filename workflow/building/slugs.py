"""Which slugs an App may have: neither a reserved one nor one that looks like another's, unless an admin allowed it.

A slug never changes.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import AllowedSlug, App
from models.app import SKELETON
from workflow.access.people import find_organization
from workflow.building.reserved import RESERVED_SLUGS
from workflow.errors import Conflict, NotFound, WorkflowError
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.pages import PageOf, PageRequest, read_page

_LOOK_ALIKE = str.maketrans("01i", "oll")


def skeleton_of(slug: str) -> str:
    """Returns a form that is equal for slugs that look alike: 0 and o, 1, l and i, rn and m, vv and w become the same.

    Hyphens are dropped. The database has a unique index on the same expression.
    """
    folded = slug.replace("rn", "m").replace("vv", "w").translate(_LOOK_ALIKE)
    return folded.replace("-", "").replace("rn", "m")


def refuse_unusable_slug(session: Session, slug: str, platforms: Collection[str], organization_id: UUID | None) -> bool:
    """Raises Conflict if the slug is reserved or taken, or looks like one that is and was not allowed to the company.

    Returns whether it looks like another and was allowed. Two concurrent registrations can both pass; the unique index
    then refuses one. `platforms` are the slugs that name the platform, which are reserved in addition to the service's
    own.
    """
    refusal = _look_alike(session, slug, platforms)
    if refusal is None:
        return False
    allowed = session.get(AllowedSlug, slug, populate_existing=True)
    if allowed is None or allowed.organization_id != organization_id:
        raise refusal
    return True


def allow_slug(
    session: Session, slug: str, organization_id: UUID, actor: Actor, now: datetime, platforms: Collection[str]
) -> AllowedSlug:
    """Allows the company to register the slug although it looks like another, instead of who was allowed it before.

    Does not commit. Raises NotFound (organization) and Conflict (reserved or taken as it is).
    """
    find_organization(session, organization_id, actor)
    _look_alike(session, slug, platforms)
    values = {"organization_id": organization_id, "allowed_by": actor.id, "allowed_at": now}
    statement = insert(AllowedSlug).values(slug=slug, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["slug"], set_=values))
    log_action(session, actor, "slug.allow", slug, organization=str(organization_id))
    return session.get_one(AllowedSlug, slug, populate_existing=True)


def forbid_slug(session: Session, slug: str, actor: Actor) -> None:
    """Takes the permission back; an App that has the slug already keeps it. Does not commit. Raises NotFound."""
    allowed = session.get(AllowedSlug, slug, with_for_update=True, populate_existing=True)
    if allowed is None:
        raise NotFound("slug.not_allowed", f"The slug {slug} was allowed to nobody.", "List the allowed slugs.")
    session.delete(allowed)
    session.flush()
    log_action(session, actor, "slug.forbid", slug)


def list_allowed_slugs(
    session: Session, wanted: PageRequest, *, organization_id: UUID | None = None
) -> PageOf[AllowedSlug]:
    """Returns a page of the slugs that were allowed although they look like others, by slug: all, or a company's."""
    allowed = select(AllowedSlug)
    if organization_id is not None:
        allowed = allowed.where(AllowedSlug.organization_id == organization_id)
    return read_page(session, allowed, AllowedSlug.slug, wanted)


def slug_conflict(slug: str, error: IntegrityError) -> WorkflowError | None:
    """Returns the Conflict for a slug that the database refused, None if it refused something else."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    refusals = {"app_slug_key": _taken, "app_slug_once_key": _confusable}
    return refusals[constraint](slug) if constraint in refusals else None


def _look_alike(session: Session, slug: str, platforms: Collection[str]) -> Conflict | None:
    """Returns the refusal of a slug that looks like another, which an admin can lift. Raises Conflict if none can."""
    reserved = (*RESERVED_SLUGS, *platforms)
    if slug in reserved:
        raise Conflict("slug.reserved", f"The slug {slug} is reserved.", "Choose one that names your product.")
    if session.scalar(select(App.slug).where(App.slug == slug)) is not None:
        raise _taken(slug)
    skeleton = skeleton_of(slug)
    for other in sorted(reserved):
        if skeleton == skeleton_of(other):
            detail = f"The slug {slug} looks like {other}, which is reserved."
            return Conflict("slug.reserved", detail, f"Choose one that names your product. {_way_out(slug)}")
    looks = select(App.slug).where(text(f"{SKELETON} = :skeleton AND NOT look_alike").bindparams(skeleton=skeleton))
    return None if session.scalar(looks) is None else _confusable(slug)


def _taken(slug: str) -> Conflict:
    return Conflict("slug.taken", f"The slug {slug} is taken.", "Choose another.")


def _confusable(slug: str) -> Conflict:
    return Conflict(
        "slug.confusable",
        f"The slug {slug} looks like that of another App: 0 and o, 1, l and i, rn and m, vv and w are easily confused.",
        f"Choose one that is clearly different. {_way_out(slug)}",
    )


def _way_out(slug: str) -> str:
    return (
        "If your product is really called so, write to the platform's support: an admin may allow your company the "
        f"slug (PUT /v1/allowed-slugs/{slug}), and then this call works."
    )
