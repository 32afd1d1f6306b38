"""What a suite sends: the documented fields of each message, the same for the same run, and curl lines that say it."""

import base64
import json
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.component_test import RunScope
from models.component_test import TestColour as Colour
from workflow.component_tests.cases import dispatches_of
from workflow.component_tests.colours import colour_of
from workflow.component_tests.judging import CERTIFICATE_ENDS_SOON, SLOW, Exchange, Expected, Question, judge
from workflow.component_tests.messages import MadeUpUser
from workflow.component_tests.requests import EnteredValues, webhook_request

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ALL = ("identify", "track", "page", "screen", "group", "alias", "delete")
USER = MadeUpUser(UUID(int=1), NOW)
VALUES = EnteredValues("the-key", {"region": "EU", "token": "a long secret"})
TIMES = {"originalTimestamp", "sentAt", "receivedAt", "timestamp"}
REQUEST = webhook_request("https://acme.example/hook", b'{"a": "it\'s"}', VALUES, "X-Segment-Settings")
TRACK = Question("track_signed_up", "track", 'track "Signed up"')


def _messages() -> dict[str, dict[str, Any]]:
    suite = dispatches_of(RunScope.SUITE, ALL, {}, USER)
    return {one.question.code: json.loads(one.sent_body) for one in suite if one.question.code != "malformed"}


def _codes(came: Exchange, question: Question = TRACK, *, first: bool = False) -> list[str]:
    return [one.code for one in judge(question, REQUEST, came, NOW, first=first).findings]


def test_every_message_has_the_fields_of_its_type() -> None:
    own = {
        "identify": {"traits"},
        "track": {"event", "properties"},
        "page": {"name", "properties"},
        "screen": {"name", "properties"},
        "group": {"groupId", "traits"},
        "alias": {"previousId"},
    }
    common = {"anonymousId", "channel", "context", "integrations", "messageId", "type", "version"} | TIMES
    for code, message in _messages().items():
        if message["type"] == "delete":
            assert set(message) == TIMES | {
                "type", "channel", "messageId", "projectId", "userId", "context", "integrations",
            }  # fmt: skip
        else:
            user = set() if code in ("page_home", "page_signup") else {"userId"}
            assert set(message) == common | own[message["type"]] | user, code


def test_a_journey_is_one_users_and_its_events_follow_each_other() -> None:
    messages = [one for code, one in _messages().items() if code not in ("duplicate", "other_order")]
    assert {one["userId"] for one in messages if "userId" in one} == {USER.user_id}
    assert {one["anonymousId"] for one in messages if "anonymousId" in one} == {USER.anonymous_id}
    journey = messages[:8]
    assert [one["timestamp"] for one in journey] == sorted(one["timestamp"] for one in journey)
    assert " " in next(key for key in journey[4]["traits"] if " " in key)


def test_only_the_duplicate_has_a_message_id_that_came_before() -> None:
    ids = [one["messageId"] for one in _messages().values()]
    assert len(set(ids)) == len(ids) - 1
    messages = _messages()
    assert messages["duplicate"] == messages["track_signed_up"]


@given(st.uuids(), st.sets(st.sampled_from(ALL)), st.sampled_from([RunScope.SUITE, RunScope.EVENT]))
def test_a_run_always_sends_the_same_and_only_what_is_declared(run: UUID, types: set[str], scope: RunScope) -> None:
    user = MadeUpUser(run, NOW)
    declared = sorted({*types, "delete"})
    first = dispatches_of(scope, declared, {"event": "delete"}, user)
    assert first == dispatches_of(scope, declared, {"event": "delete"}, MadeUpUser(run, NOW))
    assert {one.question.event for one in first} <= set(declared)
    assert first[-1].question.code == "delete"
    assert len({one.question.code for one in first}) == len(first)


