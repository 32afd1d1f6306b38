"""Lists of which each item has an answer of its own: a wrong item is refused by itself, and the others are taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from web.problems import CORRECT, INVALID
from web.sentences import Flaw, flaws_of, in_words

Item = TypeVar("Item", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class WrongItem:
    """An item that does not fit its schema, as it was sent, and the errors that pydantic found in it."""

    given: Any
    errors: tuple[Any, ...]

    def flaws(self, *within: str | int) -> list[Flaw]:
        """Returns what is wrong with the item, which is at `within` in the body."""
        return flaws_of(self.errors, self.given, within=within)


def _by_itself(given: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(given)
    except ValidationError as error:
        return WrongItem(given, tuple(error.errors(include_url=False, include_input=False)))


BY_ITSELF = WrapValidator(_by_itself)
"""Marks the items of a list: `list[Annotated[Item, BY_ITSELF]]`. Read such a list with `sort_out`."""


def sort_out(items: Sequence[Item]) -> list[Item | WrongItem]:
    """Returns the items of a list that is marked with BY_ITSELF, as what they are."""
    return cast("list[Item | WrongItem]", list(items))


def refusal_of(wrong: WrongItem, *within: str | int) -> dict[str, Any]:
    """Returns the fields of an item's answer that say what is wrong with the item at `within` in the body."""
    flaws = wrong.flaws(*within)
    return {"status": 422, "code": INVALID, "detail": in_words(flaws), "remedy": CORRECT, "errors": flaws}
