"""Reading the pages that partners name: fetching a page, and finding names and links in it."""

from collections.abc import Callable
from urllib.parse import urljoin

from models.lifecycle import StepTrigger
from workers.pages import FetchedPage, FetchesPages
from workers.steps.page_text import read_html
from workers.steps.step import StepOutcome
from workflow.findings import Finding


def read_page(url: str, http: FetchesPages, look: Callable[[FetchedPage], list[Finding]]) -> StepOutcome:
    """Fetches a page and returns a finding if it is missing or not HTML, otherwise the findings of `look`.

    A failure to fetch that is the page's fault is a finding too. Any other error is raised, so that the step is tried
    again.
    """
    try:
        page = http.fetch(url)
    except Exception as error:
        detail, code = getattr(error, "detail", None), getattr(error, "code", None)
        if detail is None or code is None:
            raise
        remedy = str(getattr(error, "remedy", ""))
        return StepOutcome(
            StepTrigger.FAIL, (Finding(f"page.{code}", f"{url} could not be fetched: {detail}", remedy),)
        )
    findings = tuple(_missing(page) or look(page))
    return StepOutcome(StepTrigger.FAIL if findings else StepTrigger.PASS, findings)


def unnamed(page: FetchedPage, **names: str) -> list[Finding]:
    """Returns a finding, `page.<key>_not_named`, for each of `names` that is not in the page's visible text."""
    words = read_html(page.text).words.casefold()
    return [
        Finding(
            f"page.{key}_not_named", f"{page.url} does not mention {name}.", f"Mention {name} in the text of the page."
        )
        for key, name in names.items()
        if " ".join(name.split()).casefold() not in words
    ]


def links_of(page: FetchedPage) -> list[str]:
    """Returns the absolute URLs of the page's links."""
    links = []
    for link in read_html(page.text).links:
        try:
            links.append(urljoin(page.url, link.strip()))
        except ValueError:
            continue
    return links


def _missing(page: FetchedPage) -> list[Finding]:
    if not 200 <= page.status < 300:
        return [
            Finding(
                "page.status",
                f"{page.url} answers {page.status}.",
                "Publish the page, so that it answers with status 200.",
            )
        ]
    if "html" not in page.content_type.lower():
        found = page.content_type or "no content type"
        return [Finding("page.not_html", f"{page.url} is not an HTML page but {found}.", "Serve it as text/html.")]
    return []
