"""What is sent to browsers compressed, and what is not, so that its length tells nobody what it says."""

import gzip
from typing import Any

import pytest
import requests
from starlette.datastructures import Headers

from console.compression import MOST_PADDING, packed, takes_gzip
from console.rendering import FILES, PATHS
from tests.api.running import Service
from tests.console.pages.proofs import proof_page
from tests.console.signing_in import COOKIE, signed_in

OWN = {"Accept-Encoding": "br, gzip", "Sec-Fetch-Site": "same-origin"}


def asked(service: Service, path: str = "/apps", method: str = "GET", **headers: str) -> requests.Response:
    """Returns the answer to a request of the partner's browser."""
    cookie = signed_in(service, service.people.partner).cookie
    sent = OWN | {"Cookie": f"{COOKIE}={cookie}"} | {name.replace("_", "-"): one for name, one in headers.items()}
    return requests.request(method, service.url + path, headers=sent, timeout=20, allow_redirects=False)


def is_compressed(answer: requests.Response) -> bool:
    """Returns whether the answer came compressed."""
    return answer.headers.get("Content-Encoding") == "gzip"


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_page_that_one_of_ours_leads_to_is_compressed(shared_service: Service, site: str) -> None:
    answer = asked(shared_service, Sec_Fetch_Site=site)
    assert is_compressed(answer)
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Content-Length"]) < len(answer.content)
    assert "Your Apps" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": ""},
        {"Accept_Encoding": "identity"},
        {"Accept_Encoding": "br"},
        {"Accept_Encoding": "gzip;q=0"},
    ],
)
def test_a_page_to_which_others_lead_or_that_cannot_be_unpacked_is_not(
    shared_service: Service, headers: dict[str, Any]
) -> None:
    assert not is_compressed(asked(shared_service, **headers))


def test_what_a_button_is_answered_with_is_not_compressed(shared_service: Service) -> None:
    url = proof_page(shared_service, "uncompressed")
    assert is_compressed(requests.get(url, headers=OWN, timeout=20))
    done = requests.post(url, headers=OWN, timeout=20)
    assert done.status_code == 200
    assert not is_compressed(done)
    assert not is_compressed(asked(shared_service, "/apps/nobody-has-it"))


def test_the_length_of_a_page_changes_from_one_time_to_the_next(shared_service: Service) -> None:
    lengths = {asked(shared_service, "/new-app").headers["Content-Length"] for _ in range(12)}
    assert len(lengths) > 1
    assert max(map(int, lengths)) - min(map(int, lengths)) <= MOST_PADDING + 40  # the form's key is new each time


@pytest.mark.parametrize("name", FILES)
def test_shared_files_are_packed_and_kept_for_as_long_as_they_stay_the_same(shared_service: Service, name: str) -> None:
    answer = asked(shared_service, PATHS[name], Sec_Fetch_Site="cross-site")
    assert is_compressed(answer)
    assert answer.content == FILES[name]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    other = asked(shared_service, f"/static/{name}?v=of-another-release", Accept_Encoding="identity")
    assert (is_compressed(other), other.content) == (False, FILES[name])
    assert "immutable" not in other.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("said", "takes"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("", False),
        ("x-gzip", False),
    ],
)
def test_who_can_unpack_is_told_by_the_header(said: str, takes: bool) -> None:
    assert takes_gzip(Headers({"accept-encoding": said})) is takes
    assert gzip.decompress(packed(said.encode())) == said.encode()
