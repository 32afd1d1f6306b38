"""What a call that another part of this process makes says of itself, where nothing that came over the wire can write.

The pages call the API in process. Whoever is signed in is in the scope of such a call: they were looked up, and the
request was counted, when the page was asked for.
"""

from typing import cast

from starlette.types import Scope

from workflow.identity.principals import Principal

_SIGNED_IN = "devcenter.signed_in"


def signed_in(scope: Scope) -> Principal | None:
    """Returns who is signed in; None for nobody, and for a call that came over the wire."""
    return cast("Principal | None", scope.get(_SIGNED_IN))


def of_person(principal: Principal | None) -> dict[str, Principal | None]:
    """Returns what is added to the scope of a request that is made for a person, or for nobody."""
    return {_SIGNED_IN: principal}
