"""What the daily overview of reviews says: what is the reader's, what waits for somebody, and what is late."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from workflow.names import quoted


def digest_words(digest: Mapping[str, Any] | None, site: str, *, pages: bool) -> dict[str, str]:
    """Returns the overview in words and its short form for the subject. Pure.

    `digest` is what `workflow.notifications.digests` has written; None says nothing.
    """
    if digest is None:
        return {"digest": "", "digest_short": ""}
    return {"digest": "\n\n".join(_paragraphs(digest, site, pages=pages)), "digest_short": _short(digest)}


def _short(digest: Mapping[str, Any]) -> str:
    said = [f"{digest['held_in_all']} of yours"] if digest["held_in_all"] else []
    said += [f"{digest['waiting']} waiting"] if digest["waiting"] else []
    said += [f"{digest['overdue']} overdue"] if digest["overdue"] else []
    said += [f"{digest['access']} for access"] if digest["access"] else []
    return ", ".join(said)


def _paragraphs(digest: Mapping[str, Any], site: str, *, pages: bool) -> Iterator[str]:
    day = date.fromisoformat(digest["day"])
    yield f"This is what there is to review on {day:%A}, {day.day} {day:%B %Y}."
    if digest["held"]:
        yield f"You hold {_many(digest['held_in_all'], 'review')}:"
        yield _listed(digest["held"], site, pages=pages)
    if digest["next"]:
        yield f"{_many(digest['waiting'], 'review')} {_wait(digest['waiting'])} for somebody; the first:"
        yield _listed(digest["next"], site, pages=pages)
    late = [
        f"{digest[name]} {'is' if digest[name] == 1 else 'are'} {words}"
        for name, words in (("overdue", "overdue"), ("soon", "due soon"))
        if digest[name]
    ]
    if late:
        yield f"Of all open reviews {' and '.join(late)}."
    if digest["access"]:
        yield f"{_many(digest['access'], 'request')} for access {_wait(digest['access'])} for a decision."


def _listed(reviews: Sequence[Mapping[str, Any]], site: str, *, pages: bool) -> str:
    root = f"{site}{'' if pages else '/v1'}/reviews"
    return "\n".join(
        f"- {quoted(one['app'])}, round {one['round']}{', urgent' if one['urgent'] else ''}: due {one['due']} "
        f"{root}/{one['id']}"
        for one in reviews
    )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _wait(count: int) -> str:
    return "waits" if count == 1 else "wait"
