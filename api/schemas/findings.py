"""How a finding is answered, wherever it was found."""

from pydantic import BaseModel, Field


class FindingAnswer(BaseModel):
    """Something that was found: a stable code, what it is, and how to mend it."""

    code: str = Field(examples=["mail.free"])
    detail: str = Field(examples=["Anybody can get an address at gmail.com."])
    remedy: str = Field(default="", examples=["Use an address at acme.example."])
