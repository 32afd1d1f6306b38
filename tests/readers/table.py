"""The readers of foreign text, each from where the text comes in, and the functions that read what is not foreign."""

import asyncio
import base64
import gzip
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from socket import socketpair
from typing import Any
from uuid import UUID

import uvicorn
from dramatiq import DecodeError
from PIL import Image
from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from api.schemas.access_requests import NewAccessRequest
from api.schemas.values import Email
from api.waiting import seconds_to_wait
from console.differences import marked
from console.forms import fields_of
from console.json_text import lines_of, pretty_text
from console.mapping_forms import read_form
from console.markdown import may_link, rendered
from console.moments import moment_of
from console.pages.policy_change import _draft_in
from console.pages.reviews import _slug_of
from console.pages.test_settings import _day
from console.rendering import host_in
from console.testing import read_message as read_message_typed
from console.visiting import _is_secret
from models import Notification, Transition
from models.checklist import Requirement
from runtime.broker import _read as read_message
from runtime.guarded_http import FetchRefused
from runtime.guarded_http.charset import decode_page
from runtime.guarded_http.head import read_head
from runtime.guarded_http.inflating import CutShortError, InflatedTooLargeError, inflate
from runtime.guarded_http.target import follow, read_url
from runtime.redaction import redact
from tests.workers.sites import URL, Pages, site, take
from tracking.answers import RefusedError
from tracking.reading import event_of_pixel, key_in_header
from tracking.reading import inflate as inflate_body
from web.caching import cached
from web.calls import _ids_of
from web.etags import expected_revisions
from web.headers import credentials_of, is_one_of, media_type_of, network_of
from web.strict_json import reason_to_refuse
from web.tracing import read_traceparent
from web.wire import BoundedHttpProtocol
from workers.intake import _without_tokens
from workers.proving import look_for_challenge
from workers.steps import RUNS
from workers.steps.documentation_links import links_to_follow
from workers.steps.links import absolute, judge_links, tracking_findings
from workers.steps.page_text import Link
from workers.steps.step import Evidence
from workflow.access.domains import company_domain, fetch_lane, website_as_browsers_read_it
from workflow.access.tried_hosts import read_host
from workflow.assets.pictures import examine
from workflow.building.evidence import field_in, problems_with
from workflow.building.findings import Templates, findings_on
from workflow.building.settings import SETTINGS_OF, validate_settings
from workflow.catalog.namesakes import core_of
from workflow.catalog.words import _is_unspaced, _typed, _within
from workflow.component_tests.bundles.examining import examine as examine_bundle
from workflow.component_tests.judging import Exchange, Expected, Question, judge
from workflow.component_tests.plugins import judge_package
from workflow.component_tests.requests import EnteredValues, webhook_request
from workflow.component_tests.starting import host_of
from workflow.errors import WorkflowError
from workflow.identity.secrets import hash_of_typed
from workflow.mapping.requests import make_request, read_request_mapping
from workflow.markdown import is_secure_link, read_markdown
from workflow.names import domains_in, read_company_name, read_name, read_person_name
from workflow.notifications.mail import Letter, compose
from workflow.notifications.times import in_zone
from workflow.operating.erasing import redacted
from workflow.pages import _typed as typed_in_cursor
from workflow.pages import read_cursor
from workflow.policy.calendar import CalendarInvalid, check_closed_day
from workflow.policy.parts import PolicyInvalid, read_document
from workflow.profile.loading import load_profile
from workflow.raw_html import read_html
from workflow.sandbox.messages import EventTooLargeError, receive_event
from workflow.sandbox.streams import Stream
from workflow.spec.judging import judge_event
from workflow.sql.storable import storable_json

