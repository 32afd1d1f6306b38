"""The answer for a finding, whichever check found it."""

from typing import Annotated

from pydantic import BaseModel, Field

from workflow.reviewing.difference import FindingStatus


class FindingAnswer(BaseModel):
    """Something that a check found: a stable code, a description, and what to do about it."""

    code: str = Field(examples=["mail.free"])
    detail: str = Field(examples=["Anybody can get an address at gmail.com."])
    remedy: str = Field(default="", examples=["Use an address at acme.example."])


Place = Annotated[str, Field(description="Where it is: a URL, a section, or a place of the checklist.")]
Proof = Annotated[str, Field(description="What shows it, as it was found.", examples=["“Setup” → 404"])]


class StepFindingAnswer(BaseModel):
    """A finding of a step: a stable code, a description, what to do about it, where it is, and what shows it."""

    code: Annotated[str, Field(examples=["page.app_not_named"])]
    detail: Annotated[str, Field(examples=["https://acme.example/docs does not mention Acme."])]
    remedy: Annotated[str, Field(examples=["Mention Acme in the text of the page."])] = ""
    where: Place = ""
    evidence: Proof = ""


class ReportedFindingAnswer(StepFindingAnswer):
    """A finding of a step, and whether the round before had it. `standing` is null if there was none."""

    standing: FindingStatus | None = None


class EarlierFindingAnswer(StepFindingAnswer):
    """A finding of a round and its status. `unchecked`: its step is undecided, or could not see what it is about."""

    step: Annotated[str, Field(examples=["partner_documentation"])]
    standing: FindingStatus
