"""The step `catalog_details`: repeats the checklist's check of the catalog text on what was submitted, and looks at the
screenshots, as they were measured when they were uploaded."""

from itertools import combinations
from typing import Final

from models.checklist import Requirement
from workers.pages import FetchesPages
from workers.steps.reading import Findings
from workers.steps.step import Evidence, StepOutcome, outcome_of
from workflow.assets.facts import PictureFacts, differing_bits
from workflow.building.findings import Templates, findings_on
from workflow.findings import Finding

MIN_WIDTH: Final = 640
MAX_RATIO: Final = 2.5
"""How many times as long as the other a side of a screenshot may be."""
BLANK: Final = 990
"""A screenshot of which more thousandths have one colour shows nothing."""
ALIKE: Final = 6
"""Two screenshots whose likenesses differ in no more bits look the same."""


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:  # noqa: ARG001 (nothing to fetch)
    """Returns all findings on the catalog text and on the screenshots."""
    templates = Templates(evidence.profile.guides)
    faults = tuple(findings_on(Requirement.CATALOG_DETAILS, evidence.given, templates))
    shown = [str(one) for one in evidence.given.get("screenshots", ()) if one in evidence.pictures]
    found = Findings(faults)
    for place, name in enumerate(shown, 1):
        found += _measured(place, name, evidence.pictures[name])
    found += Findings(doubts=_alike(shown, evidence))
    return outcome_of(found.faults, found.doubts)


def _measured(place: int, name: str, facts: PictureFacts) -> Findings:
    """Returns the findings on one screenshot. `place` counts from 1, as people do."""
    width, height = facts.width, facts.height
    size, doubts = f"{width}x{height} pixels", []
    if facts.evenness is not None and facts.evenness > BLANK:
        seen = f"{size}, of which {facts.evenness / 10:g} % have one colour"
        detail = f"Screenshot {place} is blank."
        return Findings((Finding("screenshot.blank", detail, "Replace it by one that shows the App.", name, seen),))
    if width < MIN_WIDTH:
        detail = f"Screenshot {place} is only {width} pixels wide, so that the catalog shows it blurred."
        remedy = f"Take it again from a window of at least {MIN_WIDTH} pixels; do not enlarge it."
        doubts.append(Finding("screenshot.small", detail, remedy, name, size))
    if max(width, height) > MAX_RATIO * min(width, height):
        longer = "wide" if width > height else "high"
        detail = f"Screenshot {place} is {size}, much too {longer} for the catalog, which makes it very small."
        doubts.append(Finding("screenshot.ratio", detail, "Crop it to the part that matters.", name, size))
    return Findings(doubts=tuple(doubts))


def _alike(shown: list[str], evidence: Evidence) -> tuple[Finding, ...]:
    """Returns a finding for each screenshot that looks like one before it."""
    found: dict[str, Finding] = {}
    for (place, one), (later, other) in combinations(enumerate(shown, 1), 2):
        bits = _difference(evidence.pictures[one], evidence.pictures[other])
        if bits is not None and bits <= ALIKE:
            detail = f"Screenshot {later} looks like screenshot {place}."
            seen = f"screenshots {place} and {later} differ in {bits} of 256 points"
            found.setdefault(
                other,
                Finding("screenshot.alike", detail, "Show another part of the App, or leave it out.", other, seen),
            )
    return tuple(found.values())


def _difference(one: PictureFacts, other: PictureFacts) -> int | None:
    """Returns in how many bits two pictures differ, None if one was not measured or is blank."""
    if one.likeness is None or other.likeness is None or max(one.evenness or 0, other.evenness or 0) > BLANK:
        return None
    return differing_bits(one.likeness, other.likeness)
