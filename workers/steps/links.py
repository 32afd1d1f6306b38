"""Judges the links of a page: which lead to the platform, and what their tracking parameters lack. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urljoin, urlsplit

import idna

from workers.steps.page_text import Link
from workflow.findings import Finding
from workflow.profile.document import Platform

MAX_LINK: Final = 4_000
"""A longer href is not judged: no browser's bar shows it."""
MAX_PARAMETERS: Final = 100
_SLIPS: Final = str.maketrans("", "", "\t\r\n")
_WEB: Final = ("http", "https")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SHORTENERS: Final = frozenset(
    {
        *("bit.ly", "bitly.com", "j.mp", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "buff.ly", "lnkd.in", "rebrand.ly"),
        *(
            "is.gd",
            "v.gd",
            "cutt.ly",
            "short.io",
            "rb.gy",
            "t.ly",
            "tiny.cc",
            "dub.sh",
            "dub.co",
            "shorturl.at",
            "bl.ink",
        ),
        *(
            "hubs.ly",
            "hubs.la",
            "fb.me",
            "trib.al",
            "dlvr.it",
            "amzn.to",
            "youtu.be",
            "db.tt",
            "soo.gd",
            "s.id",
            "adf.ly",
        ),
        *(
            "pxf.io",
            "sjv.io",
            "go2cloud.org",
            "linktr.ee",
            "pst.cr",
            "app.link",
            "page.link",
            "smart.link",
            "onelink.me",
        ),
    }
)
_LEADS_ON: Final = frozenset(
    {"go", "out", "redirect", "redir", "link", "links", "r", "l", "away", "exit", "click", "goto"}
)
_SEPARATOR: Final = r"(?:&|;|\?|%26|%3b|%3f)(?:amp;|#0*38;)*"


@dataclass(frozen=True, slots=True)
class JudgedLinks:
    """The links of a page that concern the platform.

    `seen` and `unseen` lead to it; `indirect` may, by way of another address; `broken` are written so that they do not.
    """

    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    indirect: tuple[str, ...]
    broken: tuple[Finding, ...]


def judge_links(links: Iterable[Link], base: str, platform: Platform, remedy: str) -> JudgedLinks:
    """Returns the links that concern the platform, as absolute URLs. Takes time in proportion to their length."""
    seen: list[str] = []
    unseen: list[str] = []
    indirect: list[str] = []
    broken: list[Finding] = []
    for link in links:
        if len(link.href) > MAX_LINK:
            continue
        url = absolute(base, link.href)
        parts = _split(url)
        if parts is None or parts.scheme not in _WEB:
            broken += _broken(link, platform, remedy)
            continue
        host = _host_of(parts)
        if platform.owns_host(host):
            if finding := _wrong_port(parts, url, remedy):
                broken.append(finding)
            else:
                (seen if link.is_seen else unseen).append(url)
        elif link.is_seen and (findings := _broken(link, platform, remedy)):
            broken += findings
        elif link.is_seen and _may_lead_on(parts, host, platform):
            indirect.append(url)
    return JudgedLinks(tuple(seen), tuple(unseen), tuple(indirect), tuple(broken))


def absolute(base: str, href: str) -> str:
    """Returns the URL to which a browser goes for `href`, empty if there is none."""
    written = href.strip("".join(map(chr, range(33)))).translate(_SLIPS)
    scheme, colon, _ = written.partition(":")
    if not colon or scheme.lower() in _WEB or not scheme.isalpha():
        head, mark, rest = _divided(written)
        written = f"{head.replace(chr(92), '/')}{mark}{rest}"
    try:
        return urljoin(base, written)
    except ValueError:
        return ""


def tracking_findings(url: str, wanted: Sequence[str], page_url: str, remedy: str) -> tuple[Finding, ...]:
    """Returns what keeps a link to the platform from being tracked: a finding for each sort of mistake."""
    parts = urlsplit(url)
    given = _parameters(parts.query)
    lost: dict[str, list[str]] = {}
    for name in wanted:
        if not given.get(name, "").strip():
            lost.setdefault(_mistake(name, parts, given), []).append(name)
    shown = url if len(url) <= 300 else f"{url[:300]}..."
    return tuple(
        Finding(
            "link.untracked" if code == _EMPTY else code,
            f"The link {shown} on {page_url}: {_MISTAKES[code].format(names=', '.join(names))}.",
            remedy,
        )
        for code, names in lost.items()
    )


