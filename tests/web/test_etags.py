"""ETags as proxies leave them, and what is no ETag."""

import pytest
from pydantic import BaseModel

from web.caching import cached
from web.etags import expected_revisions
from workflow.errors import WorkflowError


@pytest.mark.parametrize(
    ("header", "revisions"),
    [
        ('"1"', {1}),
        ('W/"1"', {1}),
        ('"1-gzip"', {1}),
        ('W/"1-gzip"', {1}),
        ('"1--gzip"', {1}),
        ('"1;gzip"', {1}),
        ('"1-br"', {1}),
        ('"1-zstd"', {1}),
        ('"1.gz"', {1}),
        ('"1", W/"2" ,"30-df"', {1, 2, 30}),
        ('"other", "2"', {2}),
        (' "7" ', {7}),
    ],
)
def test_a_revision_is_read_whatever_a_proxy_made_of_its_tag(header: str, revisions: set[int]) -> None:
    assert set(expected_revisions(header) or ()) == revisions


def test_a_star_stands_for_any_revision() -> None:
    assert expected_revisions(" * ") is None


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "revision.missing"),
        ("", "revision.missing"),
        (" ", "revision.missing"),
        ("1", "revision.unreadable"),
        ("'1'", "revision.unreadable"),
        ('"1', "revision.unreadable"),
        ('w/"1"', "revision.unreadable"),
        ('"1" "2"', "revision.unreadable"),
        ('*, "1"', "revision.unreadable"),
        (",", "revision.unreadable"),
        ('"abc"', "revision.foreign"),
        ('""', "revision.foreign"),
        ('"-1"', "revision.foreign"),
        ('"12345678901"', "revision.foreign"),
        ('"1x"', "revision.foreign"),
        ('"d41d8cd98f00b204e9800998ecf8427e"', "revision.foreign"),
    ],
)
def test_what_names_no_revision_is_refused_in_words(header: str | None, code: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        expected_revisions(header)
    assert caught.value.code == code
    assert "ETag" in caught.value.remedy


class _Content(BaseModel):
    name: str = "Acme"


def test_a_copy_is_current_whatever_a_proxy_made_of_its_tag() -> None:
    etag = cached(_Content(), None, max_age_s=10).headers["ETag"]
    inside = etag.strip('"')
    for named in (etag, f"W/{etag}", f'"{inside}-gzip"', f'W/"{inside};br"', f'"x", {etag}', "*"):
        assert cached(_Content(), named, max_age_s=10).status_code == 304, named
    others: list[str | None] = [None, "", '"x"', inside, f'"{inside}x"', f'"{inside}']
    for other in others:
        assert cached(_Content(), other, max_age_s=10).status_code == 200, other
