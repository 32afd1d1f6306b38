"""The page to which the mail of each kind of notification leads, for whoever gets it, and the call without pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Final

from models.checklist import GIVEN_REQUIREMENTS
from models.lifecycle import Role
from models.steps import STEPS
from workflow.findings import where_to_fix
from workflow.notifications.kinds import NotificationKind


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its path, in which names stand for what the mail is about, what a mail calls it, and who may open it.

    Without `roles` everybody may.
    """

    path: str
    label: str
    roles: frozenset[Role] = frozenset()

    def address(self, role: Role | None, about: Mapping[str, str | None]) -> str | None:
        """Returns the path for a recipient of the role, None for one who may not open it or if something is unknown."""
        names = {name for _, name, _, _ in Formatter().parse(self.path) if name}
        if (self.roles and role not in self.roles) or not all(about.get(name) for name in names):
            return None
        return self.path.format(**about)


@dataclass(frozen=True, slots=True)
class Link:
    """The address of a page or of a call, without the site, and what a mail says above it ("": nothing)."""

    path: str
    label: str = ""


PARTNERS: Final = frozenset({Role.PARTNER})
ADMINS: Final = frozenset({Role.ADMIN})
STAFF: Final = frozenset({Role.REVIEWER}) | ADMINS
PEOPLE: Final = PARTNERS | STAFF

_APP = Place("/apps/{app}", "Open the App", PARTNERS)
_TEST_SETTINGS = Place("/apps/{app}/components/{component}/test-settings", "Give new test settings", PARTNERS)
_MESSAGES = Place("/apps/{app}/messages", "Read the messages", PARTNERS)
_REPLAY = Place("/apps/{app}/checklist/replay_info", "Say whether events can be replayed", PARTNERS)
_FOUND = Place("/apps/{app}/review", "See what was found", PARTNERS)
_PUBLISHED = Place("/apps/{app}/published", "See what is published", PARTNERS)
_CUSTOMERS = Place("/apps/{app}/customers", "See the customers", PARTNERS)
_COMPANY = Place("/company", "Open your company", PARTNERS)
_REVIEW = (Place("/reviews/{review}", "Open the review", STAFF), Place("/reviews", "Open the queue", STAFF))
_REVIEWS_OF_APP = (Place("/reviews?show=all&app={app}", "Open the reviews of the App", STAFF),)
_SUSPENSION = (Place("/suspensions/{app}", "Open the suspension", STAFF),)
_ACCESS = (
    Place("/access-requests/{request}", "Open the request for access", STAFF),
    Place("/access-requests", "Open the requests for access", STAFF),
)

