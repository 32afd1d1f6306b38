"""Which slugs an App may have: neither a reserved one nor one that looks like another's. A slug never changes."""

from collections.abc import Collection

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import App
from models.app import SKELETON
from workflow.building.reserved import RESERVED_SLUGS
from workflow.errors import Conflict, WorkflowError

_LOOK_ALIKE = str.maketrans("01i", "oll")


def skeleton_of(slug: str) -> str:
    """Returns a form that is equal for slugs that look alike: 0 and o, 1, l and i, rn and m, vv and w become the same.

    Hyphens are dropped. The database has a unique index on the same expression.
    """
    folded = slug.replace("rn", "m").replace("vv", "w").translate(_LOOK_ALIKE)
    return folded.replace("-", "").replace("rn", "m")


def refuse_unusable_slug(session: Session, slug: str, platforms: Collection[str]) -> None:
    """Raises Conflict if the slug is reserved or taken, or looks like one that is.

    Two concurrent registrations can both pass; the unique index then refuses one. `platforms` are the slugs that name
    the platform, which are reserved in addition to the service's own.
    """
    skeleton = skeleton_of(slug)
    for reserved in (*RESERVED_SLUGS, *platforms):
        if skeleton == skeleton_of(reserved):
            raise _reserved(slug, reserved)
    found = session.scalar(select(App.slug).where(text(f"{SKELETON} = :skeleton").bindparams(skeleton=skeleton)))
    if found is not None:
        raise _taken(slug) if found == slug else _confusable(slug)


def slug_conflict(slug: str, error: IntegrityError) -> WorkflowError | None:
    """Returns the Conflict for a slug that the database refused, None if it refused something else."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    refusals = {"app_slug_key": _taken, "app_slug_skeleton_key": _confusable}
    return refusals[constraint](slug) if constraint in refusals else None


def _reserved(slug: str, reserved: str) -> Conflict:
    said = "is reserved" if slug == reserved else f"looks like {reserved}, which is reserved"
    return Conflict("slug.reserved", f"The slug {slug} {said}.", "Choose one that names your product.")


def _taken(slug: str) -> Conflict:
    return Conflict("slug.taken", f"The slug {slug} is taken.", "Choose another.")


def _confusable(slug: str) -> Conflict:
    return Conflict(
        "slug.confusable",
        f"The slug {slug} looks like that of another App: 0 and o, 1, l and i, rn and m, vv and w are easily confused.",
        "Choose one that is clearly different.",
    )
