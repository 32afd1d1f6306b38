"""The data files of the Spec, read once a process when they are first needed. Each says where its facts come from."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Literal

DataFile = Literal["events.json", "message.json", "names.json"]


@cache
def read_data(name: DataFile) -> dict[str, Any]:
    """Returns the content of a data file. It is shared: do not change it."""
    content: dict[str, Any] = json.loads(files(__package__).joinpath(name).read_text("utf-8"))
    return content
