"""Whatever a server sends, a fetch is bounded in bytes and in time, and leaves nothing behind."""

import gzip
import random
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import brotli
import psutil
import pytest

from runtime.guarded_http import FetchLimits, FetchRefused, GuardedHttp, NameUnresolvedError, system_resolver
from runtime.guarded_http.addresses import Address
from runtime.guarded_http.inflating import InflatedTooLargeError, inflate
from tests.costs import assert_linear
from tests.guarded_http.clients import SHORT, local, refusal
from tests.guarded_http.hostile_server import (
    Behaviour,
    HostileServer,
    answer,
    drips,
    floods,
    page,
    redirect,
    sends,
    silent,
)
from tests.waiting import wait_until

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TEN_GIGABYTES = 10 * 1024**3
SMALL = replace(FetchLimits(), body_bytes=1000, header_bytes=4096)


def refusal_of(behaviour: Behaviour, limits: FetchLimits) -> FetchRefused:
    """Returns the refusal of an answer. The client must then close its connection by itself."""
    with HostileServer({"/": behaviour}).running() as server:
        refused = refusal(local(limits), server.url("/"))
        wait_until(lambda: server.open_connections == 0)
    return refused


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(silent, id="silence"),
        pytest.param(drips(b"", b"H"), id="status line"),
        pytest.param(drips(OK, b"X"), id="header line"),
        pytest.param(drips(OK, b"X: y\r\n"), id="headers"),
        pytest.param(drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="interim answers"),
        pytest.param(drips(OK + b"\r\n", b"x"), id="body without length"),
        pytest.param(drips(OK + b"Content-Length: 9999\r\n\r\n", b"x"), id="body with length"),
        pytest.param(drips(CHUNKED, b"1\r\nx\r\n"), id="chunks"),
        pytest.param(drips(CHUNKED, b"0"), id="chunk size"),
        pytest.param(drips(CHUNKED + b"0\r\n", b"X: y\r\n"), id="trailers"),
    ],
)
def test_a_drip_ends_with_the_time_for_the_whole_fetch(behaviour: Behaviour) -> None:
    assert refusal_of(behaviour, SHORT).code == "time.exceeded"


def test_a_silence_ends_with_the_time_for_one_read() -> None:
    limits = replace(FetchLimits(), total=timedelta(minutes=4), read=timedelta(seconds=0.2))
    assert refusal_of(silent, limits).code == "time.exceeded"


def test_the_time_for_the_whole_fetch_covers_all_redirects_together() -> None:
    def hop(number: int) -> Behaviour:
        def behave(connection: socket.socket, stop: threading.Event) -> None:
            stop.wait(0.1)
            redirect(f"/{number + 1}")(connection, stop)

        return behave

    with HostileServer({f"/{number}": hop(number) for number in range(100)}).running() as server:
        refused = refusal(local(replace(SHORT, redirects=99)), server.url("/0"))
    assert refused.code == "time.exceeded"
    assert refused.url != server.url("/0")


def test_a_tls_handshake_that_never_ends_is_refused_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert refusal(local(SHORT), f"https://127.0.0.1:{port}/").code == "time.exceeded"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(answer(f"Content-Length: {TEN_GIGABYTES}"), id="declared"),
        pytest.param(floods(OK + b"\r\n", bytes(65536)), id="without length"),
        pytest.param(floods(CHUNKED, b"10000\r\n" + bytes(65536) + b"\r\n"), id="chunked"),
        pytest.param(floods(CHUNKED + b"280000000\r\n", bytes(65536)), id="one huge chunk"),
        pytest.param(floods(CHUNKED, b"1\r\nx\r\n" * 1000), id="tiny chunks"),
        pytest.param(floods(CHUNKED + b"-1\r\n", bytes(65536)), id="negative chunk"),
        pytest.param(floods(CHUNKED + b"0\r\n", b"X: y\r\n" * 1000), id="trailers"),
        pytest.param(page(bytes(1001)), id="one byte too many"),
    ],
)
def test_a_body_that_is_too_large_is_refused(behaviour: Behaviour) -> None:
    assert refusal_of(behaviour, SMALL).code == "body.too_large"


def test_a_body_of_exactly_the_limit_is_a_page() -> None:
    chunked = CHUNKED + b"3e8\r\n" + bytes(1000) + b"\r\n0\r\n\r\n"
    behaviours = {"/": page(bytes(1000)), "/open": answer(body=bytes(1000)), "/chunked": sends(chunked)}
    with HostileServer(behaviours).running() as server:
        for path in behaviours:
            assert len(local(SMALL).fetch(server.url(path)).body) == 1000


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(floods(OK, b"X: y\r\n"), id="many short"),
        pytest.param(floods(OK, b"X: " + b"y" * 2000 + b"\r\n"), id="many long"),
        pytest.param(floods(OK + b"X: ", b"y" * 1000), id="one endless line"),
        pytest.param(floods(b"HTTP/1.1 200 ", b"y" * 1000), id="endless status line"),
        pytest.param(floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="interim answers"),
        pytest.param(floods(b"HTTP/1.1 302 Found\r\nLocation: /", b"y" * 1000), id="endless location"),
    ],
)
@pytest.mark.parametrize("header_bytes", [4096, 10_000_000])
def test_endless_headers_are_refused(behaviour: Behaviour, header_bytes: int) -> None:
    limits = replace(FetchLimits(), header_bytes=header_bytes)
    assert refusal_of(behaviour, limits).code == "headers.too_large"


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)]
)
def test_a_compressed_page_is_bounded_by_what_it_becomes(coding: str, compress: Callable[[bytes], bytes]) -> None:
    body = compress(bytes(10_000_000))
    assert len(body) < 20_000
    refused = refusal_of(page(body, f"Content-Encoding: {coding}"), FetchLimits())
    assert refused.code == "body.too_large"
    twice = refusal_of(page(compress(body), f"Content-Encoding: {coding}, {coding}"), FetchLimits())
    assert twice.code == "body.too_large"


