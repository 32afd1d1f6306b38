"""No URL leads to an address that is not public, however it is written and whatever its name servers say."""

from ipaddress import ip_address

import pytest

from runtime.guarded_http import FetchLimits, GuardedHttp
from runtime.guarded_http.addresses import is_admitted
from tests.guarded_http.clients import Answers, local, refusal, strict
from tests.guarded_http.hostile_server import HostileServer, page, redirect

NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::8.8.8.8",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:8.8.8.8",
    "64:ff9b::10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::168.63.129.16",
    "64:ff9b::169.254.169.254",
    "64:ff9b::1:8.8.8.8",
    "64:ff9b:1::8.8.8.8",
    "64:ff9b:1::10.0.0.1",
    "64:ff9b:1:808:8:800::",
    "100::1",
    "2001::1",
    "2001:0:808:808::f7f7:f7f7",
    "2606:4700::5efe:10.0.0.1",
    "2606:4700::200:5efe:192.168.0.1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450:4001::1"]
PUBLIC += ["64:ff9b::5db8:d822", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2606:4700::200:5efe:8.8.8.8"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused_when_the_url_states_it(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert refusal(strict(), f"http://{host}/").code == "address.not_public"


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused_when_a_name_resolves_to_it(address: str) -> None:
    refused = refusal(strict(Answers([address])), "https://partner.example/docs")
    assert (refused.code, refused.url) == ("address.not_public", "https://partner.example/docs")
    assert address in refused.detail or str(ip_address(address)) in refused.detail


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_admitted(address: str) -> None:
    assert is_admitted(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("answers", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["8.8.8.8", "::1"]])
def test_a_name_with_one_public_and_one_private_address_is_refused(answers: list[str]) -> None:
    assert refusal(strict(Answers(answers)), "http://partner.example/").code == "address.not_public"


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0X7F.0.0.1",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "127.000.000.001",
        "134744072",
        "256.1.1.1",
        "1.2.3.4.5",
        "partner.0x",
    ],
)
def test_an_address_in_an_unusual_form_is_refused_before_it_is_looked_up(host: str) -> None:
    resolver = Answers(["8.8.8.8"])
    assert refusal(strict(resolver), f"http://{host}/").code == "address.ambiguous"
    assert resolver.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1.", "127%2e0.0.1", "%31%32%37.0.0.1"])
def test_an_address_with_a_trailing_dot_or_percent_escapes_is_refused(host: str) -> None:
    assert refusal(strict(), f"http://{host}/").code == "address.not_public"


@pytest.mark.parametrize("host", ["①②⑦.0.0.1", "127。0。0。1", "[fe80::1%25eth0]", "a..example", "-a.example", ""])
def test_a_host_that_is_neither_a_name_nor_an_address_is_refused(host: str) -> None:
    assert refusal(strict(), f"http://{host}/").code in {"url.malformed", "address.not_public"}


@pytest.mark.parametrize("address", [text for text in NOT_PUBLIC if text not in {"::1"} and text[:4] != "127."])
def test_allowing_loopback_opens_nothing_else(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert refusal(local(), f"http://{host}/").code == "address.not_public"


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[2002:a00:1::]/",
        "//192.168.0.1/",
    ],
)
def test_a_redirect_to_a_private_address_is_refused(location: str) -> None:
    with HostileServer({"/": redirect(location)}).running() as server:
        refused = refusal(local(), server.url("/"))
    assert refused.code == "address.not_public"
    assert server.url("/") != refused.url


def test_a_redirect_to_a_name_that_resolves_to_a_private_address_is_refused() -> None:
    with HostileServer({"/": redirect("http://inside.example/")}).running() as server:
        refused = refusal(local(None, ["10.1.2.3"]), server.url("/"))
    assert (refused.code, refused.url) == ("address.not_public", "http://inside.example/")


def test_loopback_is_refused_unless_it_is_allowed() -> None:
    with HostileServer({"/": page(b"inside")}).running() as server:
        assert refusal(strict(), server.url("/")).code == "address.not_public"
        assert refusal(strict(Answers(["127.0.0.1"])), server.url("/", host="p.example")).code == ("address.not_public")
        assert server.heads == []
        assert local().fetch(server.url("/")).body == b"inside"


def test_a_name_is_looked_up_once_and_the_connection_goes_to_the_address_that_was_checked() -> None:
    with HostileServer({"/": page(b"pinned")}).running() as server:
        resolver = Answers(["127.0.0.1"], ["10.0.0.1"])
        client = GuardedHttp(FetchLimits(), user_agent="test", allow_loopback=True, resolver=resolver)
        assert client.fetch(server.url("/", host="partner.example")).body == b"pinned"
    assert resolver.asked == ["partner.example"]
    assert f"Host: partner.example:{server.port}\r\n" in server.heads[0]


def test_a_name_that_changes_to_a_private_address_between_redirects_is_refused() -> None:
    with HostileServer({"/": redirect("/next"), "/next": page(b"unreached")}).running() as server:
        client = local(None, ["127.0.0.1"], ["192.168.0.1"])
        refused = refusal(client, server.url("/", host="partner.example"))
    assert refused.code == "address.not_public"
    assert len(server.heads) == 1


def test_the_next_address_of_a_name_is_tried_when_the_first_does_not_answer() -> None:
    with HostileServer({"/": page(b"second")}).running() as server:
        client = local(None, ["127.0.0.2", "127.0.0.1"])
        assert client.fetch(server.url("/", host="partner.example")).body == b"second"