REFUSALS: tuple[type[Exception], ...] = (ValueError, WorkflowError, DecodeError, FetchRefused)
REFUSALS += (CutShortError, InflatedTooLargeError, CalendarInvalid, PolicyInvalid)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads a text that somebody else wrote, which stands at each of `places`."""

    read: Callable[[str], object]
    places: tuple[str, ...] = ("{}",)


_PROFILE = load_profile()
_ID = UUID(int=1)


def _access_request(text: str) -> None:
    plan = {"use_case": text, "component_kinds": ["subscription"]}
    survey = dict.fromkeys(NewAccessRequest.model_fields["survey"].annotation.model_fields, text)  # type: ignore[union-attr]
    fields = {
        "company_name": text,
        "website": f"https://acme.example/{text}",
        "contact_name": text,
        "contact_email": "pat@acme.example",
        "plan": plan,
        "survey": survey,
        "agreements": {"partner_agreement": True, "privacy_policy": True},
    }
    NewAccessRequest.model_validate(fields | {"company_name": "Acme", "contact_name": "Pat Doe"})
    NewAccessRequest.model_validate(fields)


def _connection(text: str) -> None:
    """Has the door receive the text, in pieces."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def receive() -> None:
        config = uvicorn.Config(app, http=BoundedHttpProtocol, lifespan="off", log_config=None, ws="none")
        config.load()
        far, near = socketpair()
        with far:
            _, protocol = await asyncio.get_running_loop().connect_accepted_socket(
                lambda: BoundedHttpProtocol(config, ServerState(), app_state={}), near
            )
            sent = text.encode()
            for start in range(0, len(sent), 100):
                protocol.data_received(sent[start : start + 100])
            protocol.transport.abort()

    asyncio.run(receive())


def _form(text: str) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": text.encode(), "more_body": False}

    asyncio.run(fields_of(Request({"type": "http", "method": "POST", "headers": []}, receive)))


def _mapping_form(text: str) -> None:
    typed = read_form({"method": "POST", "path": text, "headers.0.name": text, "headers.0.value": text, "body": text})
    if text.strip() and "body" not in typed.errors:
        lines_of(typed.fields["body"], ["/a/0/a", "/b"])


class _Content(BaseModel):
    a: int = 1


def _header(name: bytes, read: Callable[[dict[str, Any]], object], text: str) -> None:
    read({"type": "http", "headers": [(name, text.encode())]})


def _page(text: str) -> None:
    for code in ("partner_documentation", "partners_page", "documentation_links"):
        take(site(text, url=f"https://segment.example/{text[:500]}", redirects=(URL,)), code=code)
    kept = {"partner_documentation": {"domain": "acme.example", "names": {"app": "Acme"}}}
    given = {"partner_documentation": {"url": URL}}
    RUNS["drift"](Evidence("Acme", {}, _PROFILE, others=given, before=kept), site(text))
    take(site(text, status=503, headers={"retry-after": text}))


def _charset(text: str) -> None:
    for body in (text.encode(), text.encode() + b"\xff"):
        decode_page(body, f"text/html; charset={text}")
        decode_page(body, "text/html")


def _difference(text: str) -> None:
    marked(text, text[::-1])
    marked(text, "another text")


def _link(text: str) -> None:
    absolute(URL, text)
    tracking_findings(text, ("utm_source",), URL, "")
    judge_links([Link(text, is_seen=True)], URL, _PROFILE.platform, "")
    links, _ = links_to_follow([Link(text, is_seen=True)], URL, URL)
    followed = [asdict(link) for link in links]
    seen = {"page": URL, "links": followed, "left_out": 0, "slices": 0}
    RUNS["documentation_links"](Evidence("Acme", {}, _PROFILE, seen=seen), Pages({}))


def _evidence(text: str) -> None:
    shared: dict[str, object] = dict.fromkeys(("text", "description", "website", "url", "support_email"), text)
    for requirement in set(Requirement) - {Requirement.WORKING_INTEGRATION}:
        problems_with(requirement, shared, categories=("Analytics",), loopback=False)
        field_in(requirement, text)
    findings_on(Requirement.CATALOG_DETAILS, {"text": f"{text} [a](<b {text}>)"}, Templates(()))
    problems_with(Requirement.PARTNERS_PAGE, {"url": f"https://{text}"}, categories=(), loopback=False)
    problems_with(Requirement.PARTNERS_PAGE, {"url": f"https://{text[:1000]}"}, categories=(), loopback=False)


def _picture(kind: str, form: str, text: str) -> None:
    """Reads the text as a picture, and as what follows the beginning of one."""
    examine_all = [text.encode(), _PICTURES[form] + text.encode(), _PICTURES[form][:-20] + text.encode()]
    for content in examine_all:
        with suppress(WorkflowError):
            examine(kind, content)


