"""Pages of lists, as they are asked for and answered."""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from workflow.pages import PageOf, PageRequest

Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(BaseModel, Generic[Item]):
    """A page of a list. `next` is the cursor of the page after it, null on the last."""

    items: list[Item]
    next: Annotated[str | None, Field(examples=["WyIwMTkzLi4uIl0"])] = None


def shown_page(found: PageOf[Row], show: Callable[[Row], Item]) -> Page[Item]:
    """Returns a page with each row as it is answered."""
    return Page(items=[show(row) for row in found.rows], next=found.next)


async def _wanted(
    after: Annotated[str | None, Query(max_length=300, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PageRequest:
    """Asynchronous, or it would cost a thread on every call."""
    return PageRequest(after, limit)


Paged = Annotated[PageRequest, Depends(_wanted)]
"""Which page the caller wants: the query parameters `after` and `limit`."""