@pytest.mark.parametrize("status", [None, *range(100, 600)])
def test_every_status_has_a_colour_and_all_but_a_good_one_a_finding(status: int | None) -> None:
    good = status in (200, 202)
    for event in ("track", "delete"):
        expected = Colour.GREEN if good else Colour.YELLOW if (status, event) == (501, "track") else Colour.RED
        assert colour_of(event, status) is expected
        came = Exchange(status, problem=None if status else "time.exceeded", detail="Too slow.")
        result = judge(Question(event, event, event), REQUEST, came, NOW, first=True)
        assert (result.colour, bool(result.findings)) == (expected, not good)


def test_slow_answers_are_named_and_stay_green() -> None:
    slow = Exchange(200, seconds=SLOW.total_seconds() + 0.1)
    assert judge(TRACK, REQUEST, slow, NOW, first=False).colour is Colour.GREEN
    assert _codes(slow) == ["answer.slow"]
    assert _codes(Exchange(200, seconds=SLOW.total_seconds())) == []


def test_the_first_answer_tells_of_the_connection() -> None:
    old = Exchange(200, tls_version="TLSv1.1", certificate_ends=NOW + CERTIFICATE_ENDS_SOON - timedelta(days=1))
    assert _codes(old, first=True) == ["tls.old", "certificate.ends_soon"]
    assert _codes(old) == []
    modern = Exchange(200, tls_version="TLSv1.2", certificate_ends=NOW + CERTIFICATE_ENDS_SOON)
    assert _codes(modern, first=True) == []


@given(st.binary(max_size=4096), st.sampled_from(["application/json", "text/html", "", "\udcff;"]), st.booleans())
def test_no_answer_is_too_strange_to_be_judged(body: bytes, content_type: str, is_cut: bool) -> None:
    for status in (None, 200, 400, 501):
        for expected in Expected:
            question = Question("nulls", "track", "track", expected)
            came = Exchange(status, content_type, body=body, is_cut=is_cut, problem="time.exceeded", detail="x")
            result = judge(question, REQUEST, came, NOW, first=True)
            assert result.observed is (expected is not Expected.PROCESSED)
            assert result.is_json is not True or content_type != "application/json" or not is_cut


def test_a_curl_line_says_what_was_sent_and_has_placeholders_for_secrets() -> None:
    parts = shlex.split(REQUEST.curl)
    assert parts[:5] == ["curl", "-i", "-X", "POST", "https://acme.example/hook"]
    assert parts[-2:] == ["--data-binary", '{"a": "it\'s"}']
    assert "$API_KEY:" in parts
    for secret in ("the-key", "a long secret", base64.b64encode(b"the-key:").decode()):
        assert secret not in REQUEST.curl
        assert secret not in str(REQUEST.shown_headers)


@pytest.mark.parametrize(
    "came",
    [
        Exchange(302, location="https://acme.example/login?key=the-key&token=a%20long%20secret"),
        Exchange(problem="connection.failed", detail="the-key, a long secret"),
        Exchange(500, "application/json", body=b'{"message": "the\\u002dkey, a long secret"}'),
    ],
)
def test_nothing_that_people_are_told_repeats_a_secret(came: Exchange) -> None:
    result = judge(TRACK, REQUEST, came, NOW, first=True)
    told = json.dumps([one.as_dict() for one in result.findings]) + str(result.message)
    assert "(the test key)" in told
    assert not [secret for secret in ("the-key", "a long secret", "a%20long%20secret") if secret in told]


def test_a_secret_that_is_part_of_the_json_does_not_break_it() -> None:
    values = EnteredValues('"message"', {})
    request = webhook_request("https://acme.example/hook", b"{}", values, "X-Segment-Settings")
    came = Exchange(200, "application/json", body=b'{"message": "Fine."}')
    assert judge(TRACK, request, came, NOW, first=False).findings == ()


@given(st.text(max_size=200))
def test_secrets_that_an_endpoint_repeats_are_replaced(text: str) -> None:
    repeated = f"{text}the-key{text}a long secret{REQUEST.headers['X-Segment-Settings']}"
    shown = REQUEST.without_secrets(repeated)
    assert not any(secret in shown for secret, _ in REQUEST.secrets if secret not in text)
