"""What a browser would read in the CSS of a picture: judged, and written anew without what is unknown. Pure.

Text is split into tokens as CSS Syntax Level 3 says (tinycss2), so an escape is what it means, and a word in a comment,
a string or a name is only a word. What is returned was serialised from the tokens that were judged.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

import tinycss2
from tinycss2.ast import (
    AtKeywordToken,
    AtRule,
    CurlyBracketsBlock,
    Declaration,
    FunctionBlock,
    HashToken,
    IdentToken,
    LiteralToken,
    Node,
    ParenthesesBlock,
    ParseError,
    QualifiedRule,
    SquareBracketsBlock,
    StringToken,
    URLToken,
)

from workflow.assets.problems import Problem
from workflow.assets.svg_names import EFFECT_FUNCTIONS, FUNCTIONS, PROPERTIES

MAX_DEPTH = 16
"""How deep blocks, functions and rules may be nested."""

OUTSIDE = Problem("It refers to something outside the picture.", "Embed what it needs as shapes; leave out links.")
EFFECTS = Problem(
    "It uses an effect that cannot be shown everywhere.", "Flatten the effects to plain shapes, and export it again."
)
MOVES = Problem("It is animated.", "Save it without animation: a logo and a mark stand still.")
FONTS = Problem("It brings a font of its own.", "Turn the text into paths (outlines), and export it again.")
NESTED = Problem(f"Its CSS is nested more than {MAX_DEPTH} levels deep.", "Export its styles as attributes.")
UNREADABLE = Problem("Its CSS cannot be read.", "Export its styles as attributes (presentation attributes).")

_BLOCKS = (ParenthesesBlock, SquareBracketsBlock, CurlyBracketsBlock)
_CUSTOM = re.compile(r"--[A-Za-z0-9_-]++")
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document can have, and an escape in CSS can."""
_DROPPED_RULES = frozenset({"charset", "namespace"})
_CONDITIONS = frozenset({"media", "supports"})
_OTHER_SHEET = Problem("It loads another style sheet with @import.", "Copy the styles that it needs into the picture.")


@dataclass(frozen=True, slots=True)
class Css:
    """CSS that was judged. `text` is what is kept of it; it refers to the elements with these `ids`."""

    text: str
    problems: tuple[Problem, ...] = ()
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that refers to other elements: elements with one of `names` (`.class`, `#id`, `tag`, `*`) may use them."""

    names: frozenset[str]
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet that was judged. `text` is what is kept of it."""

    text: str
    problems: tuple[Problem, ...]
    rules: tuple[Rule, ...]


def clean_value(text: str) -> Css:
    """Returns the value of a presentation attribute; with no text if a browser would ignore it."""
    tokens = _parse(text)
    if tokens is None:
        return Css("", (UNREADABLE,))
    found = _Found()
    found.judge(tokens)
    return Css("" if found.broken else _write(tokens), found.all_problems(), frozenset(found.ids))


def clean_declarations(text: str) -> Css:
    """Returns the declarations of a `style` attribute with the properties that pictures need."""
    tokens = _parse(text)
    if tokens is None:
        return Css("", (UNREADABLE,))
    cleaner = _Cleaner()
    kept, ids = cleaner.block(tokens, depth=0, nested=False)
    return Css(kept, tuple(cleaner.problems), ids)


def clean_sheet(text: str) -> Sheet:
    """Returns the style sheet with the rules and properties that pictures need."""
    tokens = _parse(text)
    if tokens is None:
        return Sheet("", (UNREADABLE,), ())
    cleaner = _Cleaner()
    kept = cleaner.rules(tinycss2.parse_stylesheet(tokens, skip_comments=True, skip_whitespace=True), depth=0)
    return Sheet(kept, tuple(cleaner.problems), tuple(cleaner.found))


def _parse(text: str) -> list[Node] | None:
    try:
        tokens: list[Node] = tinycss2.parse_component_value_list(text, skip_comments=True)
        return tokens
    except (ValueError, OverflowError):
        return None


def _write(tokens: Sequence[Node]) -> str:
    """Returns the tokens as text, "" if XML cannot have it."""
    text: str = tinycss2.serialize(tokens).strip()
    return "" if _UNWRITABLE.search(text) else text


