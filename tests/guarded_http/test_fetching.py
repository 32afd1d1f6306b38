"""What a fetch returns, what it sends, and how it treats schemes, redirects and certificates."""

import gzip
import ssl
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import escape

import brotli
import pytest

from runtime.guarded_http import FetchLimits, GuardedHttp, Page
from runtime.guarded_http.refusal import REMEDIES
from tests.guarded_http.clients import CERTIFICATES, Answers, local, refusal, strict
from tests.guarded_http.hostile_server import Behaviour, HostileServer, answer, page, redirect


def tls(name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 Oops", "304 Not Modified"])
def test_an_answer_is_a_page_whatever_its_status(status: str) -> None:
    with HostileServer({"/docs?a=b": page(b"", "Content-Type: text/html", status=status)}).running() as server:
        found = local().fetch(server.url("/docs?a=b#part"))
    assert found == Page(
        url=server.url("/docs?a=b"), status=int(status[:3]), content_type="text/html", body=b"", redirects=()
    )


def test_a_request_says_who_asks_and_wants_no_compression() -> None:
    with HostileServer({"/": page(b"x")}).running() as server:
        local().fetch(server.url("/"))
    head = server.heads[0]
    assert head.startswith("GET / HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in head
    assert "\r\nAccept-Encoding: identity\r\n" in head
    assert "\r\nUser-Agent: devcenter-test/1\r\n" in head
    assert "forwarded" not in head.lower()


def test_no_cookie_and_no_credential_is_kept_between_fetches() -> None:
    behaviours = {"/": answer("Set-Cookie: a=b", "Location: /next", status="302 Found"), "/next": page(b"x")}
    with HostileServer(behaviours).running() as server:
        client = local()
        client.fetch(server.url("/"))
        client.fetch(server.url("/next"))
    assert len(server.heads) == 3
    assert not any("cookie" in head.lower() for head in server.heads)


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with HostileServer({}).running() as proxy, HostileServer({"/": page(b"direct")}).running() as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        assert local().fetch(server.url("/")).body == b"direct"
        assert proxy.heads == []


META = '<meta charset="{}"><p>{}'
HTTP_EQUIV = '<head><meta http-equiv=Content-Type content="text/html; charset={}"></head><p>{}'
XHTML = '<?xml version="1.0" encoding="{}"?><html><p>{}</p></html>'
DECLARED = [
    ("windows-1251", "Яндекс"),
    ("koi8-r", "Яндекс"),
    ("Shift_JIS", "アクメ"),
    ("x-sjis", "アクメ"),
    ("euc-jp", "アクメ"),
    ("iso-2022-jp", "アクメ"),
    ("gb2312", "阿克梅"),
    ("big5", "阿克梅"),
    ("euc-kr", "아크메"),
    ("latin1", "Café “Zoé”"),
    ("ISO-8859-2", "Łódź"),
    ("windows-874", "ไทย"),
    ("utf8", "Größe"),
]
PYTHONS = {"x-sjis": "cp932", "gb2312": "gbk", "latin1": "cp1252", "windows-874": "cp874"}


@pytest.mark.parametrize(("label", "words"), DECLARED)
@pytest.mark.parametrize("form", [META, HTTP_EQUIV, XHTML, "<!-- " + "x" * 3000 + " -->" + META])
def test_a_page_is_read_in_the_charset_that_it_declares_itself(form: str, label: str, words: str) -> None:
    body = form.format(label, words).encode(PYTHONS.get(label, label))
    for content_type in ("text/html", "", "text/html; charset=no-such"):
        assert words in Page(url="", status=200, content_type=content_type, body=body, redirects=()).text


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/html; charset=utf-8", "é".encode(), "é"),
        ("text/html; charset=ISO-8859-1", b"\xe9", "é"),
        ("text/html; charset=ISO-8859-1", b"\x93", "“"),
        ("text/html; charset=Shift_JIS", b"\x83\x65", "テ"),
        ('text/html; charset="windows-1251"', b"\xdf", "Я"),
        ("text/html", "é".encode(), "é"),
        ("", b"\xff", "ÿ"),
        ("text/html; charset=utf-8", b"\xff", "\ufffd"),
        ("text/html; charset=no-such", b"a", "a"),
        ("text/html; charset=punycode", b"Mnchen-3ya", "Mnchen-3ya"),
        ("text/html; charset=unicode_escape", b"\\x41", "\\x41"),
        ("text/html; charset=zlib", b"a", "a"),
        ("text/html; charset=utf-7", b"+AGEA-", "+AGEA-"),
        ('text/html; charset="a\x00b"', b"a", "a"),
        ("text/html; charset=windows-1251", "\ufeffé".encode(), "é"),
        ("text/html", "é".encode("utf-16"), "é"),
        ("text/html", b"\xfe\xff" + "é".encode("utf-16-be"), "é"),
        ("text/html", '<meta charset="utf-16">é'.encode(), '<meta charset="utf-16">é'),
        ("text/html", b'<!-- <meta charset="koi8-r"> -->\xc3\xa9', '<!-- <meta charset="koi8-r"> -->é'),
        (
            "text/html",
            b"<script>'<meta charset=\"koi8-r\">'</script>\xc3\xa9",
            "<script>'<meta charset=\"koi8-r\">'</script>é",
        ),
        ("text/html; charset=windows-1251", b'<meta charset="koi8-r">\xdf', '<meta charset="koi8-r">Я'),
    ],
)
def test_text_is_read_in_the_declared_charset_of_a_page(content_type: str, body: bytes, text: str) -> None:
    found = Page(url="", status=200, content_type=content_type, body=body, redirects=())
    assert found.text == text


