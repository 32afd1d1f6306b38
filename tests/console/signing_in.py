"""Signing in to the pages in tests, by a link as the command line makes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urljoin
from uuid import UUID

import requests
from cryptography.fernet import Fernet
from requests.adapters import HTTPAdapter
from sqlalchemy import text
from sqlalchemy.orm import Session
from urllib3.util import Retry

from models import Person
from models.lifecycle import Role
from tests.api.running import Service
from tests.console.browsing import FROM_THE_PAGE, Page, opened
from tests.journeys import now_of
from tests.workers.processes import environment
from workflow.identity.actors import Actor
from workflow.identity.sessions import make_link

COOKIE = "__Host-dc"
ASKED = "__Host-dc-asked"


def link_of(service: Service, actor: Actor) -> str:
    """Returns the address of a new link that signs the actor in."""
    with Session(service.engine) as session, session.begin():
        return f"{service.url}/sign-in/{make_link(session, session.get_one(Person, actor.id), now_of(session))}"


def set_cookie(answer: requests.Response, name: str = COOKIE) -> str:
    """Returns the value of the cookie that an answer sets, "" if it takes the cookie away."""
    return SimpleCookie(answer.headers["Set-Cookie"])[name].value


def kept_open() -> requests.Session:
    """Returns connections that are kept open, as browsers keep theirs: a page is asked for again if one was closed."""
    made = requests.Session()
    made.mount("http://", HTTPAdapter(max_retries=Retry(3, allowed_methods={"GET"})))
    return made


@dataclass(slots=True)
class Browser:
    """Opens pages with the session's cookie, which `requests` would not send to an address without encryption."""

    url: str
    cookie: str = ""
    asked: str = ""
    connections: requests.Session = field(default_factory=lambda: kept_open(), repr=False, compare=False)

    def open(self, path: str, *, follow: bool = True, headers: dict[str, str] | None = None) -> Page:
        """Returns the page at a path, or at what it leads to."""
        url = path if path.startswith("http") else self.url + path
        answer = self.connections.get(url, headers=self._headers() | (headers or {}), timeout=20, allow_redirects=False)
        if follow and answer.is_redirect:  # `requests` would leave the cookie behind
            return self.open(urljoin(url, answer.headers["Location"]))
        return Page(answer.url, answer)

    def news(self, path: str, tag: str = "") -> requests.Response:
        """Returns the answer to a part of the page at the path that asks for itself. `tag` is that of what is shown."""
        asking = {"HX-Request": "true", **({"HX-PTag": tag} if tag else {})}
        return self.connections.get(self.url + path, headers=self._headers() | asking, timeout=20)

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: str | list[str]) -> requests.Response:
        """Returns the answer to a form of one of our pages. Does not follow where it leads."""
        pairs = [
            (name, one) for name, given in fields.items() for one in ([given] if isinstance(given, str) else given)
        ]
        return self.send(path, pairs, headers)

    def send(
        self, path: str, pairs: Sequence[tuple[str, str]], headers: dict[str, str] | None = None
    ) -> requests.Response:
        """Like `post`, with the fields in their order, several with one name included."""
        sent = self._headers() | (FROM_THE_PAGE if headers is None else headers)
        url = path if path.startswith("http") else self.url + path
        return self.connections.post(url, data=list(pairs), headers=sent, timeout=20, allow_redirects=False)

    def press(self, page: Page, **filled: str) -> requests.Response:
        """Returns the answer to the one form of a page's main part."""
        (form,) = page.tree.xpath("//main//form")
        return self.post(form.action or page.url, **(dict(form.form_values()) | filled))

    def _headers(self) -> dict[str, str]:
        cookies = {COOKIE: self.cookie, ASKED: self.asked}
        said = "; ".join(f"{name}={value}" for name, value in cookies.items() if value)
        return {"Cookie": said} if said else {}


def ask_for_mail(service: Service, email: str, path: str = "/") -> Browser:
    """Returns a browser in which somebody asked for a link to sign in by."""
    browser = Browser(service.url)
    answer = browser.press(browser.open(f"/sign-in?next={path}"), email=email)
    assert answer.status_code == 303, answer.text
    browser.asked = set_cookie(answer, ASKED)
    assert "Look at your mail" in browser.open(answer.headers["Location"]).words
    return browser


def mailed_secrets(service: Service, actor: Actor) -> list[str]:
    """Returns the secrets of the links that wait to be mailed to the actor, the newest first."""
    wanted = text(
        "SELECT data->>'sealed' FROM notification WHERE kind = 'sign_in' AND recipient_id = :id ORDER BY id DESC"
    )
    key = Fernet(environment("", "")["DEVCENTER_SECRET_KEYS"])
    with service.engine.connect() as connection:
        return [key.decrypt(sealed.encode()).decode() for sealed in connection.scalars(wanted, {"id": actor.id})]


def signed_in(service: Service, actor: Actor) -> Browser:
    """Returns a browser in which the actor has just signed in."""
    browser = Browser(service.url)
    answer = browser.press(opened(link_of(service, actor)))
    assert answer.status_code == 303, answer.text
    browser.cookie = set_cookie(answer)
    return browser


def signed_in_person(service: Service, person_id: str) -> Browser:
    """Returns a browser in which the partner with this id has just signed in."""
    return signed_in(service, Actor(UUID(person_id), Role.PARTNER))


def browser_of(service: Service, role: str | None) -> Browser:
    """Returns the browser of a person of the role, or of somebody who is not signed in."""
    return Browser(service.url) if role is None else signed_in(service, getattr(service.people, role))