def _image(form: str) -> bytes:
    written = BytesIO()
    Image.new("RGB", (320, 240)).save(written, form, icc_profile=b"a profile")
    return written.getvalue()


_PICTURES = {form: _image(form) for form in ("PNG", "JPEG", "WEBP")} | {
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 50"/>'
}


def _markdown(text: str) -> None:
    found = read_markdown(text)
    assert isinstance(found.placeholders, list)
    assert isinstance(found.insecure, list)
    is_secure_link(f"https://{text}")
    read_html(text)


def _markdown_of_page(text: str) -> None:
    rendered(text)
    may_link(f"https://{text}")


def _name(text: str) -> None:
    domains_in(text)
    core_of(text)
    for read in (read_name, read_company_name, read_person_name):
        read("Acme")
        read(text)


def _mail(text: str) -> None:
    letter = Letter(
        notification_id=_ID,
        recipient_id=_ID,
        kind="changes_requested",
        recipient="pat@acme.example",
        recipient_name=text,
        app_name=text,
        app_slug="acme",
        created_at=datetime(2026, 11, 2, tzinfo=UTC),
        data={},
        reasons=[{"code": "other", "text": text}],
        review=None,
        customers=0,
        customers_needed=5,
    )
    made = compose(
        letter,
        sender="devcenter@platform.example",
        reply_to="help@platform.example",
        public_url="https://platform.example",
        profile=_PROFILE,
        pages=True,
    )
    made.as_bytes()


def _cursor(text: str) -> None:
    for key in (Transition.at, Notification.id):
        typed_in_cursor(text, key) if text.isascii() else None
    read_cursor(text, [str])


def _settings(text: str) -> None:
    given: Mapping[str, Any] = {"url": text, "api_key_name": text, "event_types": ["track"]}
    for kind, subkind in SETTINGS_OF:
        with suppress(WorkflowError):
            validate_settings(kind, subkind, given, loopback=False)


def _event(text: str) -> None:
    """Judges events in which the text stands as a name, as each kind of value, and as the name of a property."""
    values = {"total": text, "order_id": text, "products": [{"sku": text, text: text}] * 3, text: text}
    for name in (text, "Order Completed"):
        event = {"type": "track", "userId": text, "timestamp": text, "event": name, "properties": values}
        judge_event(event | {"context": {text: text, "integration": {"name": text}}}, app_slug="acme", declared=(text,))
    judge_event({"type": text, "traits": {"createdAt": text}}, app_slug="acme", declared=())
    judge_event({"type": "identify", "traits": {"age": text[:30]}}, app_slug="acme", declared=())


def _mapping(text: str) -> None:
    """Reads the text as each part of a mapping, and as a value of the event."""
    for part in (
        {"path": f"/{text}"},
        {"headers": {text: 1}},
        {"body": {"@path": text}},
        {"body": {"@template": text}},
    ):
        with suppress(WorkflowError):
            read_request_mapping(part)
    for given in ({"path": "/a/{{v}}?b={{v}}"}, {"body": {"@json": {"mode": "decode", "value": {"@path": "v"}}}}):
        with suppress(WorkflowError):
            make_request(read_request_mapping(given), "https://a.example", {"v": text})


@dataclass(frozen=True, slots=True)
class _Names:
    """A name whose TXT record has this text."""

    text: str

    def texts(self, _name: str) -> tuple[str, ...]:
        return (self.text,)


def _challenge(text: str) -> None:
    served = site(text, url=f"https://a.example/{text[:500]}", redirects=(f"https://{text[:500]}",))
    for page in (served, site(text, url="https://a.example/")):
        look_for_challenge("a.example", "challenge", page, _Names(text))


def _policy(text: str) -> None:
    for country in (text, "DE", None):
        read_document(
            1, {"time_zone": text, "country": country, "subdivision": text, "closed_days": [text], text: text}
        )


def _write_key(text: str) -> None:
    for value in (text.encode(), base64.b64encode(text.encode())):
        key_in_header({"headers": [(b"authorization", b"Basic " + value)]})