def test_it_is_known_that_a_charset_was_guessed() -> None:
    guessed = Page(url="", status=200, content_type="text/html", body="Яндекс".encode("cp1251"), redirects=())
    assert guessed.decoded.is_guessed
    broken = replace(guessed, body="Яндекс, Яндекс, Яндекс, Яндекс".encode() + b"\xff")
    assert not broken.decoded.is_guessed
    assert "Яндекс" in broken.text


@pytest.mark.parametrize("status", ["301 a", "302 b", "303 c", "307 d", "308 e"])
def test_redirects_are_followed_and_reported(status: str) -> None:
    behaviours = {
        "/a": redirect("b", status=status),
        "/b": redirect("//127.0.0.1:PORT/%C3%A9#x", status=status),
        "/%C3%A9": page(b"end"),
    }
    with HostileServer(behaviours).running() as server:
        behaviours["/b"] = redirect(f"//127.0.0.1:{server.port}/é#x".encode().decode("latin-1"))
        found = local().fetch(server.url("/a"))
    assert (found.body, found.url) == (b"end", server.url("/%C3%A9"))
    assert found.redirects == (server.url("/a"), server.url("/b"))


@pytest.mark.parametrize("path", ["/self", "/there"])
def test_a_redirect_loop_is_refused(path: str) -> None:
    behaviours = {"/self": redirect("/self#again"), "/there": redirect("/back"), "/back": redirect("/there")}
    with HostileServer(behaviours).running() as server:
        assert refusal(local(), server.url(path)).code == "redirect.loop"


def test_one_redirect_more_than_the_limit_is_refused() -> None:
    behaviours = {f"/{number}": redirect(f"/{number + 1}") for number in range(3)} | {"/3": page(b"end")}
    with HostileServer(behaviours).running() as server:
        assert local(replace(FetchLimits(), redirects=3)).fetch(server.url("/0")).body == b"end"
        assert refusal(local(replace(FetchLimits(), redirects=2)), server.url("/0")).code == "redirect.limit"


def test_a_redirect_without_a_location_is_a_page() -> None:
    with HostileServer({"/": page(b"where?", status="302 Found")}).running() as server:
        assert local().fetch(server.url("/")).status == 302


OTHER_SCHEMES = ["file:///etc/passwd", "ftp://a.example/", "gopher://a.example:6379/_INFO", "data:text/html,x"]
OTHER_SCHEMES += ["javascript:alert(1)", "unix:///run/docker.sock", "ws://a.example/", "partner.example/docs"]


@pytest.mark.parametrize("url", OTHER_SCHEMES)
def test_another_scheme_is_refused(url: str) -> None:
    assert refusal(strict(), url).code == "scheme.not_allowed"


@pytest.mark.parametrize("url", OTHER_SCHEMES[:-1])
def test_a_redirect_to_another_scheme_is_refused(url: str) -> None:
    with HostileServer({"/": redirect(url)}).running() as server:
        assert refusal(local(), server.url("/")).code == "scheme.not_allowed"


@pytest.mark.parametrize("location", ["http://[", "http://a b/", "http://x:99999/", "http://[::1%25lo]/"])
def test_a_redirect_that_cannot_be_read_is_refused(location: str) -> None:
    with HostileServer({"/": redirect(location)}).running() as server:
        assert refusal(local(), server.url("/")).code == "url.malformed"