@dataclass(slots=True)
class _Found:
    """What a list of tokens contains. `outside` and `nested` are problems wherever they stand."""

    problems: dict[Problem, None] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    outside: bool = False
    nested: bool = False
    broken: bool = False

    def judge(self, tokens: Iterable[Node], depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            self.nested = self.broken = True
            return
        for token in tokens:
            if isinstance(token, (ParseError, AtKeywordToken)):
                self.broken = True
            elif isinstance(token, URLToken):
                self._refer(token.value)
            elif isinstance(token, FunctionBlock):
                self._judge_function(token, depth)
            elif isinstance(token, _BLOCKS):
                self.judge(token.content, depth + 1)

    def all_problems(self) -> tuple[Problem, ...]:
        return (*self.unconditional(), *self.problems)

    def unconditional(self) -> tuple[Problem, ...]:
        """Returns the problems that are refused even where a browser would ignore the rest."""
        return (*([OUTSIDE] if self.outside else []), *([NESTED] if self.nested else []))

    def _judge_function(self, function: FunctionBlock, depth: int) -> None:
        name = function.lower_name
        if name == "url":
            given = [token for token in function.arguments if token.type != "whitespace"]
            self._refer(given[0].value if len(given) == 1 and isinstance(given[0], StringToken) else "")
            return
        if name in EFFECT_FUNCTIONS:
            self.problems[EFFECTS] = None
        elif name not in FUNCTIONS:
            shown = name[:40]
            self.problems[
                Problem(f"Its CSS uses the function {shown}(), which is not allowed.", "Use plain colours and shapes.")
            ] = None
        self.judge(function.arguments, depth + 1)

    def _refer(self, address: str) -> None:
        target = address.strip()
        if len(target) > 1 and target.startswith("#"):
            self.ids |= {target[1:], unquote(target[1:])}
        else:
            self.outside = True


class _Cleaner:
    """Collects the problems of rules and declarations, and returns what is kept of them."""

    def __init__(self) -> None:
        self.problems: dict[Problem, None] = {}
        self.found: list[Rule] = []

    def rules(self, nodes: Iterable[Node], depth: int) -> str:
        """Returns the kept rules of a style sheet, or of a rule with a condition."""
        kept = []
        for node in nodes:
            if isinstance(node, QualifiedRule):
                kept.append(self._style_rule(node, depth))
            elif isinstance(node, AtRule):
                kept.append(self._at_rule(node, depth))
        return "".join(kept)

    def block(self, tokens: Sequence[Node], depth: int, *, nested: bool = True) -> tuple[str, frozenset[str]]:
        """Returns the kept declarations, followed by the kept rules if `nested`, and the ids of the declarations."""
        if depth > MAX_DEPTH:
            self.problems[NESTED] = None
            return "", frozenset()
        kept, ids, inner = [], set[str](), []
        for node in tinycss2.parse_blocks_contents(tokens, skip_comments=True, skip_whitespace=True):
            if isinstance(node, Declaration):
                text, named = self._declaration(node)
                kept += [text] if text else []
                ids |= named
            elif isinstance(node, (QualifiedRule, AtRule)):
                inner.append(node)
        rules = self.rules(inner, depth + 1)
        return ";".join(kept) + (f";{rules}" if nested and rules else ""), frozenset(ids)

    def _declaration(self, node: Declaration) -> tuple[str, frozenset[str]]:
        found = _Found()
        found.judge(node.value)
        self.problems |= dict.fromkeys(found.unconditional())
        name = node.lower_name
        if name.endswith("backdrop-filter"):
            self.problems[EFFECTS] = None
        custom = bool(_CUSTOM.fullmatch(node.name))
        if found.broken or not (custom or name in PROPERTIES):
            return "", frozenset()
        self.problems |= found.problems
        value = _write(node.value)
        if not value:
            return "", frozenset()
        return f"{node.name if custom else name}:{value}{'!important' if node.important else ''}", frozenset(found.ids)

    def _style_rule(self, rule: QualifiedRule, depth: int) -> str:
        prelude = _Found()
        prelude.judge(rule.prelude, depth)
        body, ids = self.block(rule.content, depth + 1)
        self.problems |= dict.fromkeys(prelude.unconditional())
        if ids:
            self.found.append(Rule(_names_in(rule.prelude), ids))
        selector = "" if prelude.broken else _write(rule.prelude)
        return f"{selector}{{{body}}}" if selector and body else ""

    def _at_rule(self, rule: AtRule, depth: int) -> str:
        name = rule.lower_at_keyword
        if name in _DROPPED_RULES:
            return ""
        if name not in _CONDITIONS or rule.content is None:
            self.problems[_problem_of_rule(name)] = None
            return ""
        prelude = _Found()
        prelude.judge(rule.prelude, depth)
        self.problems |= dict.fromkeys(prelude.unconditional())
        body, ids = self.block(rule.content, depth + 1)
        if ids:
            self.found.append(Rule(frozenset("*"), ids))
        condition = "" if prelude.broken else _write(rule.prelude)
        return f"@{name} {condition}{{{body}}}" if condition and body else ""


def _problem_of_rule(name: str) -> Problem:
    if name == "import":
        return _OTHER_SHEET
    if name == "font-face":
        return FONTS
    if name.endswith("keyframes"):
        return MOVES
    return Problem(f"Its CSS uses @{name[:40]}, which is not allowed.", "Export its styles as attributes.")


def _names_in(prelude: Sequence[Node]) -> frozenset[str]:
    """Returns the names in the last part of each selector, by which it chooses elements; `*` where it has none."""
    chosen, part, ended, dot = set[str](), set[str](), False, False
    for token in (*prelude, LiteralToken(0, 0, ",")):
        sign = token.value if isinstance(token, LiteralToken) else ""
        if token.type == "whitespace" or sign in {">", "+", "~"}:
            ended = True
        elif sign == ",":
            chosen |= part or {"*"}
            part, ended = set(), False
        else:
            if ended:
                part, ended = set(), False
            part |= _name_of(token, dot)
        dot = sign == "."
    return frozenset(chosen)


def _name_of(token: Node, dot: bool) -> set[str]:
    if isinstance(token, IdentToken):
        return {f".{token.value}" if dot else token.value}
    return {f"#{token.value}"} if isinstance(token, HashToken) else set()
