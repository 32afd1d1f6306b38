"""A link to the platform is found wherever a browser would follow it, and a finding says what is wrong with another."""

from html import escape

import pytest

from tests.costs import assert_linear
from tests.workers.sites import URL, seen, site, take
from workers.steps.links import absolute, judge_links, tracking_findings
from workers.steps.page_text import Link
from workflow.profile.loading import load_profile

PLATFORM = load_profile().platform
WANTED = ("utm_source", "utm_medium", "utm_campaign")
QUERY = "utm_source=a&utm_medium=b&utm_campaign=c"
FULL = f"https://segment.com/?{QUERY}"
LINK = escape(FULL)


def _take(html: str) -> tuple[str, list[str]]:
    return seen(take(site(f"<p>Acme, Segment</p>{html}"), code="partners_page"))


GOOD = [
    f'<a href="{LINK}">Segment</a>',
    f'<a href="{LINK}"><img src=x></a>',
    f'<a href="{LINK}" aria-label="Segment"></a>',
    f'<map><area href="{LINK}" alt="Segment"></map>',
    f'<svg><a xlink:href="{LINK}"><text>Segment</text></a></svg>',
    f'<base href="https://segment.com/"><a href="?{escape(QUERY)}">Segment</a>',
    f'<base href="//segment.com/a/"><a href="../b?{escape(QUERY)}">Segment</a>',
    f'<a href="  {LINK}\n">Segment</a>',
    '<a href="https://segment.com/?utm_source=a&#38;utm_medium=b&#x26;utm_campaign=c">S</a>',
    f'<a href="https://segment.com/?{QUERY}">unescaped</a>',
    f'<a href="HTTPS://WWW.Segment.COM/?{escape(QUERY)}">S</a>',
    f'<a href="https://segment.com.:443/?{escape(QUERY)}">S</a>',
    f'<a href="http://segment.com:80/?{escape(QUERY)}">S</a>',
    f'<a href="https:\\\\segment.com\\?{escape(QUERY)}">S</a>',
    f'<a href="//segment.com?{escape(QUERY)}">S</a>',
    f'<a href="https://\uff53\uff45gment.com/?{escape(QUERY)}">S</a>',
    f'<a href="https://segment.com/?{escape(QUERY)}#top">S</a>',
    f'<a href="https://segment.com/?x=1&amp;utm_source=&amp;{escape(QUERY)}">S</a>',
    f'<a href="mailto:a@segment.com">m</a><a href="tel:1">t</a><a href="{LINK}">S</a>',
    f'<a href="https://segment.com/">bare</a><a href="{LINK}">S</a>',
    f'<a href="{LINK}">S</a><a style="display:none" href="https://segment.com/">bare</a>',
]


@pytest.mark.parametrize("html", GOOD)
def test_a_link_that_a_browser_follows_counts(html: str) -> None:
    assert _take(html) == ("pass", [])


HIDDEN = [
    f'<a href="{LINK}" style="display:none"></a>',
    f'<a href="{LINK}" style="display:none">Segment</a>',
    f'<div hidden><a href="{LINK}">Segment</a></div>',
    f'<a href="{LINK}"></a>',
    f'<a href="{LINK}"> <span style="visibility:hidden">Segment</span></a>',
    f'<style>.x{{opacity:0}}</style><a class=x href="{LINK}">Segment</a>',
    f'<a href="{LINK}"><img hidden></a>',
]


@pytest.mark.parametrize("html", HIDDEN)
def test_a_link_that_nobody_sees_is_left_to_a_reviewer(html: str) -> None:
    assert _take(html) == ("warn", ["link.hidden"])


MISSING = [
    f'<!-- <a href="{LINK}">Segment</a> -->',
    f"<script>'<a href=\"{LINK}\">Segment</a>'</script>",
    f'<template><a href="{LINK}">Segment</a></template>',
    f'<noscript><a href="{LINK}">Segment</a></noscript>',
    f'<link rel=canonical href="{LINK}">',
    f'<a href="https://evil.example/?{escape(QUERY)}">segment.com</a>',
    f'<a href="https://segment.com@evil.example/?{escape(QUERY)}">S</a>',
    f'<a href="https://evil.example\\@segment.com/?{escape(QUERY)}">S</a>',
    f'<a href="https://segment.com.evil.example/?{escape(QUERY)}">S</a>',
    '<a href="mailto:a@segment.com">S</a>',
    f'<a href="javascript:location={LINK!r}">S</a>',
    "<a href='https://[segment.com/'>S</a>",
    f'<a href="https://segment.com/?{"x" * 5000}{escape(QUERY)}">S</a>',
]


@pytest.mark.parametrize("html", MISSING)
def test_what_is_no_link_to_the_platform_does_not_count(html: str) -> None:
    assert _take(html) == ("fail", ["link.missing"])


