"""Which runs of a Component's tests may be started now, and everything that each of the others lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from models import Component
from models.component import ComponentKind
from models.component_test import RunScope
from workflow.apps import find_app, find_component, require_kept
from workflow.component_tests.starting import requirements_of
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.identity.secrets import Unseal

SCOPES_OF: Final[Mapping[str, tuple[RunScope, ...]]] = {
    ComponentKind.SUBSCRIPTION: (RunScope.SUITE, RunScope.EVENT, RunScope.TRY_OUT),
    ComponentKind.PLUGIN: (RunScope.SUITE,),
}
"""The scopes of the runs that a partner may start, by the kind of Component."""


@dataclass(frozen=True, slots=True)
class Startable:
    """Whether a run of the scope may be started now: it may if nothing is missing."""

    scope: RunScope
    missing: tuple[WorkflowError, ...]


def startable_runs(
    session: Session, slug: str, component_id: UUID, actor: Actor, now: datetime, *, loopback: bool, unseal: Unseal
) -> tuple[Component, tuple[Startable, ...]]:
    """Returns the Component, and what a run of each scope lacks now. Locks nothing.

    A kind of which the service starts no runs has no scopes. Raises NotFound.
    """
    app = find_app(session, slug, actor)
    component = find_component(session, slug, component_id, actor)
    found = []
    for scope in SCOPES_OF.get(component.kind, ()):
        missing: list[WorkflowError] = []
        needed = requirements_of(session, app, component, scope, now, loopback=loopback, unseal=unseal)
        for require in (lambda: require_kept(app), *needed):
            try:
                require()
            except WorkflowError as error:
                missing.append(error)
        found.append(Startable(scope, tuple(missing)))
    return component, tuple(found)
