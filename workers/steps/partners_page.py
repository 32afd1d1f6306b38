"""The step `partners_page`: checks that the partner's integrations page links to the platform with UTM parameters."""

from typing import Final

from workers.pages import FetchesPages
from workers.steps.links import absolute, judge_links, tracking_findings
from workers.steps.reading import Findings, ReadPage, read_page, unnamed
from workers.steps.step import Evidence, StepOutcome
from workflow.findings import Finding
from workflow.profile.document import Profile

MAX_SHOWN: Final = 3
"""How many broken links are named in the findings."""
_GUIDE: Final = "Add the link from the UTM guide at /v1/guides/utm, which you can copy."


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches the page and returns all findings on it."""
    profile = evidence.profile
    names = {"platform": profile.platform.name}
    return read_page(
        str(evidence.given.get("url", "")),
        http,
        {**names, "app": evidence.app_name},
        lambda read: unnamed(read, names) + _link_findings(read, profile),
    )


def _link_findings(read: ReadPage, profile: Profile) -> Findings:
    url, wanted = read.page.url, [parameter.name for parameter in profile.utm]
    base = absolute(url, read.text.base or "")
    links = judge_links(read.text.links, base or url, profile.platform, _GUIDE)
    judged = [tracking_findings(link, wanted, url, _GUIDE) for link in dict.fromkeys(links.seen)]
    if judged and not all(judged):
        return Findings()
    domains = " or ".join(profile.platform.domains)
    if any(not tracking_findings(link, wanted, url, _GUIDE) for link in dict.fromkeys(links.unseen)):
        detail = f"Nobody sees the link to {domains} on {url}: it is hidden, or has neither a text nor a picture."
        return Findings(doubts=(Finding("link.hidden", detail, f"Show the link. {_GUIDE}"),))
    if judged:
        return Findings(min(judged, key=_weight))
    if links.unseen:
        hidden = min((tracking_findings(link, wanted, url, _GUIDE) for link in links.unseen), key=_weight)
        detail = f"Nobody sees the link to {domains} on {url}: it is hidden, or has neither a text nor a picture."
        return Findings((Finding("link.missing", detail, f"Show the link. {_GUIDE}"), *hidden))
    if links.broken:
        return Findings(tuple(dict.fromkeys(links.broken))[:MAX_SHOWN])
    if links.indirect:
        detail = f"{url} has no link to {domains} itself, but {links.indirect[0][:300]}, which is not followed."
        remedy = f"{_GUIDE} A link that goes by way of another address can be changed after the review."
        return Findings(doubts=(Finding("link.indirect", detail, remedy),))
    return Findings((Finding("link.missing", f"{url} has no link to {domains}.", _GUIDE),))


def _weight(findings: tuple[Finding, ...]) -> tuple[int, int]:
    """Returns how bad a link's findings are: what is missing weighs more than what is written wrongly."""
    return sum(one.code == "link.untracked" for one in findings), sum(len(one.detail) for one in findings)