MISTAKES = [
    ("?utm_source=a&amp;utm_medium=b&amp;utm_campaign=c", "link.escaped_twice", "escaped the & twice"),
    ("?utm_source=a&amp;amp;utm_medium=b&amp;amp;utm_campaign=c", "link.escaped_twice", "utm_medium, utm_campaign"),
    ("?utm_source=a&#038;utm_medium=b&#038;utm_campaign=c", "link.escaped_twice", "twice"),
    ("?UTM_Source=a&UTM_Medium=b&UTM_Campaign=c", "link.wrong_case", "utm_source, utm_medium, utm_campaign"),
    (f"#{QUERY}", "link.after_hash", "after the #"),
    (f"#/page?{QUERY}", "link.after_hash", "after the #"),
    ("?utm_source=a#utm_medium=b&utm_campaign=c", "link.after_hash", "utm_medium, utm_campaign"),
    ("?utm_source=a;utm_medium=b;utm_campaign=c", "link.separators", "utm_medium, utm_campaign"),
    ("?utm_source=a%26utm_medium=b%26utm_campaign=c", "link.separators", "utm_medium, utm_campaign"),
    ("?utm_source%3Da&utm_medium%3Db&utm_campaign%3Dc", "link.separators", "utm_source"),
    ("?utm_source=a?utm_medium=b?utm_campaign=c", "link.separators", "single ?"),
    ("%3Futm_source=a%26utm_medium=b%26utm_campaign=c", "link.separators", "utm_source"),
    (f"&{QUERY}", "link.separators", "utm_source"),
    ("?utm-source=a&utm-medium=b&utm-campaign=c", "link.misspelt", "written in another way"),
    ("?utmsource=a&utm medium=b&utm_ campaign=c", "link.misspelt", "written in another way"),
    ("?utm_source=a&utm_medium=&utm_campaign=%20", "link.untracked", "no value: utm_medium, utm_campaign"),
    ("?utm_source=a", "link.untracked", "missing: utm_medium, utm_campaign"),
    ("", "link.untracked", "missing: utm_source, utm_medium, utm_campaign"),
]


@pytest.mark.parametrize(("rest", "code", "words"), MISTAKES)
def test_a_finding_says_what_has_become_of_the_parameters(rest: str, code: str, words: str) -> None:
    html = f'<p>Acme, Segment</p><a href="{escape(f"https://segment.com/{rest}")}">S</a>'
    outcome = take(site(html), code="partners_page")
    assert str(outcome.trigger) == "fail"
    assert code in [one.code for one in outcome.findings]
    assert words in " ".join(one.detail for one in outcome.findings)
    assert all(URL in one.detail and "/v1/guides/utm" in one.remedy for one in outcome.findings)


@pytest.mark.parametrize(
    ("href", "code"),
    [
        (f"segment.com/?{QUERY}", "link.no_scheme"),
        (f"www.segment.com?{QUERY}", "link.no_scheme"),
        (f"htps://segment.com/?{QUERY}", "link.no_scheme"),
        (f"https//segment.com/?{QUERY}", "link.no_scheme"),
        (f"https://segment.com:8443/?{QUERY}", "link.port"),
    ],
)
def test_a_link_that_is_meant_for_the_platform_and_leads_elsewhere_is_named(href: str, code: str) -> None:
    assert _take(f'<a href="{escape(href)}">S</a>') == ("fail", [code])


@pytest.mark.parametrize(
    "href",
    [
        "https://bit.ly/3abc",
        "https://acme.short.io/segment",
        "https://lnkd.in/abc",
        "/go/segment",
        f"https://www.google.com/url?q={FULL}",
        "https://acme.example/out?to=https%3A%2F%2Fsegment.com%2F%3Futm_source%3Da",
    ],
)
def test_a_link_by_way_of_another_address_is_not_followed_but_left_to_a_reviewer(href: str) -> None:
    assert _take(f'<a href="{escape(href)}">Segment</a>') == ("warn", ["link.indirect"])
    assert _take(f'<a href="{escape(href)}">Segment</a><a href="{LINK}">Segment</a>') == ("pass", [])


HREFS = ["?a&", "utm_source", "&amp;", ";", "#", "%26", "/", "//", "\\", "http:", "[", "@", ":1", "é", "xn--", "."]


@pytest.mark.parametrize("piece", HREFS)
def test_judging_links_takes_time_in_proportion_to_their_length(piece: str) -> None:
    def judge(href: str) -> None:
        links = [Link(f"https://segment.com/{href[at : at + 3000]}", is_seen=True) for at in range(0, len(href), 3000)]
        links.append(Link(href, is_seen=True))
        for url in judge_links(links, URL, PLATFORM, "").seen:
            tracking_findings(url, WANTED, URL, "")
        absolute(URL, href)

    assert_linear(lambda size: piece * (size // len(piece)), judge, size=12_000)
