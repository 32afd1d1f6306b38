"""Walks over the code and finds each function that reads a text: by a library, by a pattern, or in its own loop."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "console", "models", "runtime", "tracking", "web", "workers", "workflow")
"""What the processes run. The command line reads only what its operator writes."""

PARSERS = (
    "PIL.Image",
    "ada_url",
    "base64",
    "brotli",
    "disarm",
    "datetime.date.fromisoformat",
    "datetime.datetime.fromisoformat",
    "email",
    "email_validator",
    "html",
    "httptools",
    "idna",
    "ipaddress",
    "json",
    "lxml",
    "markdown_it",
    "publicsuffixlist",
    "pydantic.TypeAdapter",
    "re",
    "tinycss2",
    "tomllib",
    "tree_sitter",
    "unicodedata",
    "urllib.parse",
    "webencodings",
    "zlib",
)
"""Modules, and functions of others, that read texts or bytes."""
NO_READERS = frozenset(
    {
        "base64.b64encode",
        "base64.urlsafe_b64encode",
        "email.errors",
        "email.headerregistry.Address",
        "email.message.EmailMessage",
        "email.utils.formataddr",
        "email.utils.format_datetime",
        "email.utils.formatdate",
        "email.utils.make_msgid",
        "html.escape",
        "json.JSONEncoder",
        "json.JSONEncoder.encode",
        "json.dumps",
        "lxml.etree.Element",
        "lxml.etree.QName",
        "lxml.etree.SubElement",
        "lxml.etree.cleanup_namespaces",
        "lxml.etree.tostring",
        "pydantic.TypeAdapter.dump_python",
        "re.compile",
        "re.escape",
        "tinycss2.ast.LiteralToken",
        "tinycss2.serialize",
        "unicodedata.category",
        "unicodedata.combining",
        "unicodedata.name",
        "urllib.parse.quote",
        "urllib.parse.urlencode",
        "zlib.crc32",
    }
)
"""What they have besides: it writes, or looks at one character."""
LOOP = "a loop of its own"
"""Stands for the parser of a function that goes over a text itself."""
TEXTS = frozenset({"str", "bytes", "bytearray", "str | None", "bytes | None"})
"""The annotations of parameters that are texts."""


def readers() -> dict[str, str]:
    """Returns the functions that read a text, by `module.function`, with the first parser that each calls, or LOOP."""
    modules = [_Module.of(file) for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    by_name = {module.name: module for module in modules}
    return {name: parser for module in modules for name, parser in module.readers(by_name)}


@dataclass(frozen=True, slots=True)
class _Module:
    """A module's tree, and the dotted names that its own names stand for."""

    name: str
    tree: ast.Module
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Path) -> "_Module":
        parts = file.relative_to(ROOT).with_suffix("").parts
        module = cls(".".join(parts[:-1] if parts[-1] == "__init__" else parts), ast.parse(file.read_text()))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                for one in node.names:
                    first = one.name.partition(".")[0]
                    module.names[one.asname or first] = one.name if one.asname else first
            elif isinstance(node, ast.ImportFrom):
                for one in node.names:
                    module.names[one.asname or one.name] = f"{node.module}.{one.name}"
        for node in module.tree.body:
            module._name_assigned(node)
        return module

    def readers(self, modules: dict[str, "_Module"]) -> Iterator[tuple[str, str]]:
        for name, function in _functions(self.tree, self.name):
            called = (self._resolve(node, modules) for node in _called(function))
            parser = next((one for one in called if one and _is_parser(one)), None)
            parser = parser or (LOOP if any(map(_loops_over_text, _with_inner(function))) else None)
            if parser:
                yield name, parser

    def _name_assigned(self, node: ast.stmt) -> None:
        """Remembers of `X = re.compile(...)` that X stands for what a parser has made, so that `X.match` is one."""
        value = getattr(node, "value", None)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        made_by = self._dotted(value.func) if isinstance(value, ast.Call) else None
        for target in targets:
            if isinstance(target, ast.Name) and made_by:
                self.names[target.id] = made_by

    def _resolve(self, node: ast.expr, modules: dict[str, "_Module"]) -> str | None:
        """Returns the dotted name of what is called, through one import from a module of the project."""
        dotted = self._dotted(node)
        if dotted is None:
            return None
        module, _, rest = dotted.rpartition(".")
        while module and module not in modules:
            module, _, head = module.rpartition(".")
            rest = f"{head}.{rest}"
        if not module:
            return dotted
        name, _, tail = rest.partition(".")
        return ".".join(filter(None, (modules[module].names.get(name, rest), tail)))

    def _dotted(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return f"{base}.{node.attr}" if base else None
        return None


def _functions(tree: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
    """Yields the outermost functions, and those of classes: an inner function belongs to the one around it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name}.{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{name}.{node.name}")


def _called(function: ast.AST) -> Iterator[ast.expr]:
    """Yields what is called within the function, and what is handed to another to be called."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id == "isinstance"):
            yield from (node.func, *node.args, *(keyword.value for keyword in node.keywords))


def _is_parser(dotted: str) -> bool:
    return dotted not in NO_READERS and any(dotted == one or dotted.startswith(f"{one}.") for one in PARSERS)


def _with_inner(function: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(function) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _loops_over_text(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Returns whether a loop or a comprehension goes over a text that the function is given, or over parts of it."""
    given = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    texts = {one.arg for one in given if one.annotation is not None and ast.unparse(one.annotation) in TEXTS}
    for node in ast.walk(function) if texts else ():
        if isinstance(node, ast.Assign | ast.NamedExpr | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if _is_of(texts, node.value):
                texts |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    for node in ast.walk(function):
        if isinstance(node, ast.For | ast.comprehension) and _is_of(texts, node.iter):
            return True
        if isinstance(node, ast.While) and any(
            _is_of(texts, part) for part in ast.walk(node.test) if isinstance(part, ast.expr)
        ):
            return True
    return False


_PASSED_ON = frozenset(
    {"enumerate", "filter", "groupby", "iter", "len", "list", "map", "range", "reversed", "set", "zip"}
)
"""Functions that go over what they are given, as a loop would."""


def _is_of(texts: set[str], node: ast.expr) -> bool:
    """Returns whether an expression is one of the texts, or what its own methods, slices and sums make of it."""
    if isinstance(node, ast.Name):
        return node.id in texts
    if isinstance(node, ast.Subscript | ast.Starred):
        return _is_of(texts, node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _is_of(texts, node.func.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in _PASSED_ON and any(_is_of(texts, one) for one in node.args)
    if isinstance(node, ast.BinOp):
        return _is_of(texts, node.left) or _is_of(texts, node.right)
    return False
