"""What ends dead, in words: for each kind what broke, and what replaying it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class DeadKind:
    """What the pages say of a kind: its title, what broke, and what making it due again does."""

    title: str
    broke: str
    replaying: str


DEAD: Final[Mapping[str, DeadKind]] = {
    "transition_request": DeadKind(
        "Requests for transitions",
        "Somebody or the schedule asked for a transition of an App, and judging it failed three times: a rule that "
        "raises, a row that the database refuses, or a process that died of it.",
        "The request is judged again, by the rules of today. Nothing is done twice. Each is replayed by itself.",
    ),
    "review_step": DeadKind(
        "Steps of reviews",
        "A machine's step of a review failed six times, over about three hours. The review waits for a person.",
        "The step runs again. A reviewer can also decide it by hand.",
    ),
    "notification": DeadKind(
        "Mails",
        "The mail server refused a mail for good, or did not take it in six tries.",
        "The mail is sent again, to the address that its recipient has now.",
    ),
    "job_tick": DeadKind(
        "Runs of scheduled jobs",
        "A scheduled job failed six times. Its next run comes regardless.",
        "The job runs once more, now.",
    ),
    "website_check": DeadKind(
        "Looks at applicants' websites",
        "The website of a request for access could not be looked at in six tries.",
        "The website is looked at again. A reviewer can decide the request without it.",
    ),
    "draft_check": DeadKind(
        "Checks of drafts",
        "A check of what a partner has entered failed six times.",
        "The draft is checked again. Its partner can ask for that too.",
    ),
    "component_test": DeadKind(
        "Test runs of Components",
        "A run of a Component's tests failed by itself six times.",
        "The run goes on. Its partner can also start another.",
    ),
    "host_proof": DeadKind(
        "Proofs of hosts",
        "Whether a host belongs to a company could not be looked up in six tries.",
        "The host is looked at again. Its partner can ask for that too.",
    ),
    "rejected_message": DeadKind(
        "Messages that were not accepted",
        "Another service sent a message that could not be accepted: its token, its form or what it asks for.",
        "It cannot be replayed, because its token is not kept: have its sender mend what the error names and send it "
        "again. Acknowledging it takes it off this list.",
    ),
}
