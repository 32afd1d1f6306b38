"""Parts of paths that are numbers."""

from typing import Final

from starlette.convertors import Convertor, register_url_convertor


class _Digits(Convertor[int]):
    """A whole number from 1. Starlette's own `int` takes digits without end, and fails on more than Python reads."""

    regex = "[1-9][0-9]{0,17}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


NUMBER: Final = "number"
"""What a route writes for a part that is a number from 1: `{version:number}`. A path with another part is not its."""
register_url_convertor(NUMBER, _Digits())
