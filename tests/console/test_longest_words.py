"""The longest words that a call takes, of letters of which each is twelve bytes of a form, are let in by the pages."""

from uuid import UUID

import pytest

from models.conversation import MAX_DRAFT
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.signing_in import Browser

PROSE, WORDS = 2000, 5000
_REVIEW = f"/reviews/{UUID(int=0)}"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/apps/acme/membership", {"message": PROSE}),
        ("/apps/acme/submission", {"reason": PROSE, "why": PROSE}),
        ("/apps/acme/ask/appeal", {"reason": PROSE}),
        ("/apps/acme/messages", {"message": WORDS}),
        ("/memberships/acme/decision", {"reason": PROSE}),
        (f"/access-requests/{UUID(int=0)}/decision", {"words": PROSE}),
        ("/suspensions/acme/suspend", {"words": PROSE}),
        ("/saved-reasons", {"text": PROSE, "where": 500}),
        (f"{_REVIEW}/steps/end_to_end_check", {"reason": PROSE}),
        (f"{_REVIEW}/messages", {"message": WORDS}),
        (f"{_REVIEW}/notes", {"note": WORDS}),
        (f"{_REVIEW}/draft", {"words": MAX_DRAFT}),
        (f"{_REVIEW}/decision", {"words": MAX_DRAFT}),
    ],
)
def test_the_longest_words_reach_their_form_and_are_kept(
    shared_service: Service, path: str, fields: dict[str, int]
) -> None:
    typed = {name: "🦊" * length for name, length in fields.items()}
    answer = Browser(shared_service.url).post(path, None, **typed)
    assert answer.status_code == 401, Page("", answer).heading
    kept = dict(Page("", answer).tree.xpath("//main//form")[0].form_values())
    assert kept == typed
