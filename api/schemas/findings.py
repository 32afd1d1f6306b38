"""The answer for a finding, whichever check found it."""

from pydantic import BaseModel, Field


class FindingAnswer(BaseModel):
    """Something that a check found: a stable code, a description, and what to do about it."""

    code: str = Field(examples=["mail.free"])
    detail: str = Field(examples=["Anybody can get an address at gmail.com."])
    remedy: str = Field(default="", examples=["Use an address at acme.example."])