@pytest.mark.parametrize("url", ["", "http://", "https:partner.example", "http://a\n.example/", "http://[::g]/"])
def test_a_url_that_cannot_be_read_is_refused(url: str) -> None:
    assert refusal(strict(), url).code in {"url.malformed", "scheme.not_allowed"}


@pytest.mark.parametrize("url", ["https://me:secret@a.example/", "http://me@a.example/"])
def test_credentials_in_a_url_are_refused_and_not_repeated(url: str) -> None:
    refused = refusal(strict(), url)
    assert refused.code == "credentials.not_allowed"
    assert "me" not in refused.url
    assert "secret" not in str(refused)


@pytest.mark.parametrize("port", [0, 22, 25, 79, 81, 445, 1023])
def test_ports_of_other_services_are_refused(port: int) -> None:
    assert refusal(strict(), f"http://partner.example:{port}/").code == "port.not_allowed"


def test_line_ends_in_a_url_do_not_reach_the_request() -> None:
    with HostileServer({"/%0D%0AX-Evil:%20y": page(b"x")}).running() as server:
        local().fetch(server.url("/\r\nX-Evil: y"))
    assert "\r\nX-Evil" not in server.heads[0]


def test_a_page_behind_a_trusted_certificate_for_its_host_is_fetched() -> None:
    with HostileServer({"/": page(b"secure")}, tls=tls("good")).running() as server:
        client = local(None, ["127.0.0.1"])
        assert client.fetch(server.url("/", host="partner.example")).body == b"secure"


@pytest.mark.parametrize("certificate", ["self_signed", "expired", "other_host"])
def test_a_bad_certificate_is_refused(certificate: str) -> None:
    with HostileServer({"/": page(b"unread")}, tls=tls(certificate)).running() as server:
        refused = refusal(local(None, ["127.0.0.1"]), server.url("/", host="partner.example"))
        assert refused.code == "tls.invalid"
        assert server.heads == []


def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    with HostileServer({"/": page(b"unread")}, tls=tls("good")).running() as server:
        client = GuardedHttp(FetchLimits(), user_agent="test", allow_loopback=True, resolver=Answers(["127.0.0.1"]))
        assert refusal(client, server.url("/", host="partner.example")).code == "tls.invalid"


def test_a_server_without_tls_behind_an_https_url_is_refused() -> None:
    with HostileServer({"/": page(b"x")}).running() as server:
        assert refusal(local(), server.url("/").replace("http:", "https:")).code == "tls.failed"


def test_threads_share_one_client() -> None:
    behaviours = {f"/{number}": page(str(number).encode()) for number in range(40)}
    with HostileServer(behaviours).running() as server, ThreadPoolExecutor(8) as threads:
        client = local()
        found = threads.map(lambda number: client.fetch(server.url(f"/{number}")).body, range(40))
        assert list(found) == [str(number).encode() for number in range(40)]


def test_every_refusal_says_what_to_do() -> None:
    refused = refusal(strict(), "ftp://a.example/")
    assert refused.remedy == REMEDIES["scheme.not_allowed"]
    assert str(refused).startswith("ftp://a.example/: The URL's scheme is ftp.")


COMPRESSED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "gzip, br": lambda body: brotli.compress(gzip.compress(body)),
    "identity, gzip": gzip.compress,
    "identity": bytes,
}


@pytest.mark.parametrize("coding", COMPRESSED)
def test_a_page_that_is_compressed_though_nobody_asked_is_read(coding: str) -> None:
    body = COMPRESSED[coding](b"Acme" * 1000)
    with HostileServer({"/": page(body, f"Content-Encoding: {coding}")}).running() as server:
        assert local().fetch(server.url("/")).body == b"Acme" * 1000


def test_bare_deflate_members_and_empty_bodies_are_read_as_browsers_read_them() -> None:
    bare = zlib.compressobj(wbits=-15)
    behaviours = {
        "/bare": page(bare.compress(b"Acme") + bare.flush(), "Content-Encoding: deflate"),
        "/members": page(gzip.compress(b"Ac") + gzip.compress(b"me") + b"rest", "Content-Encoding: gzip"),
        "/empty": page(b"", "Content-Encoding: gzip"),
    }
    with HostileServer(behaviours).running() as server:
        found = {path: local().fetch(server.url(path)).body for path in behaviours}
    assert found == {"/bare": b"Acme", "/members": b"Acme", "/empty": b""}


REFRESHES = [
    "0;url=/docs/segment",
    "0; URL='/docs/segment'",
    '0;url="/docs/segment" and more',
    "  5 , /docs/segment  ",
    "0 url = /docs/segment",
    ".5;url=/docs/segment",
    "0;/docs/segm\tent",
    "3.7;url=segment",
]