def _sandbox_body(text: str) -> None:
    for body in (text.encode(), gzip.compress(text.encode())):
        with suppress(RefusedError):
            inflate_body(body)


def _pixel(text: str) -> None:
    for data in (text, base64.b64encode(text.encode()).decode()):
        with suppress(RefusedError):
            event_of_pixel("track", data)


def _received_event(text: str) -> None:
    event = {"type": "track", "event": text, "userId": text, "messageId": text, "properties": {text: text}}
    with suppress(EventTooLargeError):
        receive_event(event, Stream(_ID, "acme", 1, ("Email Opened",)))


def _redirect(text: str) -> None:
    for location in (text, f"https://{text}"):
        follow(read_url("http://a.example/b"), location, is_header=False)


def _package(text: str) -> None:
    judge_package("ios", {"package_url": f"https://a.example/{text[:500]}/b"})
    judge_package("android", {"package_name": text, "minimum_sdk_version": "1.0"})


def _answer_of_endpoint(text: str) -> None:
    request = webhook_request(
        "https://acme.example/hook", b"{}", EnteredValues("a-key", {"name": "value"}), "X-Settings"
    )
    for kind in ("application/json", text):
        came = Exchange(500, kind, location=text, body=text.encode(), seconds=1.0)
        for question in (Question("group", "group", "group"), Question("nulls", "track", "track", Expected.SURVIVED)):
            judge(question, request, came, datetime.now(UTC), first=True)


