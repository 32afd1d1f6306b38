"""The step `partner_documentation`: the partner's own documentation is there, is a page, and names both sides."""

from models.lifecycle import StepTrigger
from workers.pages import FetchedPage, FetchesPages
from workers.steps.page_text import read_html
from workers.steps.step import Evidence, Outcome, Step
from workflow.reviewing.steps import Finding

PLATFORM = "Segment"


def run(evidence: Evidence, http: FetchesPages) -> Outcome:
    """Fetches the page and gives everything that is wrong with it."""
    url = str(evidence.given.get("url", ""))
    try:
        page = http.fetch(url)
    except Exception as error:
        detail, code = getattr(error, "detail", None), getattr(error, "code", None)
        if detail is None or code is None:
            raise
        remedy = str(getattr(error, "remedy", ""))
        return Outcome(StepTrigger.FAIL, (Finding(f"page.{code}", f"{url} could not be fetched: {detail}", remedy),))
    findings = tuple(_findings(page, evidence.app_name))
    return Outcome(StepTrigger.FAIL if findings else StepTrigger.PASS, findings)


def _findings(page: FetchedPage, app_name: str) -> list[Finding]:
    if not 200 <= page.status < 300:
        return [Finding("page.status", f"{page.url} answers {page.status}.", "Publish the page; it must answer 2xx.")]
    if "html" not in page.content_type.lower():
        found = page.content_type or "no content type"
        return [Finding("page.not_html", f"{page.url} is {found}.", "Serve the documentation as an HTML page.")]
    words = read_html(page.text).words.casefold()
    return [
        Finding(code, f"{page.url} does not name {name}.", f"Name {name} in the text of the page.")
        for code, name in (("page.platform_not_named", PLATFORM), ("page.app_not_named", app_name))
        if " ".join(name.split()).casefold() not in words
    ]


PARTNER_DOCUMENTATION = Step(
    code="partner_documentation",
    title="The partner's own documentation",
    needs="partner_documentation",
    run=run,
)
