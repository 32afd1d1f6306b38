"""Uploading pictures over HTTP: what is stored and served, what is refused, and what a hostile picture costs others."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import text

from tests.api.running import Service
from tests.launch import LOGO, SCREENSHOT

JPEG = "image/jpeg"


def _app(service: Service, slug: str) -> str:
    assert service.partner("POST", "/v1/apps", {"slug": slug, "name": slug.title()}).status_code == 201
    return f"/v1/apps/{slug}/assets"


def _photo() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "Carl at home"
    exif[0x0112] = 6
    written = BytesIO()
    Image.new("RGB", (320, 240), "red").save(written, "JPEG", exif=exif, comment=b"Carl at home")
    return written.getvalue()


def test_a_photo_is_served_upright_and_without_metadata_and_stored_once(shared_service: Service) -> None:
    path = _app(shared_service, "photographed")
    first = shared_service.partner("POST", f"{path}?kind=screenshot", _photo()).json()
    assert shared_service.partner("POST", f"{path}?kind=screenshot", _photo()).json() == first
    assert (first["width"], first["height"], first["media_type"]) == (240, 320, JPEG)
    shown = shared_service.partner("GET", first["path"])
    assert (len(shown.content), shown.headers["Content-Type"]) == (first["size"], JPEG)
    assert b"Carl" not in shown.content


def test_a_logo_is_served_as_it_was_written_anew(shared_service: Service) -> None:
    path = _app(shared_service, "drawn-anew")
    logo = LOGO.replace(b"<title>", b"<!-- Carl --><metadata>Carl</metadata><title>")
    stored = shared_service.partner("POST", f"{path}?kind=logo", logo).json()
    assert b"Carl" not in shared_service.partner("GET", stored["path"]).content


@pytest.mark.parametrize("kind", ["logo", "screenshot"])
def test_a_form_is_answered_with_the_way_to_send_the_bytes(shared_service: Service, kind: str) -> None:
    path = _app(shared_service, f"formal-{kind}")
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + SCREENSHOT + b"\r\n--b--\r\n"
    sent_as = "multipart/form-data; boundary=b"
    answer = shared_service.partner("POST", f"{path}?kind={kind}", form, Content_Type=sent_as)
    assert (answer.status_code, answer.json()["code"]) == (422, "asset.invalid")
    assert "--data-binary" in answer.json()["remedy"]


def _store_as_uploaded(service: Service, asset_id: str, content: bytes) -> None:
    """Makes a picture what an earlier version would have stored."""
    statement = text(
        "UPDATE asset SET content = :content, sha256 = sha256(:content), size = :size, sanitised = false WHERE id = :id"
    )
    with service.engine.begin() as connection:
        connection.execute(statement, {"content": content, "size": len(content), "id": asset_id})


def test_a_picture_of_an_earlier_version_is_sanitised_before_it_is_shown(shared_service: Service) -> None:
    path = _app(shared_service, "earlier-picture")
    stored = shared_service.partner("POST", f"{path}?kind=screenshot", _photo()).json()
    _store_as_uploaded(shared_service, stored["id"], _photo())
    for _ in range(2):
        shown = shared_service.partner("GET", stored["path"])
        assert (shown.status_code, b"Carl" in shown.content) == (200, False)
    assert shared_service.partner("GET", path).json()["items"] == [stored]


def test_a_picture_of_an_earlier_version_that_is_no_longer_safe_is_not_shown(shared_service: Service) -> None:
    path = _app(shared_service, "earlier-drawing")
    stored = shared_service.partner("POST", f"{path}?kind=logo", LOGO).json()
    unsafe = LOGO.replace(b"<title>", b"<style>path{fill:u<desc>q</desc>rl(http://x)}</style><title>")
    _store_as_uploaded(shared_service, stored["id"], unsafe)
    answer = shared_service.partner("GET", stored["path"])
    assert (answer.status_code, answer.json()["code"]) == (404, "asset.withdrawn")


def test_many_pictures_at_once_are_all_read_or_asked_for_again(shared_service: Service) -> None:
    path = _app(shared_service, "busy-pictures")
    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(lambda _: shared_service.partner("POST", f"{path}?kind=logo", LOGO), range(24)))
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert any(answer.status_code == 201 for answer in answers)
    for answer in answers:
        if answer.status_code == 503:
            assert answer.json()["code"] == "asset.busy"
            assert int(answer.headers["Retry-After"]) > 0
