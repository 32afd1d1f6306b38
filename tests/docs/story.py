"""Plays the examples of a guide against a live service, as its reader would."""

import json
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import requests

from tests.docs.blocks import Answered, Mailed, Sent, blocks_of, difference, filled
from tests.mailbox import Mailbox
from tests.waiting import wait_until

ANSWER_SECONDS = 40
PATIENCE_SECONDS = 30


@dataclass
class Story:
    """The state of a story. `known` has the values of variables; uploads are read from `folder`."""

    api_url: str
    mailbox: Mailbox
    folder: Path
    known: dict[str, str] = field(default_factory=dict)

    def play(self, guide: Path, section: str | None = None) -> int:
        """Plays every example of `guide`, or of one section, in order. Returns how many there were.

        A GET is repeated until its answer is as shown, because the service may still be working. Raises AssertionError,
        naming the line of an example that differs.
        """
        blocks = list(blocks_of(guide, section))
        for index, block in enumerate(blocks):
            place = f"{guide.name}:{block.line}"
            try:
                if isinstance(block, Sent):
                    after = blocks[index + 1] if index + 1 < len(blocks) else None
                    self._send(block, after if isinstance(after, Answered) else None, place)
                elif isinstance(block, Mailed):
                    self._expect_mail(block, place)
            except KeyError as unknown:
                raise AssertionError(f"{place}: nothing has shown {unknown} yet") from None
        return len(blocks)

    def _send(self, sent: Sent, expected: Answered | None, place: str) -> None:
        if expected is None:
            answer = self._call(sent)
            assert answer.ok, f"{place}: {answer.status_code} {answer.text}"
            return
        if sent.method != "GET":
            wrong = self._compare(self._call(sent), expected)
            assert wrong is None, f"{place}: {wrong}"
            return
        seen: list[str | None] = []

        def as_shown() -> bool:
            seen.append(self._compare(self._call(sent), expected))
            return seen[-1] is None

        try:
            wait_until(as_shown, seconds=PATIENCE_SECONDS)
        except AssertionError:
            raise AssertionError(f"{place}: {seen[-1]}") from None

    def _call(self, sent: Sent) -> requests.Response:
        body: bytes | None = None
        headers = {name: filled(value, self.known) for name, value in sent.headers.items()}
        if sent.upload:
            body = (self.folder / sent.upload).read_bytes()
        elif sent.body:
            body = filled(sent.body, self.known).encode()
            headers.setdefault("Content-Type", "application/json")
        path = filled(sent.path, self.known)
        url = path if path.startswith("http://") else self.api_url + path
        return requests.request(sent.method, url, data=body, headers=headers, timeout=ANSWER_SECONDS)

    def _compare(self, answer: requests.Response, expected: Answered) -> str | None:
        """Returns what differs from the example. Binds variables only if nothing does."""
        if answer.status_code != expected.status:
            return f"the status is {answer.status_code}, not {expected.status}: {answer.text[:1000]}"
        known = dict(self.known)
        for name, value in expected.headers.items():
            wrong = difference(value, answer.headers.get(name), known, f"header {name}")
            if wrong:
                return wrong
        if expected.body is not None:
            wrong = difference(expected.body, _json(answer), known)
            if wrong:
                return f"{wrong}; the whole answer: {answer.text[:3000]}"
        self.known = known
        return None

    def _expect_mail(self, mailed: Mailed, place: str) -> None:
        wait_until(
            lambda: any(self._is_as_shown(letter, mailed) for letter in list(self.mailbox.letters)),
            seconds=PATIENCE_SECONDS,
            what=f"{place}: the mail {mailed.headers} among {[str(one['Subject']) for one in self.mailbox.letters]}",
        )

    def _is_as_shown(self, letter: EmailMessage, mailed: Mailed) -> bool:
        known = dict(self.known)
        text = [re.sub(r"\s+", " ", line).strip() for line in letter.get_content().splitlines()]
        for name, value in mailed.headers.items():
            if difference(value, str(letter[name]), known):
                return False
        for line in mailed.lines:
            if line.strip() and all(difference(line.strip(), real, known) for real in text):
                return False
        self.known = known
        return True


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except json.JSONDecodeError:
        return answer.text
