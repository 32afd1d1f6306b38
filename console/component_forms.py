"""The form of a Component: what is typed in it as the API's settings, the settings as they are typed, and its rows.

Fields of rows have names such as `settings.0.label`, in which the number is the row's place in the API's list.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from console.client import ApiAnswer
from console.component_kinds import EVENT_TYPES, TYPES_OF_SETTINGS, Kind
from console.forms import Form, key_in, refused_form

EMPTY_ROWS: Final = 3
"""How many empty rows there are below those that are filled."""
MAX_ROWS: Final = {"settings": 30, "events": 200}
"""The most rows that the API takes."""
_PARTS: Final = ("name", "label", "type", "required", "choices")


def typed_of(kind: Kind, component: Mapping[str, Any]) -> dict[str, str]:
    """Returns the fields of the form as they show a Component of the API's."""
    settings = component["settings"]
    typed = {"name": str(component["name"])}
    typed |= {line.name: str(settings[line.name]) for line in kind.lines if line.name in settings}
    typed |= {f"event_types.{one}": "yes" for one in settings.get("event_types", ()) if "event_types" in kind.groups}
    typed |= {f"events.{number}": str(event) for number, event in enumerate(settings.get("events", ()))}
    for number, one in enumerate(settings.get("settings", ())):
        row = {"name": one["name"], "label": one["label"], "type": one["type"]}
        row |= {"required": "yes"} if one.get("required") else {}
        row |= {"choices": "\n".join(one["choices"])} if one.get("choices") else {}
        typed |= {f"settings.{number}.{part}": str(value) for part, value in row.items()}
    return typed


def tidied(kind: Kind, fields: Mapping[str, str]) -> dict[str, str]:
    """Returns the fields of a form that was sent, without its empty rows. The others move up.

    Lines that were pasted into `more_events` become rows.
    """
    kept = {name: fields[name] for name in ("name", *(line.name for line in kind.lines)) if name in fields}
    kept |= {f"event_types.{one}": "yes" for one in EVENT_TYPES if fields.get(f"event_types.{one}")}
    if "settings" in kind.groups:
        rows = [
            {part: fields.get(f"settings.{number}.{part}", "") for part in _PARTS}
            for number in range(MAX_ROWS["settings"])
        ]
        filled = [row for row in rows if any(row[part].strip() for part in ("name", "label", "choices"))]
        kept |= {f"settings.{at}.{part}": text for at, row in enumerate(filled) for part, text in row.items() if text}
    if "events" in kind.groups:
        events = [fields.get(f"events.{number}", "") for number in range(MAX_ROWS["events"])]
        events += fields.get("more_events", "").splitlines()
        filled_events = [event.strip() for event in events if event.strip()]
        kept |= {f"events.{at}": event for at, event in enumerate(filled_events)}
    return kept


def settings_of(kind: Kind, fields: Mapping[str, str]) -> dict[str, Any]:
    """Returns the API's settings of tidied fields, without those that are empty. A mapping is no part of the form."""
    settings: dict[str, Any] = {}
    for line in kind.lines:
        text = fields.get(line.name, "").strip()
        if text:
            settings[line.name] = text
    if "event_types" in kind.groups:
        settings["event_types"] = [one for one in EVENT_TYPES if fields.get(f"event_types.{one}")]
    if "settings" in kind.groups:
        settings["settings"] = [_setting(fields, f"settings.{at}") for at in range(rows_in(fields, "settings"))]
    if "events" in kind.groups:
        settings["events"] = [fields[f"events.{at}"] for at in range(rows_in(fields, "events"))]
    return settings


def rows_in(fields: Mapping[str, str], group: str) -> int:
    """Returns how many rows of the group are filled."""
    numbers = [name.split(".")[1] for name in fields if name.startswith(f"{group}.")]
    return max((int(number) + 1 for number in numbers if number.isdecimal()), default=0)


def rows_shown(fields: Mapping[str, str], group: str) -> int:
    """Returns how many rows of the group the form shows: those that are filled, and some that are empty."""
    return max(rows_in(fields, group), min(rows_in(fields, group) + EMPTY_ROWS, MAX_ROWS[group]))


def refused(kind: Kind, fields: Mapping[str, str], answer: ApiAnswer) -> Form:
    """Returns the form with what was typed, and what the API says is wrong beside the field that it is about."""
    return refused_form(fields, answer, place=partial(_field_of, kind, fields))


def again(fields: Mapping[str, str], tidy: Mapping[str, str]) -> Form:
    """Returns the form with what was typed and its key, for more rows."""
    key = key_in(fields)
    return Form(dict(tidy)) if key is None else Form(dict(tidy), key=key)


def words_of(kind: Kind, fields: Mapping[str, str]) -> dict[str, str]:
    """Returns what is in the fields, by their labels, as one reads it."""
    said = {"Name": fields.get("name", "")}
    said |= {line.label: fields.get(line.name, "") for line in kind.lines}
    if "event_types" in kind.groups:
        said["Event types"] = ", ".join(one for one in EVENT_TYPES if fields.get(f"event_types.{one}"))
    if "events" in kind.groups:
        said["Events"] = "\n".join(fields[f"events.{at}"] for at in range(rows_in(fields, "events")))
    if "settings" in kind.groups:
        rows = [_setting(fields, f"settings.{at}") for at in range(rows_in(fields, "settings"))]
        said["Settings of customers"] = "\n".join(_said(row) for row in rows)
    return said


def _setting(fields: Mapping[str, str], row: str) -> dict[str, Any]:
    setting: dict[str, Any] = {
        "name": fields.get(f"{row}.name", "").strip(),
        "label": fields.get(f"{row}.label", "").strip(),
        "type": fields.get(f"{row}.type") or TYPES_OF_SETTINGS[0][0],
        "required": bool(fields.get(f"{row}.required")),
    }
    choices = [line.strip() for line in fields.get(f"{row}.choices", "").splitlines() if line.strip()]
    return setting | ({"choices": choices} if choices else {})


def _said(setting: Mapping[str, Any]) -> str:
    kind = dict(TYPES_OF_SETTINGS).get(setting["type"], setting["type"]).lower()
    choices = f": {', '.join(setting['choices'])}" if "choices" in setting else ""
    required = ", required" if setting["required"] else ""
    return f"{setting['label']} ({setting['name']}): {kind}{choices}{required}"


def _field_of(kind: Kind, fields: Mapping[str, str], steps: Sequence[str]) -> str | None:
    """Returns the name of the field to which a pointer into the API's body leads, None if the form has none."""
    steps = steps[1:] if steps[0] == "settings" else steps
    names = {"name", *(line.name for line in kind.lines), *kind.groups}
    names |= {f"events.{at}" for at in range(rows_in(fields, "events"))}
    names |= {f"settings.{at}.{part}" for at in range(rows_in(fields, "settings")) for part in _PARTS}
    for length in range(len(steps), 0, -1):
        name = ".".join(steps[:length])
        if name in names:
            return name
    return None
