"""The words in which pages say what the API says in codes."""

from collections.abc import Mapping
from typing import Final

STATES: Final[Mapping[str, str]] = {
    "building": "Being built",
    "submitted": "Under review",
    "public_beta": "Public beta",
    "public": "Public",
    "suspended": "Suspended",
    "unlisted": "Off the catalog",
    "removed": "Removed",
}
ACCESS_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "requested": ("Waiting", "warning"),
    "approved": ("Approved", "good"),
    "declined": ("Declined", "bad"),
}
"""The word for the state of a request for access, and the class of its tag."""
MEMBERSHIP_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "applied": ("Waiting", "warning"),
    "member": ("Member", "good"),
    "declined": ("Declined", "bad"),
    "left": ("Ended", ""),
}
"""The word for the state of a membership, and the class of its tag."""
TURNS: Final[Mapping[str, str]] = {
    "partner": "It is your turn",
    "reviewer": "It is the reviewers' turn",
    "schedule": "The service is working on it",
    "nobody": "There is nothing to wait for",
}
REQUIREMENTS: Final[Mapping[str, str]] = {
    "working_integration": "A working integration",
    "app_info": "What your App is",
    "platform_documentation": "Documentation for our pages",
    "partner_documentation": "Documentation on your own pages",
    "catalog_details": "The entry in the catalog",
    "partners_page": "Your page about partners",
    "launch_announcement": "The announcement of the launch",
    "test_account": "A test account for the reviewers",
    "replay_info": "Sending old events again",
}
STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("Missing", "warning"),
    "given": ("Given", ""),
    "checked": ("Checked", "good"),
    "rejected": ("To be mended", "bad"),
}
"""The word for the status of a requirement, and the class of its tag."""
BADGES: Final[Mapping[str, tuple[str, str]]] = {
    "public_beta": ("Public beta", "warning"),
    "public": ("Public", "good"),
}
"""The word for an entry's badge, and the class of its tag."""
KINDS: Final[Mapping[str, str]] = {
    "subscription": "Subscription",
    "stream": "Stream",
    "plugin": "Plugin",
}
"""The kinds of Components."""
NEWS: Final[Mapping[str, str]] = {
    "customer_onboarded": "New customers of your Apps",
    "reviewer_digest": "What there is to review, in the morning",
}
"""The kinds of news that can be switched off."""
SCOPES: Final[Mapping[str, str]] = {
    "apps:read": "read your Apps, their reviews and their customers",
    "apps:write": "change your Apps",
    "transitions:request": "submit Apps, withdraw them and take them off the catalog",
    "people:manage": "manage your company's people, and your own settings and tokens",
}
"""What a partner's token may be used for."""
STAFF_SCOPES: Final[Mapping[str, str]] = {
    "apps:read": "read every App and its customers",
    "apps:write": "build Apps",
    "transitions:request": "suspend Apps, reinstate them and ask for other transitions",
    "people:manage": "manage the people of every company",
    "access:decide": "decide who gets access",
    "reviews:read": "read reviews, with their messages and notes",
    "reviews:decide": "decide reviews, and make and revoke your own tokens",
    "admin": "publish the policy, manage tokens and staff, and replay what failed",
}
"""What a reviewer's or an admin's token may be used for."""
REVIEW_KINDS: Final[Mapping[str, str]] = {
    "first": "The first review",
    "revision": "A review of changes",
    "appeal": "A review of an appeal",
}
OUTCOMES: Final[Mapping[str, str]] = {
    "approved": "approved",
    "changes_requested": "changes asked for",
    "withdrawn": "withdrawn",
    "cancelled": "cancelled",
    "upheld": "the decision stands",
    "overturned": "the decision is overturned",
    "conceded": "the decision was taken back",
    "cleared": "nothing found",
    "flagged": "something is to be mended",
    "superseded": "superseded by a revision",
    "adopted": "approved by another system",
}
"""How a review ended, in words."""
STEP_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "pending": ("Not decided yet", ""),
    "passed": ("Passed", "good"),
    "warned": ("Passed with a warning", "warning"),
    "failed": ("Failed", "bad"),
    "waived": ("Waived", ""),
    "cancelled": ("Not taken", ""),
}
"""The word for the state of a step, and the class of its tag."""
STANDINGS: Final[Mapping[str, str]] = {
    "new": "New",
    "still_there": "Still there",
    "fixed": "Fixed",
    "unchecked": "Not looked at again",
}
"""The word for what became of a finding since the round before."""
