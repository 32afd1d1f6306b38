"""Paging: the query parameters and the answers of lists."""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from workflow.pages import PageOf, PageRequest

Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(BaseModel, Generic[Item]):
    """A page of a list. `next` is the cursor of the next page, null on the last page."""

    items: list[Item]
    next: Annotated[str | None, Field(examples=["WyIwMTkzLi4uIl0"])] = None


def shown_page(found: PageOf[Row], show: Callable[[Row], Item]) -> Page[Item]:
    """Returns the page with each of its rows converted by `show`."""
    return Page(items=[show(row) for row in found.rows], next=found.next)


async def _wanted(
    after: Annotated[str | None, Query(max_length=300, description="The `next` of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PageRequest:
    """Returns the page that the caller asks for. It is async because FastAPI would run it on a thread if not."""
    return PageRequest(after, limit)


Paged = Annotated[PageRequest, Depends(_wanted)]
"""The page that the caller asks for, from the query parameters `after` and `limit`."""
