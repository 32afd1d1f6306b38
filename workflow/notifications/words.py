"""The subject and the text of the mail of each kind of notification."""

from collections.abc import Mapping
from typing import Final

from workflow.notifications.kinds import NotificationKind

_ACCEPT = (
    "\n\n    {invitation_link}\n\n"
    "The page says whose invitation it is, and shows your token once you have accepted. That can be done once."
)
_PROVE = "\n\n    {proof_link}\n\nThe page asks before it does anything. The link can be used until {expires}."

WORDS: Final[Mapping[NotificationKind, tuple[str, str]]] = {
    NotificationKind.SUBMISSION_ACKNOWLEDGED: (
        "{app} is submitted for review",
        "We have received your submission of {app}{round}. It is the reviewers' turn: you will have a decision by "
        "{due}. Until then the App cannot be edited; withdraw it if you must change something.",
    ),
    NotificationKind.REVISION_ACKNOWLEDGED: (
        "{app}: your changes are submitted for review",
        "We have received your changes of {app}{round}. It is the reviewers' turn: you will have a decision by {due}. "
        "{urgent}Until then the draft cannot be edited, and what is public stays as it is; withdraw the changes if you "
        "must change something.",
    ),
    NotificationKind.APPEAL_ACKNOWLEDGED: (
        "{app}: your appeal is received",
        "We have received your appeal for {app}:\n\n{reasons}\n\n"
        "Somebody who had no part in the decision looks at it afresh, and decides by {due}.",
    ),
    NotificationKind.CHANGES_REQUESTED: (
        "{app} needs changes",
        "The review of {app}{round} asks for changes:\n\n{reasons}\n\n{failed}"
        "It is your turn: make these changes and submit again. If you think that the decision is wrong, appeal it: "
        "then somebody else looks at it.",
    ),
    NotificationKind.APPEAL_UPHELD: (
        "{app}: the decision stands",
        "Somebody who had no part in the decision has looked at your appeal for {app}. The decision stands:\n\n"
        "{reasons}\n\n{failed}It is your turn: make the changes and submit again. A decision is appealed once.",
    ),
    NotificationKind.APPEAL_OVERTURNED: (
        "{app}: your appeal succeeds",
        "Somebody who had no part in the decision has looked at your appeal for {app}. The decision does not stand: "
        "{outcome}.",
    ),
    NotificationKind.APPEAL_CONCEDED: (
        "{app}: the suspension is taken back",
        "Your appeal for {app} need not be decided: the suspension is taken back, and {app} is {again}:\n\n{reasons}",
    ),
    NotificationKind.APPROVED: (
        "{app} is in public beta",
        "{app} is approved and listed in the catalog as a public beta. It becomes public as soon as its OAuth enable "
        "flow works and enough customers have enabled it{customers}.",
    ),
    NotificationKind.REVISION_APPROVED: (
        "{app}: your changes are approved",
        "What you submitted for {app}{round} is approved, and is what is published from now on.",
    ),
    NotificationKind.APPROVED_FOR_A_DAY: (
        "{app} is approved",
        "{app} is approved. What was approved is published on {day}; if the day is moved, the App's status says so. "
        "{meanwhile}{why_approved}",
    ),
    NotificationKind.PUBLISHED_AS_PLANNED: (
        "{app} is published",
        "What was approved of {app} is published: everybody sees it from now on.",
    ),
    NotificationKind.OAUTH_ASKED_FOR: (
        "{app}: implement the OAuth enable flow",
        '{app} becomes public only with a working OAuth enable flow, "{enable_flow}". Implement the authorization code '
        "grant, return the state parameter unchanged, and accept only the exact redirect_uri. The flow counts as "
        "working once one workspace has installed the App through it.",
    ),
    NotificationKind.REPLAY_INFO_ASKED_FOR: (
        "{app}: can events be replayed?",
        "Please tell us whether events can be replayed to {app}, and at what rate: fill in replay_info on the launch "
        "checklist. Nothing is delayed without it.",
    ),
    NotificationKind.CUSTOMER_ONBOARDED: (
        "{app} has a new customer: number {count}",
        "Another customer has enabled {app}: {counted}.",
    ),
    NotificationKind.PROMOTED: (
        "{app} is public",
        "{app} is now public{unseen}. You can apply to the {partner_program}.",
    ),
    NotificationKind.SUSPENDED: (
        "{app} is suspended",
        "{app} is suspended and no longer in the catalog:\n\n{reasons}\n\n{lifted} If you think that the suspension is "
        "wrong, appeal it: then somebody else looks at it.",
    ),
    NotificationKind.UNLISTED: (
        "{app} is off the catalog",
        "The owner of your company took {app} off the catalog. Workspaces that have enabled it keep it. The owner can "
        "put it back.",
    ),
    NotificationKind.RELISTED: (
        "{app} is relisted",
        "The owner of your company put {app} back, as a public beta. It is {again}.",
    ),
    NotificationKind.REINSTATED: (
        "{app} is reinstated",
        "{app} is reinstated, and is {again}:\n\n{reasons}{unshown}",
    ),
    NotificationKind.REMOVED: ("{app} is removed", "{app} was removed permanently:\n\n{reasons}"),
    NotificationKind.FLAGGED: (
        "{app}: please mend what we found",
        "We looked again at what is public of {app}, and this is not as it should be:\n\n{mend}\n\n"
        "It is your turn: mend it {until}. What is on your own pages you mend there. What is in the App you mend by a "
        "revision: edit the App, and submit it again. The listing stays as it is meanwhile. The service looks again "
        "every day; once it finds nothing, or a revision is approved, this is settled, and the App's status says so. "
        "If it is not, a reviewer is asked to decide whether the App is suspended.",
    ),
    NotificationKind.GRACE_ENDING: (
        "{app}: mend what we found {until}",
        "What we found when we looked at {app} is not mended yet:\n\n{mend}\n\n"
        "It is your turn: mend it {until}. After that a reviewer is asked to decide whether the App is suspended. The "
        "service looks again every day. If you need help or more time, answer this mail.",
    ),
    NotificationKind.GRACE_NOT_BEGUN: (
        "Review: the company of {app} could not be told what a look found",
        "A look at {app} found something on {flagged}, and no mail of it could be delivered to anybody of the "
        "company, so the time to mend it has not begun:\n\n{mend}\n\n"
        "Please reach the company in another way. Once somebody can be told, ask for recheck: the next flag is "
        "mailed again.",
    ),
    NotificationKind.GRACE_ENDED: (
        "Review: decide whether {app} is suspended",
        "The company of {app} had {days} days, until {ends}, to mend what a look found, and it is not mended:"
        "\n\n{mend}\n\n"
        "Nothing is suspended by itself: please look, and suspend the App with a reason, or leave it.{revised} The "
        "service goes on looking every day.",
    ),
    NotificationKind.NEW_SUBMISSION: (
        "Review: {app} was submitted{round}",
        "{app} was submitted{round}. The decision is due by {due}. {held}{asked}",
    ),
    NotificationKind.NEW_REVISION: (
        "Review: changes of {app} were submitted{marked}",
        "Changes of {app} were submitted{round}, which is published already. {urgent}The decision is due by {due}. "
        "{held}{said}{asked}",
    ),
    NotificationKind.NEW_APPEAL: (
        "Review: {app} appeals a decision",
        "The partner of {app} appeals a decision that you had no part in. Please claim the appeal, and decide it by "
        "{due}.{said}",
    ),
    NotificationKind.APPEAL_STRANDED: (
        "Review: nobody may take the appeal of {app}",
        "The appeal of {app} is due by {due}, and nobody may take it: everybody who reviews is away, or had a part in "
        "the decision. Please add a reviewer, or end an absence.",
    ),
    NotificationKind.APPROVAL_PROPOSED: (
        "Review: the approval of {app} needs a second person",
        "A colleague proposes to approve {app}{round}. The policy wants two people: please look at it, claim the "
        "review, which you may although they hold it, and approve it or ask for changes by {due}. {progress}{why}",
    ),
    NotificationKind.REMOVAL_PROPOSED: (
        "The removal of {app} needs a second person",
        "Another admin proposes to remove {app} permanently:\n\n{reasons}\n\nThe policy wants two people: please look "
        "at it, and ask for the removal if you agree. Otherwise you need do nothing: the proposal lapses.",
    ),
    NotificationKind.REVIEWED_APP_SUSPENDED: (
        "Review: {app} was suspended",
        "{app} was suspended while you hold the review of its changes:\n\n{reasons}\n\nThe review stays open and is "
        "due by {due}. Approving it would lift the suspension, and needs a reason that says why.",
    ),
    NotificationKind.SUSPENSION_TO_CONFIRM: (
        "{app} was suspended: please confirm",
        "A colleague suspended {app}:\n\n{reasons}\n\nThe suspension acts already. A second person confirms it by "
        "{confirm_by}: please look at it, and confirm it or reinstate the App.",
    ),
    NotificationKind.SUSPENSION_UNCONFIRMED: (
        "{app} is suspended, and nobody has confirmed it",
        "{app} was suspended:\n\n{reasons}\n\nA second person was to confirm it by {confirm_by}, and nobody has. "
        "Please confirm it, or reinstate the App.",
    ),
    NotificationKind.REVIEW_DUE_SOON: (
        "Review: {app} is due soon{round}",
        "The review of {app}{round} is due by {due}. {held} {progress}{found}",
    ),
    NotificationKind.REVIEW_OVERDUE: (
        "Review: {app} is overdue{round}",
        "The review of {app}{round} was due by {due}. {held} {progress}{found}",
    ),
    NotificationKind.REVIEW_HANDED_OVER: (
        "Review: {app} was handed to you",
        "A colleague handed the review of {app}{round} over to you. You hold it now, and decide it by {due}. "
        "{progress}{found}",
    ),
    NotificationKind.CLAIM_LAPSED: (
        "Review: {app} went back to the queue",
        "Your claim of the review of {app}{round} has lapsed, because you did nothing on the review for too long. "
        "Claim it again if you want to go on with it. The decision is due by {due}. {progress}",
    ),
    NotificationKind.REVIEW_UNHELD: (
        "Review: {app} is in the queue again{round}",
        "The review of {app}{round} is back in the queue. The decision is due by {due}. {held} {progress}{found}",
    ),
    NotificationKind.MESSAGE_TO_PARTNER: (
        "{app}: a reviewer wrote to you",
        "There is a new message about the review of {app}{round}. It is your turn: read and answer it under the App's "
        "messages. The decision is due by {due}.",
    ),
    NotificationKind.MESSAGE_TO_REVIEWER: (
        "Review: the partner of {app} wrote",
        "There is a new message about the review of {app}{round}. {held} Read and answer it under the review's "
        "messages. The decision is due by {due}. {progress}",
    ),
    NotificationKind.NEW_ACCESS_REQUEST: (
        "Access: {company} requests access",
        "{company} requests access. Please approve or decline the request by {due}.",
    ),
    NotificationKind.ACCESS_OVERDUE: (
        "Access: {company} is overdue",
        "The access request of {company} is overdue. Please decide it as soon as possible.",
    ),
    NotificationKind.ACCESS_DECLINED: (
        "{company} was not admitted",
        "The access request of {company} was declined:\n\n{reasons}\n\nYou may request access again once this has "
        "changed.",
    ),
    NotificationKind.WELCOME: (
        "Welcome, {company}",
        "{company} is admitted to the {developer_center}. This is your personal invitation. Accept it by {expires}:"
        + _ACCEPT,
    ),
    NotificationKind.COLLEAGUE_ASKED: (
        "{contact} asks to join {company}",
        "{contact} ({contact_email}) requested access for {company}, which is a partner already. Invite them if they "
        "are a colleague; otherwise you need do nothing.",
    ),
    NotificationKind.COLLEAGUE_INVITED: (
        "You are invited to {company}",
        "{by} invites you to work on the Apps of {company}. This is your personal invitation. Accept it by {expires}:"
        + _ACCEPT,
    ),
    NotificationKind.PERSON_REMOVED: (
        "You no longer act for {company}",
        "You are no longer one of the people of {company}, and your tokens no longer work.",
    ),
    NotificationKind.OWNERSHIP_HANDED_OVER: (
        "{owner} is now the owner of {company}",
        "{owner} is now the owner of {company}, who invites and removes its people.",
    ),
    NotificationKind.ACCESS_PROOF: (
        "Confirm your address for the {developer_center}",
        "Somebody requested access to the {developer_center} with this address. If it was you, confirm that the "
        "address is yours; a reviewer sees the request only then:" + _PROVE + "\n\n"
        "If it was not you, you need do nothing: without your confirmation the request is deleted.",
    ),
    NotificationKind.ADDRESS_PROOF: (
        "Confirm your new address",
        "Somebody with access to the {developer_center} wants to use this address from now on. If it was you, confirm "
        "that it is yours:" + _PROVE + "\n\nIf it was not you, you need do nothing: nothing is changed.",
    ),
    NotificationKind.TOKEN_PROOF: (
        "A new token for the {developer_center}",
        "Somebody asked for a new token for this address, because the old one is lost. If it was you, get it here:"
        + _PROVE
        + "\n\nIf it was not you, you need do nothing: your tokens stay as they are.",
    ),
    NotificationKind.SIGN_IN: (
        "Sign in to the {developer_center}",
        "Somebody asked to sign in with this address. If it was you, open this link in the browser in which you "
        "asked:\n\n    {sign_in_link}\n\n"
        "If you read this on another device, type this code on the page that you have open there:\n\n"
        "    {sign_in_code}\n\n"
        "Both work once, until {expires}. Give the code to nobody: we never ask for it.\n\n"
        "If it was not you, you need do nothing: nobody signs in without this mail.",
    ),
    NotificationKind.ADDRESS_CHANGED: (
        "Your address was changed",
        "Your address at the {developer_center} is now {new_email}. Mails go there from now on. If you did not change "
        "it, somebody else has your token: write to us at once, at the address below.",
    ),
    NotificationKind.TOKEN_ENDS: (
        "The token {label} ends on {ends}",
        "The token {label} (its last characters are {hint}), of {holder}, stops working on {ends}. "
        "Create a new one before that{by_token_call}, and put it wherever this one is used.",
    ),
    NotificationKind.TEST_SETTINGS_END: (
        "The test settings of {label} end on {ends}",
        "The key and the settings with which {label}, a Component of {app}, is tested end on {ends}. "
        "The service cannot test it after that. Give new ones before{by_settings_call}.",
    ),
    NotificationKind.REVIEWER_DIGEST: ("Reviews today: {digest_short}", "{digest}"),
}