def _mistake(name: str, parts: SplitResult, given: dict[str, str]) -> str:
    """Returns the code of what has become of a parameter that a link lacks."""
    written = re.escape(name)
    query, fragment, path = parts.query, parts.fragment, parts.path
    checks = (
        (_EMPTY, name in given),
        (
            "link.escaped_twice",
            re.search(rf"(?:^|[&;#])(?:amp;|#0*38;|#x0*26;)+{written}=", f"{query}#{fragment}", re.I),
        ),
        ("link.escaped_twice", re.search(rf"^(?:0*38;|x0*26;)(?:amp;)*{written}=", fragment, re.I)),
        ("link.after_hash", re.search(rf"(?:^|[?&;/]){written}=", unquote(fragment), re.I)),
        ("link.wrong_case", name.lower() in map(str.lower, given)),
        ("link.separators", re.search(rf"{_SEPARATOR}{written}(?:=|%3d)", f"{path}?{query}"[1:], re.I)),
        ("link.separators", re.search(rf"(?:^|[?&]){written}%3d", query, re.I)),
        ("link.misspelt", _letters(name) in map(_letters, given)),
    )
    return next((code for code, is_it in checks if is_it), "link.untracked")


_EMPTY: Final = "empty"
_MISTAKES: Final = {
    "link.untracked": "it lacks parameters; missing: {names}",
    _EMPTY: "these parameters have no value: {names}",
    "link.escaped_twice": "your CMS escaped the & twice, so that visitors arrive without {names}; "
    "the page's source must have &amp; once, not &amp;amp;",
    "link.after_hash": "these parameters stand after the #, where no server sees them: {names}; "
    "put them before it, after the ?",
    "link.wrong_case": "the names of parameters are case-sensitive; write them in exactly this case: {names}",
    "link.separators": "these parameters are not set apart by a plain & after a single ?: {names}",
    "link.misspelt": "these names of parameters are written in another way: {names}",
}


def _parameters(query: str) -> dict[str, str]:
    """Returns the parameters of a query by name; of those with the same name, the first that has a value."""
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True)[:MAX_PARAMETERS]:
        if not given.get(name, "").strip():
            given[name] = value
    return given


def _letters(name: str) -> str:
    return "".join(one for one in name.lower() if one.isalnum())


def _divided(written: str) -> tuple[str, str, str]:
    """Returns what is before the query or the fragment, the mark that begins it, and the rest."""
    found = re.search(r"[?#]", written)
    return (written, "", "") if found is None else (written[: found.start()], found[0], written[found.end() :])


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _host_of(parts: SplitResult) -> str:
    """Returns the host as a browser looks it up, without a dot at its end."""
    host = unquote(parts.hostname or "")
    if not host.isascii() and len(host) <= 253:
        try:
            host = idna.uts46_remap(host, std3_rules=False)
        except UnicodeError:
            return ""
    return host.lower().removesuffix(".")


def _wrong_port(parts: SplitResult, url: str, remedy: str) -> Finding | None:
    if parts.port in (None, _DEFAULT_PORTS[parts.scheme]):
        return None
    return Finding("link.port", f"The link {url[:300]} leads to port {parts.port}, where nobody answers.", remedy)


def _may_lead_on(parts: SplitResult, host: str, platform: Platform) -> bool:
    """Returns whether a link may lead to the platform by way of another address, which is not followed."""
    if host in _SHORTENERS or any(host.endswith(f".{one}") for one in _SHORTENERS):
        return True
    rest = f"{parts.path}?{parts.query}".lower()
    names_it = any(domain in unquote(rest) for domain in platform.domains)
    if names_it and ("http" in parts.query.lower() or "http" in parts.path.lower()):
        return True
    steps = [step for step in parts.path.lower().split("/") if step][:3]
    words = {_letters(platform.name), *(domain.partition(".")[0] for domain in platform.domains)}
    return any(step in _LEADS_ON for step in steps[:-1]) and bool(steps) and _letters(steps[-1]) in words


def _broken(link: Link, platform: Platform, remedy: str) -> list[Finding]:
    """Returns a finding for a link that was meant for the platform and leads elsewhere."""
    written = link.href.strip().lower()
    for domain in platform.domains:
        if written.startswith((domain, f"www.{domain}")) and written.removeprefix("www.")[len(domain) :][:1] in (
            "",
            *"/?#",
        ):
            said = (
                f"The link {link.href.strip()[:300]} begins without https://, so it leads to a page of your own site."
            )
            return [Finding("link.no_scheme", said, remedy)]
        if re.match(
            rf"(?:https?[:/]{{0,3}}|ht+ps?[:/]{{1,3}}|[a-z]{{1,10}}:/{{0,3}})(?:www\.)?{re.escape(domain)}(?:[/?#]|$)",
            written,
        ):
            said = f"The link {link.href.strip()[:300]} has a misspelt scheme, so it leads nowhere."
            return [Finding("link.no_scheme", said, remedy)]
    return []