def refreshing(content: str, before: str = "") -> Behaviour:
    return page(f'{before}<meta http-equiv="Refresh" content="{escape(content)}">'.encode(), "Content-Type: text/html")


@pytest.mark.parametrize("content", REFRESHES)
def test_a_refresh_is_followed_like_a_redirect(content: str) -> None:
    behaviours = {
        "/docs/": refreshing(content),
        "/docs/by-header": page(b"", f"Refresh: {content}"),
        "/docs/segment": page(b"here"),
    }
    with HostileServer(behaviours).running() as server:
        for path in ("/docs/", "/docs/by-header"):
            found = local().fetch(server.url(path))
            assert (found.url, found.redirects) == (server.url("/docs/segment"), (server.url(path),))


def test_a_refresh_leads_from_the_base_of_its_page() -> None:
    behaviours = {"/": refreshing("0;url=to", '<base href="/there/">'), "/there/to": page(b"here")}
    with HostileServer(behaviours).running() as server:
        assert local().fetch(server.url("/")).body == b"here"


@pytest.mark.parametrize(
    "html",
    [
        '<meta http-equiv=refresh content="300">',
        '<meta http-equiv=refresh content="0">',
        '<meta http-equiv=refresh content="0;url=/">',
        '<meta http-equiv=refresh content="0;url=#top">',
        '<meta http-equiv=refresh content="600;url=/elsewhere">',
        '<meta http-equiv=refresh content="url=/elsewhere">',
        '<meta http-equiv=refresh content="0x;url=/elsewhere">',
        '<noscript><meta http-equiv=refresh content="0;url=/elsewhere"></noscript>',
        '<template><meta http-equiv=refresh content="0;url=/elsewhere"></template>',
        '<!-- <meta http-equiv=refresh content="0;url=/elsewhere"> -->',
        "<script>\"<meta http-equiv=refresh content='0;url=/elsewhere'>\"</script>",
    ],
)
def test_a_page_that_a_reader_stays_on_is_the_page(html: str) -> None:
    with HostileServer({"/": page(html.encode(), "Content-Type: text/html")}).running() as server:
        assert local().fetch(server.url("/")).text == html


def test_refreshes_and_redirects_are_counted_together_and_may_not_go_in_circles() -> None:
    chain = {
        f"/{n}": (refreshing if n % 2 else redirect)(f"0;url=/{n + 1}" if n % 2 else f"/{n + 1}") for n in range(9)
    }
    circle = {"/a": refreshing("0;url=/b"), "/b": redirect("/a")}
    with HostileServer({**chain, **circle}).running() as server:
        assert refusal(local(replace(FetchLimits(), redirects=5)), server.url("/0")).code == "redirect.limit"
        assert refusal(local(), server.url("/a")).code == "redirect.loop"


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://10.0.0.1/", "address.not_public"),
        ("http://[::ffff:169.254.169.254]/", "address.not_public"),
        ("file:///etc/passwd", "scheme.not_allowed"),
        ("javascript:alert(1)", "scheme.not_allowed"),
        ("http://me:secret@a.example/", "credentials.not_allowed"),
        ("http://a.example:25/", "port.not_allowed"),
    ],
)
def test_a_refresh_is_guarded_like_a_redirect(location: str, code: str) -> None:
    with HostileServer({"/": refreshing(f"0;url={location}")}).running() as server:
        assert refusal(local(), server.url("/")).code == code


def test_a_circle_that_a_cookie_might_end_is_told_from_one_that_nothing_ends() -> None:
    behaviour = answer("Set-Cookie: seen=1", "Location: /", "Content-Length: 0", status="302 Found")
    with HostileServer({"/": behaviour}).running() as server:
        assert refusal(local(), server.url("/")).code == "redirect.cookie"


@pytest.mark.parametrize(
    ("host", "ascii_host"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("i❤.example", "xn--i-7iq.example"),
        ("\uff53\uff45gment.example", "segment.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("my_shop.example", "my_shop.example"),
        ("v2--acme.example", "v2--acme.example"),
        ("ab--cd.example", "ab--cd.example"),
    ],
)
def test_a_host_that_browsers_open_is_looked_up(host: str, ascii_host: str) -> None:
    resolver = Answers([])
    assert refusal(strict(resolver), f"https://{host}:443/ü?ü").code == "name.unresolved"
    assert resolver.asked == [ascii_host]