PLACES: Final[Mapping[NotificationKind, tuple[Place, ...]]] = {
    **dict.fromkeys(
        (
            NotificationKind.SUBMISSION_ACKNOWLEDGED,
            NotificationKind.REVISION_ACKNOWLEDGED,
            NotificationKind.APPEAL_ACKNOWLEDGED,
            NotificationKind.APPEAL_OVERTURNED,
            NotificationKind.APPEAL_CONCEDED,
            NotificationKind.APPROVED,
            NotificationKind.APPROVED_FOR_A_DAY,
            NotificationKind.OAUTH_ASKED_FOR,
            NotificationKind.PROMOTED,
            NotificationKind.SUSPENDED,
            NotificationKind.REINSTATED,
            NotificationKind.UNLISTED,
            NotificationKind.RELISTED,
            NotificationKind.REMOVED,
        ),
        (_APP,),
    ),
    **dict.fromkeys(
        (
            NotificationKind.CHANGES_REQUESTED,
            NotificationKind.APPEAL_UPHELD,
            NotificationKind.FLAGGED,
            NotificationKind.GRACE_ENDING,
        ),
        (_FOUND,),
    ),
    NotificationKind.REVISION_APPROVED: (_PUBLISHED,),
    NotificationKind.PUBLISHED_AS_PLANNED: (_PUBLISHED,),
    NotificationKind.CUSTOMER_ONBOARDED: (_CUSTOMERS,),
    NotificationKind.TEST_SETTINGS_END: (_TEST_SETTINGS, _APP),
    NotificationKind.REPLAY_INFO_ASKED_FOR: (_REPLAY,),
    NotificationKind.MESSAGE_TO_PARTNER: (_MESSAGES,),
    **dict.fromkeys(
        (
            NotificationKind.GRACE_NOT_BEGUN,
            NotificationKind.GRACE_ENDED,
            NotificationKind.NEW_SUBMISSION,
            NotificationKind.NEW_REVISION,
            NotificationKind.NEW_APPEAL,
            NotificationKind.APPEAL_STRANDED,
            NotificationKind.APPROVAL_PROPOSED,
            NotificationKind.REVIEWED_APP_SUSPENDED,
            NotificationKind.REVIEW_DUE_SOON,
            NotificationKind.REVIEW_OVERDUE,
            NotificationKind.REVIEW_HANDED_OVER,
            NotificationKind.CLAIM_LAPSED,
            NotificationKind.REVIEW_UNHELD,
            NotificationKind.MESSAGE_TO_REVIEWER,
        ),
        _REVIEW,
    ),
    NotificationKind.REMOVAL_PROPOSED: _REVIEWS_OF_APP,
    NotificationKind.SUSPENSION_TO_CONFIRM: _SUSPENSION,
    NotificationKind.SUSPENSION_UNCONFIRMED: _SUSPENSION,
    NotificationKind.NEW_ACCESS_REQUEST: _ACCESS,
    NotificationKind.ACCESS_OVERDUE: _ACCESS,
    NotificationKind.ACCESS_DECLINED: (Place("/request-access", "Ask for access again"),),
    NotificationKind.COLLEAGUE_ASKED: (
        _COMPANY,
        Place("/companies/{organization}", "Open the company", ADMINS),
        *_ACCESS,
    ),
    NotificationKind.OWNERSHIP_HANDED_OVER: (_COMPANY,),
    NotificationKind.TOKEN_ENDS: (
        Place("/tokens", "Open the tokens", ADMINS),
        Place("/settings/tokens", "Open your tokens", PEOPLE),
    ),
    **dict.fromkeys(
        (
            NotificationKind.WELCOME,
            NotificationKind.COLLEAGUE_INVITED,
            NotificationKind.ACCESS_PROOF,
            NotificationKind.ADDRESS_PROOF,
            NotificationKind.TOKEN_PROOF,
            NotificationKind.SIGN_IN,
        ),
        (),
    ),
    NotificationKind.REVIEWER_DIGEST: (Place("/reviews", "Open the queue", STAFF),),
    NotificationKind.PERSON_REMOVED: (),
    NotificationKind.ADDRESS_CHANGED: (),
}
"""The pages of each kind: the first that its recipient may open and whose address is known.

The mails with a code have its page in their text. Who was removed, or whose address it no longer is, can open nothing.
"""
ABOUT: Final = ("component", "organization", "request")
"""What else a mail may be about, by the names of its ids in the data of the notification."""
LABELS: Final = frozenset(place.label for places in PLACES.values() for place in places)
"""What mails say above the addresses of pages."""


def link_of(
    kind: NotificationKind, role: Role | None, about: Mapping[str, str | None], *, call: str | None, pages: bool
) -> Link | None:
    """Returns where the mail leads, None for nowhere: to its page, or to `call`, the API's path, without `pages`. Pure.

    `about` has what the mail is about: `app` (its slug), `review`, and the ids that ABOUT names.
    """
    if not pages:
        return Link(call) if call else None
    found = ((place, place.address(role, about)) for place in PLACES[kind])
    return next((Link(address, place.label) for place, address in found if address is not None), None)


def mended_at(step: str, slug: str, *, pages: bool) -> str:
    """Returns the path at which a partner mends what a step found: a page, or without `pages` a call."""
    if not pages:
        return where_to_fix(step, slug)
    requirement = STEPS[step].requirement if step in STEPS else None
    return f"/apps/{slug}/checklist/{requirement}" if requirement in GIVEN_REQUIREMENTS else f"/apps/{slug}/components"
