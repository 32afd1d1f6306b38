"""What pages say to do: something that can be done at a page, where the API names a call."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import workflow
from console.remedies import REMEDIES
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.signing_in import browser_of

CALL = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/v1/|\.\.\./)")
ERRORS = {"Conflict", "Forbidden", "Invalid", "NotFound"}
FOR_PROGRAMS = {"request.not_found", "token.expired", "token.revoked"}
"""Errors with which no page is answered."""


def _words(node: ast.AST, known: dict[str, ast.AST], depth: int = 3) -> Iterator[str]:
    """Yields the texts in a piece of code, and in what it names."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value
        elif isinstance(one, ast.Name) and one.id in known and depth:
            yield from _words(known[one.id], known, depth - 1)


def _codes_with_calls() -> set[str]:
    """Returns the codes of the workflow's errors whose remedies name a call."""
    found = set()
    for path in Path(workflow.__path__[0]).rglob("*.py"):
        tree = ast.parse(path.read_text())
        outside = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            known: dict[str, ast.AST] = outside | {one.name: one for one in functions if one.name.startswith("_")}
            for node in ast.walk(function):
                if isinstance(node, ast.Assign):
                    known |= {one.id: node.value for one in node.targets if isinstance(one, ast.Name)}
            calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
            for call in calls:
                is_error = isinstance(call.func, ast.Name) and call.func.id in ERRORS
                if is_error and isinstance(call.args[0], ast.Constant):
                    said = (text for part in call.args[1:] for text in _words(part, known))
                    found |= {str(call.args[0].value)} if any(CALL.search(text) for text in said) else set()
    return found


def test_every_remedy_that_names_a_call_has_words_for_pages() -> None:
    codes = _codes_with_calls()
    assert {"policy.not_previewed", "slug.reserved", "token.too_many"} <= codes
    assert codes - FOR_PROGRAMS - REMEDIES.keys() == set()
    assert [words for words in REMEDIES.values() if CALL.search(words) or "`" in words] == []


def test_a_page_names_no_call_where_the_api_does(shared_service: Service) -> None:
    refused = shared_service.partner("POST", "/v1/apps", {"name": "Admin", "slug": "adrnin"})
    assert CALL.search(refused.json()["remedy"])
    browser = browser_of(shared_service, "partner")
    page = Page("", browser.post("/apps", None, name="Admin", slug="adrnin", key="key-of-the-form"))
    assert page.answer.status_code == refused.status_code
    assert REMEDIES[refused.json()["code"]] in page.words
    assert not CALL.search(page.words)
