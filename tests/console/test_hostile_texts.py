"""Whatever anybody wrote is text on every page, by its markup."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.running import Service
from tests.console.hostile import MARK, TEXTS, Poison, one_of, prepared, problems_of_markup
from tests.console.signing_in import Browser, browser_of

Look = Callable[[Callable[[str], str]], dict[str, bytes]]

FRAGMENTS = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(["<", ">", '"', "'", "&", "`", "/", "=", f"<{MARK}", f" {MARK}=", "<!--", "-->", "<script", "]]>"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
)
WORDS = st.lists(FRAGMENTS, min_size=1, max_size=8).map("".join)


@pytest.fixture(scope="module")
def look(prepared_service: Service) -> Iterator[Look]:
    """Writes texts into all fields, and returns what every page is then."""
    addresses = prepared(prepared_service)
    poison = Poison(prepared_service.database)
    browsers: dict[str | None, Browser] = {role: browser_of(prepared_service, role) for role, _ in addresses}

    def made(make: Callable[[str], str]) -> dict[str, bytes]:
        poison.write(make)
        found = {}
        for role, address in addresses:
            answer = browsers[role].open(address).answer
            assert answer.status_code < 500, f"{address}: {answer.text}"
            found[f"{role} {address}"] = answer.content
        return found

    yield made
    poison.close()


@pytest.mark.parametrize("hostile", TEXTS)
def test_a_text_that_is_not_escaped_is_found(hostile: str) -> None:
    around = {"<": "<p>{}</p>", '"': '<p title="{}">Words.</p>', "'": "<p title='{}'>Words.</p>"}
    for place in (around.get(hostile[0], ""), '<a href="{}">Words.</a>'):
        if place:
            assert problems_of_markup(f"<!doctype html><body>{place.format(hostile)}</body>".encode())


@pytest.mark.parametrize("turn", range(2))
def test_a_hostile_text_is_text_wherever_it_stands(look: Look, turn: int) -> None:
    turned = [" ".join((*TEXTS[at:], *TEXTS[:at])) for at in range(turn, len(TEXTS), 2)]
    pages = look(lambda name: one_of(turned, name))
    assert {name: found for name, content in pages.items() if (found := problems_of_markup(content))} == {}


def test_the_texts_are_on_the_pages_and_of_many_fields(look: Look) -> None:
    pages = look(lambda name: f"{name} {TEXTS[0]}")
    whole = b"".join(pages.values()).decode()
    for field in (
        "app.name",
        "organization.name",
        "person.name",
        "submission.snapshot",
        "checklist_item.findings.evidence",
        "review_step.findings.where",
        "review_message.text",
        "internal_note.text",
        "review_draft.text",
        "saved_reason.text",
        "transition_reason.reasons",
    ):
        assert field in whole, field
    assert TEXTS[0] not in whole


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(WORDS, min_size=8, max_size=8))
def test_whatever_is_written_is_text_wherever_it_stands(look: Look, texts: list[str]) -> None:
    pages = look(lambda name: one_of(texts, name))
    assert {name: found for name, content in pages.items() if (found := problems_of_markup(content))} == {}