_JSON = ("{}", '"{}"', '["{}"]', '{"{}": {"a": 1}}', "[" * 30 + "{}" + "]" * 30)
_HEAD = "POST / HTTP/1.1\r\nHost: x\r\n"
READERS: dict[str, Reader] = {
    "what comes on a connection": Reader(
        _connection,
        (
            "{}",
            "GET /{}",
            "GET / HTTP/1.1\r\nHost: {}\r\n\r\n",
            _HEAD + "X: {}",
            _HEAD + "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 9\r\n\r\n{}",
            _HEAD + "Transfer-Encoding: chunked\r\n\r\n1;{}",
            _HEAD + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\nX: {}",
        ),
    ),
    "the header Prefer": Reader(seconds_to_wait, ("{}", "wait={}")),
    "the header If-None-Match": Reader(lambda text: cached(_Content(), text, max_age_s=1), ("{}", '"{}"')),
    "the header If-Match": Reader(expected_revisions, ("{}", 'W/"{}"')),
    "the header Authorization": Reader(partial(_header, b"authorization", credentials_of), ("{}", "Bearer {}")),
    "the header Content-Type": Reader(partial(_header, b"content-type", media_type_of), ("{}", "a/b; {}")),
    "a client's address": Reader(lambda text: (network_of(text), is_one_of(text, ["10.0.0.0/8"]))),
    "a body": Reader(lambda text: reason_to_refuse(text.encode()), ("{}", '["{}"]', '{"a": {}')),
    "a write key in a header": Reader(_write_key),
    "a body of the sandbox in gzip": Reader(_sandbox_body),
    "a pixel of the sandbox": Reader(_pixel, ("{}", '{"a": "{}"}')),
    "an event of the sandbox": Reader(_received_event),
    "a form of the console": Reader(_form, ("{}", "a={}")),
    "a mapping in a form": Reader(
        _mapping_form, ("{}", '"{}"', '["{}"]', '{"{}": {"a": 1}}', '{"a": ["{}", {"a": 1}]}')
    ),
    "a day in a form": Reader(_day),
    "a moment in a form": Reader(partial(moment_of, Request({"type": "http"})), ("{}", "2026-11-02T{}")),
    "an App in the queue's form": Reader(_slug_of),
    "a message in a form": Reader(lambda text: (read_message_typed(text), pretty_text(text)), _JSON),
    "a policy in a form": Reader(lambda text: _draft_in({"document": text}, ()), _JSON),
    "a typed code": Reader(hash_of_typed),
    "a name of a field that is shown again": Reader(_is_secret),
    "an access request": Reader(_access_request),
    "a mail address": Reader(TypeAdapter(Email).validate_python, ("{}", "{}@acme.example", "pat@{}")),
    "a cursor": Reader(_cursor),
    "a message": Reader(lambda text: read_message(text.encode(), "transitions"), ("{}", '{"args": ["{}"]}')),
    "a message that is rejected": Reader(lambda text: _without_tokens(text, 1000), ("{}", "dc_a_{}", "dc_{}")),
    "a line of the log": Reader(redact, ("{}", "dc_a_{}", "password={}", "bearer {}", "https://{}", "?{}", "a@{}")),
    "a path's parts": Reader(lambda text: _ids_of({"path_params": {"slug": text, "app_id": text}}), ("{}", "a-{}")),
    "the header traceparent": Reader(lambda text: read_traceparent(text.encode()), ("{}", "00-{}")),
    "what is searched in the catalog": Reader(
        lambda text: (_typed(text), _is_unspaced(text), _within(text)), ("{}", '"{}', "-{}")
    ),
    "a name": Reader(_name),
    "a website": Reader(
        lambda text: (fetch_lane(text), company_domain(text), website_as_browsers_read_it(text)),
        ("https://{}", "https://a.example/{}", "https://{}.example"),
    ),
    "evidence": Reader(_evidence, ("{}", "https://a.example/{}", "a@{}")),
    "an endpoint's answer": Reader(_answer_of_endpoint, ("{}", '{"message": "{}"}', "[{}", "a-key{}")),
    "an endpoint's URL": Reader(lambda text: (host_in(text), host_of(text)), ("{}", "https://{}")),
    "settings of a Component": Reader(_settings, ("{}", "https://{}")),
    "an event": Reader(_event, ("{}", "Order{}", "2026-11-02T{}", "1{}")),
    "a mapping and an event": Reader(_mapping, ("{}", "$.{}", "$['{}", "{{{}}}")),
    "a host that proves itself": Reader(_challenge),
    "a host": Reader(read_host),
    "markdown": Reader(_markdown, ("{}", "[a]({}", "[a](<{}>)", "<{}", '<img srcset="{}">')),
    "markdown on a page": Reader(
        _markdown_of_page, ("{}", "[a]({}", "[a](<{}>)", "# {}", "|a|b|\n|-|-|\n|{}|", "> {}")
    ),
    "an object to store": Reader(lambda text: storable_json({"a": text})),
    "a text in which a person is erased": Reader(lambda text: redacted(text, ["Pat", text[:100]], ["pat@a.example"])),
    "a mail's words": Reader(_mail),
    "a time in a mail": Reader(lambda text: in_zone({"a": text}, "Europe/Berlin"), ("{}", "2026-11-02 10:00 UTC{}")),
    "a policy": Reader(_policy),
    "a closed day": Reader(check_closed_day),
    "a page's charset": Reader(_charset),
    "a page's head": Reader(read_head, ("{}", "<meta {}", "<meta charset='{}")),
    "a page's encoding": Reader(lambda text: inflate(zlib.compress(text.encode()), ["deflate"], 10**7)),
    "a page in gzip": Reader(lambda text: inflate(text.encode(), ["gzip"], 10**7), ("{}", "\x1f{}")),
    "a page in br": Reader(lambda text: inflate(text.encode(), ["br"], 10**7)),
    "a redirect": Reader(_redirect, ("{}", "/{}", "?{}")),
    "a page": Reader(_page, ("{}", "<style>{}", "<a href='https://segment.com/?{}'>Segment</a>", "<p style='{}'>")),
    "a bundle": Reader(
        lambda text: examine_bundle(text.encode()),
        ("{}", "var a='{}'", "a`{}`", "#!{}", "x[{}]", "s.src={}", "window.a={};a.load=1", "//# sourceMappingURL={}"),
    ),
    "a difference": Reader(_difference, ("{}", "a {}", "{} b")),
    "a package": Reader(_package, ("{}", "a.b:{}")),
    "a link": Reader(
        _link,
        ("{}", "https://segment.com/?{}", "https://segment.com/#{}", "https://bit.ly/{}", "segment.com/{}"),
    ),
    "a logo": Reader(
        partial(_picture, "logo", "SVG"),
        (
            "{}",
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="{}"/>',
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1" width="{}"><path d="{}"/></svg>',
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><style>{}</style><a href="{}"/></svg>',
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><path style="fill:url({}" fill="{}"/></svg>',
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><style>a{fill:url(#{})}</style></svg>',
        ),
    ),
    **{f"a screenshot in {form}": Reader(partial(_picture, "screenshot", form)) for form in ("PNG", "JPEG", "WEBP")},
}
"""To add a reader, name what it reads here. The test tells which functions no reader of the table leads to."""

OUR_OWN = {
    "api.idempotency.once": "an answer of its own",
    "api.routes.staff_sign_ins._opened": "what was sealed here, and is decrypted",
    "api.routes.mapping_tries._shown": "a body that the mapping wrote",
    "console.client.ApiClient.call": "names of headers that a page sets",
    "console.client._run": "an answer of the API",
    "console.rendering.day": "a moment of the API",
    "console.forms._steps_of": "an answer of the API",
    "console.rendering.when": "a moment of the API",
    "console.own_address.is_loopback": "the setting PUBLIC_URL",
    "console.own_address.why_no_cookie": "the setting PUBLIC_URL",
    "console.door.ProblemPages.__call__": "a problem of its own",
    "console.pages.private_links._is_past": "a moment of the API",
    "console.door.origin_of": "the setting PUBLIC_URL",
    "runtime.embedded.folder.ServerFolder.remembered": "a file of its own",
    "runtime.guarded_http.addresses.is_admitted": "an address that was read",
    "runtime.guarded_http.client.GuardedHttp.post": "addresses that a look-up returned",
    "runtime.guarded_http.names.system_resolver": "addresses that the system looked up",
    "runtime.setting_values._public_url": "a setting",
    "runtime.setting_values._host": "a setting",
    "runtime.setting_values._issuer": "a setting",
    "runtime.setting_values._mailbox": "a setting",
    "runtime.setting_values._proxies": "a setting",
    "runtime.setting_values._redis_url": "a setting",
    "runtime.smtp._Connection.hand_over": "a mail of its own",
    "runtime.smtp._address_in": "a header of a mail of its own, with an address that was read",
    "web.door.serve": "a setting",
    "web.sentences._one_of": "the values that a field may have, as the framework writes them",
    "workers.steps.phrases.phrases": "a table of its own",
    "workflow.access.domains._suffixes": "the library's list",
    "workflow.building.settings._steps": "the place of a problem, which the reader of mappings wrote",
    "workflow.access.domains._country_suffixes": "the library's list",
    "workflow.assets.reading.read_picture": "the answer of its own process",
    "workflow.building.adoption_lines._mail_address": "a line of the admin's own file",
    "workflow.building.evidence_urls._is_public": "an address that was read",
    "workflow.catalog.changes._moment": "a part of a page's cursor, which is bounded",
    "workflow.component_tests.bundles.reading.report_of": "the answer of its own process",
    "workflow.notifications.digest_words._paragraphs": "a day that the service wrote",
    "workflow.notifications.letterhead.read_mail": "a mail of its own",
    "workflow.component_tests.run_settings.open_test_settings": "what the service encrypted itself",
    "workflow.lifecycle.loading._proposal": "a time that the database wrote",
    "workflow.markdown._parser": "nothing: it makes the parser",
    "workflow.names._suffixes": "the library's list",
    "workflow.operating.previewed._require_preview": "what the service encrypted itself",
    "workflow.profile.document._https": "the profile",
    "workflow.profile.document.Platform._website_is_the_platforms": "the profile",
    "workflow.profile.guides.fill_words": "the profile's guides",
    "workflow.profile.guides.unknown_words": "the profile's guides",
    "workflow.profile.loading._parsed": "the profile",
    "workflow.reviewing.surroundings._moment": "moments of Postgres",
    "workflow.reviewing.surroundings._past_round": "moments of Postgres",
    "workflow.reviewing.surroundings._run": "moments of Postgres",
    "workflow.reviewing.surroundings._waiver": "moments of Postgres",
    "workflow.spec.data.read_data": "a data file of its own",
}
"""Functions that read no foreign text, with what they read."""
