"""The page of settings, made from the typed settings themselves."""

from pydantic_core import PydanticUndefined

from runtime.settings import Settings, environment_name

INTRODUCTION = """# Settings

Settings come from environment variables and are checked at start: what is wrong is named with its mend. `make run`
needs none of them. Numbers of the process itself (days of review, customers to promote, required evidence) are not
settings: they are policy, versioned in the database. This page is made by `devcenter settings`.

| variable | default | what it decides |
|---|---|---|
"""


def settings_page() -> str:
    """Returns the page as Markdown."""
    rows = []
    for name, field in Settings.model_fields.items():
        required = field.default is PydanticUndefined
        default = "required" if required else "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `{environment_name(name)}` | {default} | {field.description} |")
    return INTRODUCTION + "\n".join(rows) + "\n"
