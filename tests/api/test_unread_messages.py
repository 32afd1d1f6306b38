"""Unread messages over HTTP: each side's own, until it reads or answers them."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.lifecycle import AppState
from tests.api.answers import ok, problem
from tests.api.running import Service
from tests.api.service import Caller
from tests.factories import app_in
from tests.journeys import people_in, token_of

_ACT = st.sampled_from(["partner", "reviewer", "partner reads", "reviewer reads"])
_ACTS = st.lists(st.tuples(_ACT, st.integers(0, 40)), max_size=12)


class _Talk:
    """A conversation about an App of its own, with what each side must still have to read."""

    def __init__(self, service: Service, slug: str) -> None:
        self.service, self.slug = service, slug
        app_in(service.engine, service.people, slug, AppState.SUBMITTED)
        (found,) = ok(service.reviewer("GET", f"/v1/reviews?app={slug}"))["items"]
        self.review = found["id"]
        self.paths = {"partner": f"/v1/apps/{slug}/messages", "reviewer": f"/v1/reviews/{self.review}/messages"}
        self.callers = {"partner": service.partner, "reviewer": service.reviewer}
        self.unread: dict[str, list[str]] = {"partner": [], "reviewer": []}

    def write(self, side: str) -> str:
        message = ok(self.callers[side]("POST", self.paths[side], {"text": "Hello."}), 201)
        self.unread[side] = []
        self.unread["reviewer" if side == "partner" else "partner"].append(message["id"])
        return str(message["id"])

    def read(self, side: str, up_to: str) -> int:
        self.unread[side] = [one for one in self.unread[side] if one > up_to]
        return int(ok(self.callers[side]("PUT", f"{self.paths[side]}/read", {"up_to": up_to}))["unread"])

    def listed(self, side: str) -> dict[str, Any] | None:
        items = ok(self.callers[side]("GET", "/v1/unread-messages?limit=200"))["items"]
        return next((one for one in items if one["app"] == self.slug), None)


def test_a_side_reads_what_the_other_wrote_or_answers_it(shared_service: Service) -> None:
    talk = _Talk(shared_service, "talk")
    assert (talk.listed("partner"), talk.listed("reviewer")) == (None, None)
    first, second = talk.write("partner"), talk.write("partner")
    found = talk.listed("reviewer")
    assert found is not None
    assert (found["unread"], found["oldest_id"], found["review_id"], found["company"]) == (
        2,
        first,
        talk.review,
        "Acme",
    )
    assert talk.listed("partner") is None
    assert talk.read("reviewer", first) == 1
    found = talk.listed("reviewer")
    assert found is not None
    assert found["oldest_id"] == second
    assert talk.read("reviewer", first) == 1
    assert talk.read("reviewer", second) == 0
    talk.write("reviewer")
    assert talk.listed("partner") is not None
    talk.write("partner")
    assert talk.listed("partner") is None


def test_nobody_sees_or_reads_what_is_another_companys(shared_service: Service) -> None:
    service = shared_service
    talk = _Talk(service, "private")
    message = talk.write("reviewer")
    others = people_in(service.engine, "Others")
    stranger = Caller(service.url, token_of(service.engine, others.partner))
    assert ok(stranger("GET", "/v1/unread-messages"))["items"] == []
    problem(stranger("PUT", f"{talk.paths['partner']}/read", {"up_to": message}), 404, "app.not_found")
    assert talk.listed("partner") is not None
    assert talk.read("reviewer", message) == 0
    assert talk.listed("partner") is not None


def test_what_is_unread_is_what_was_written_and_neither_read_nor_answered(shared_service: Service) -> None:
    talk = _Talk(shared_service, "any-order")
    written: list[str] = []

    @settings(max_examples=10, deadline=None)
    @given(_ACTS)
    def in_any_order(acts: list[tuple[str, int]]) -> None:
        for act, place in acts:
            side = act.split()[0]
            if act == side and len(written) < 40:
                written.append(talk.write(side))
            elif written and act != side:
                left = talk.read(side, written[-1 - place % len(written)])
                assert left == len(talk.unread[side])
        for side, unread in talk.unread.items():
            found = talk.listed(side)
            assert (found and (found["unread"], found["oldest_id"])) == ((len(unread), unread[0]) if unread else None)

    in_any_order()