@pytest.mark.parametrize("coding", ["zstd", "compress", "gzip, zstd", "gzip, gzip, gzip, gzip", "x" * 1000])
def test_a_page_in_a_coding_that_is_not_read_is_refused(coding: str) -> None:
    refused = refusal_of(page(b"x", f"Content-Encoding: {coding}"), FetchLimits())
    assert refused.code == "encoding.not_allowed"
    assert coding[:100] in refused.detail


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)]
)
def test_a_compressed_page_that_is_cut_short_or_damaged_is_a_failed_connection(
    coding: str, compress: Callable[[bytes], bytes]
) -> None:
    whole = compress(random.Random(1).randbytes(2000))
    for body in (whole[:-1], whole[: len(whole) // 2], b"\xff" * 100):
        assert refusal_of(page(body, f"Content-Encoding: {coding}"), FetchLimits()).code == "connection.failed"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_an_inflated_body_costs_what_it_becomes(coding: str) -> None:
    """The limit is reached after one piece more than it holds, however much more the body would become."""
    compress = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[coding]
    small, large = compress(bytes(500_000)), compress(bytes(10_000_000))
    peaks = []
    for body in (small, large):
        tracemalloc.start()
        with pytest.raises(InflatedTooLargeError):
            inflate(body, [coding], 100_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 1_000_000


def test_many_small_gzip_members_take_time_in_proportion_to_their_number() -> None:
    members = gzip.compress(b"")
    assert_linear(lambda size: members * (size // len(members)), lambda body: inflate(body, ["gzip"], 1000))


def test_a_compressed_transfer_is_refused() -> None:
    refused = refusal_of(answer("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), FetchLimits())
    assert refused.code == "encoding.not_allowed"


@pytest.mark.parametrize("size", ["-5", "zz", ""])
def test_a_chunk_size_that_is_not_a_number_is_refused(size: str) -> None:
    behaviour = sends(CHUNKED + f"{size}\r\nxxxxx\r\n0\r\n\r\n".encode())
    assert refusal_of(behaviour, FetchLimits()).code == "response.malformed"


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(sends(b""), "connection.failed", id="nothing"),
        pytest.param(sends(b"SSH-2.0-OpenSSH_9.9\r\n"), "response.malformed", id="another protocol"),
        pytest.param(sends(b"HTTP/1.1 99999 No\r\n\r\n"), "response.malformed", id="impossible status"),
        pytest.param(sends(b"HTTP/1.1 101 Go\r\n\r\n"), "response.malformed", id="another protocol offered"),
        pytest.param(answer("Content-Length: 10", body=b"short"), "connection.failed", id="cut short"),
        pytest.param(sends(CHUNKED + b"5\r\nab"), "response.malformed", id="chunk cut short"),
    ],
)
def test_an_answer_that_is_broken_is_refused(behaviour: Behaviour, code: str) -> None:
    assert refusal_of(behaviour, FetchLimits()).code == code


def test_a_port_on_which_nothing_listens_is_a_failed_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = refusal(local(), f"http://127.0.0.1:{unused.getsockname()[1]}/")
    assert refused.code == "connection.failed"


def test_the_look_up_counts_against_the_time_for_the_whole_fetch() -> None:
    def slow(_name: str, seconds: float) -> Sequence[Address]:
        threading.Event().wait(seconds)
        return [ip_address("127.0.0.1")]

    client = GuardedHttp(SHORT, user_agent="test", allow_loopback=True, resolver=slow)
    with HostileServer({"/": page(b"unreached")}).running() as server:
        assert refusal(client, server.url("/", host="partner.example")).code == "time.exceeded"
        assert server.heads == []


def test_a_look_up_past_its_time_is_killed_and_leaves_no_process_and_no_thread() -> None:
    processes, threads = psutil.Process().children(), threading.active_count()
    with pytest.raises(TimeoutError):
        system_resolver("localhost", 0.0001)
    assert psutil.Process().children() == processes
    assert threading.active_count() == threads


def test_the_system_knows_localhost_and_refuses_what_cannot_be_a_name() -> None:
    assert ip_address("127.0.0.1") in system_resolver("localhost", 10)
    with pytest.raises(NameUnresolvedError):
        system_resolver("x" * 64 + ".example", 10)


def test_a_name_without_an_address_is_refused() -> None:
    assert refusal(local(), "http://nowhere.example/").code == "name.unresolved"
    assert refusal(local(None, []), "http://nowhere.example/").code == "name.unresolved"
