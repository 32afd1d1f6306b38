"""What a bundle gives: whether a global, or its default export, gives a plugin or a list of plugins."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from workflow.component_tests.bundles.literals import UNKNOWN, constant, key_of
from workflow.component_tests.bundles.nodes import CLASSES, FUNCTIONS, arguments_of
from workflow.component_tests.bundles.outline import Outline
from workflow.component_tests.bundles.report import PLUGIN_MEMBERS, GivenPlugin
from workflow.component_tests.bundles.source import Source
from workflow.component_tests.bundles.values import Values

_MAX_GIVEN: Final = 300
_MAX_FOLLOWED: Final = 500
_MAX_CANDIDATES: Final = 200
_MAX_INHERITED: Final = 2000

Members = dict[str, list[Node]]


def plugin_in(outline: Outline, values: Values, source: Source) -> GivenPlugin:
    """Returns the plugin that the bundle gives, or whatever comes closest to one."""
    reader = _Reader(outline, values)
    given = list(reader.given())
    best = GivenPlugin(is_given=bool(given))
    for how, node in given:
        for found in reader.followed(node):
            said = reader.read(found, how, source, is_given=True)
            if not said.lacks:
                return said
            best = _closer(best, said)
    for candidate in outline.candidates[:_MAX_CANDIDATES]:
        said = reader.read(candidate, "", source, is_given=bool(given))
        best = _closer(best, said)
    return best


def _closer(one: GivenPlugin, other: GivenPlugin) -> GivenPlugin:
    is_like_a_plugin = len(other.lacks) <= len(PLUGIN_MEMBERS) - 2 and not {"load", "isLoaded"} <= set(other.lacks)
    return other if is_like_a_plugin and len(other.lacks) < len(one.lacks) else one


class _Reader:
    """Reads plugins: object literals, classes, and functions that `new` calls."""

    def __init__(self, outline: Outline, values: Values) -> None:
        self._outline = outline
        self._values = values
        self._instances = self._written_to_instances()
        self._bases = self._inherited()
        self._known: dict[int, Members] = {}

    def given(self) -> Iterator[tuple[str, Node]]:
        """Yields each default export and global, in words and as an expression, at most _MAX_GIVEN of them."""
        for left, one in zip(range(_MAX_GIVEN), self._given(), strict=False):
            del left
            yield one

    def _given(self) -> Iterator[tuple[str, Node]]:
        for node in self._outline.defaults:
            yield "the default export", node
        for one in self._outline.written:
            if self._values.is_global(one.target):
                yield f"the global {one.key or UNKNOWN}", one.value
        if not self._outline.is_module:
            program = self._outline.scopes[0].names
            declared = [(name, node) for name, nodes in program.items() for node in nodes if node.type not in CLASSES]
            for name, node in sorted(declared, key=lambda one: one[1].type in FUNCTIONS):
                yield f"the global {name}", node
            for name, assigned in self._outline.assigned.items():
                if name in program or self._outline.declared_in(name, assigned[0][0].start_byte) is None:
                    yield from ((f"the global {name}", value) for _, value in assigned)

    def followed(self, node: Node) -> Iterator[Node]:
        """Yields what an expression gives: itself, the parts of a list, what a function returns, a default export."""
        waiting, seen = [node], set[int]()
        while waiting and len(seen) < _MAX_FOLLOWED:
            for one in self._values.of(waiting.pop()):
                if one.id in seen:
                    continue
                seen.add(one.id)
                if one.type == "array":
                    waiting.extend(one.named_children[:_MAX_FOLLOWED])
                    continue
                yield one
                if one.type in FUNCTIONS:
                    waiting.extend(self._outline.returned.get(one.id, ()))
                elif one.type == "object":
                    waiting.extend(self._values.member(one, "default"))

    def read(self, node: Node, how: str, source: Source, *, is_given: bool) -> GivenPlugin:
        """Returns what is known of a plugin, with the members that it lacks."""
        members = self._members(node)
        lacks = tuple(key for key in PLUGIN_MEMBERS if not members.get(key))
        said = {key: self._text(members.get(key, [])) for key in ("name", "version", "type")}
        return GivenPlugin(
            how=how,
            name=said["name"],
            version=said["version"],
            type=said["type"],
            lacks=lacks,
            place=source.place(node.start_byte),
            is_given=is_given,
        )

    def _text(self, nodes: list[Node]) -> str | None:
        """Returns the constant that a member stands for, None if that is not known or several are."""
        given = [one for node in nodes for one in self._outline.returned.get(node.id, [node])]
        said = {constant(one) for node in given for one in self._values.of(node)}
        found = said.pop() if len(said) == 1 else None
        return None if found is None or UNKNOWN in found else found[:200]

    def _members(self, node: Node, depth: int = 0) -> Members:
        """Returns the members of a plugin that an object, a class or a constructor has."""
        if node.id not in self._known:
            self._known[node.id] = {}
            self._known[node.id] = self._found_members(node, depth)
        return self._known[node.id]

    def _found_members(self, node: Node, depth: int) -> Members:
        if node.type in ("object", "call_expression"):
            found = {key: self._values.member(node, key) for key in PLUGIN_MEMBERS}
            return {key: nodes for key, nodes in found.items() if nodes}
        if node.type in CLASSES:
            return self._members_of_class(node, depth)
        if node.type in FUNCTIONS:
            return self._members_of_instance(node, depth)
        return {}

    def _members_of_class(self, node: Node, depth: int) -> Members:
        found = self._members_of_instance(node, depth)
        body = node.child_by_field_name("body")
        for part in body.named_children if body is not None else ():
            name = part.child_by_field_name("property") or part.child_by_field_name("name")
            key = key_of(name) if name is not None else None
            if key in PLUGIN_MEMBERS and not any(child.type == "static" for child in part.children[:2]):
                found.setdefault(key, []).append(part.child_by_field_name("value") or part)
        heritage = next((one for one in node.named_children if one.type == "class_heritage"), None)
        if heritage is not None and heritage.named_child_count and depth < len(PLUGIN_MEMBERS):
            for base in self._values.of(heritage.named_children[-1]):
                for key, nodes in self._members(base, depth + 1).items():
                    found.setdefault(key, nodes)
        return found

    def _members_of_instance(self, function: Node, depth: int) -> Members:
        """Returns what a constructor writes to `this`, what is in its prototype, and what it inherits."""
        found: Members = {key: list(nodes) for key, nodes in self._instances.get(function.id, {}).items()}
        for base in self._bases.get(function.id, ()) if depth < len(PLUGIN_MEMBERS) else ():
            for key, nodes in self._members(base, depth + 1).items():
                found.setdefault(key, nodes)
        return found

    def _written_to_instances(self) -> dict[int, Members]:
        """Returns what is written to `this` and to prototypes, by assignments and by helpers of compilers."""
        found: dict[int, Members] = defaultdict(lambda: defaultdict(list))
        for one in self._outline.written:
            if one.key not in PLUGIN_MEMBERS:
                continue
            for owner in self._values.owners_of_this(one.target):
                found[owner][one.key].append(one.value)
            for target in self._values.of(one.target):
                if target.type == "member_expression" and key_of(target) == "prototype":
                    for function in self._values.of(target.child_by_field_name("object")):
                        found[function.id][one.key].append(one.value)
        for call in self._outline.calls:
            for key, value in _defined_members(arguments_of(call)):
                for function in self._values.of(arguments_of(call)[0]):
                    found[function.id][key].append(value)
        return found

    def _inherited(self) -> dict[int, list[Node]]:
        """Returns the bases of functions, as helpers of compilers are given them: `inherits(A, B)`."""
        found: dict[int, list[Node]] = defaultdict(list)
        calls = (arguments_of(call) for call in self._outline.calls if call.type == "call_expression")
        pairs = (given for given in calls if [one.type for one in given] == ["identifier"] * 2)
        for given, _ in zip(pairs, range(_MAX_INHERITED), strict=False):
            bases = [one for one in self._values.of(given[1]) if one.type in CLASSES | FUNCTIONS]
            for function in self._values.of(given[0]) if bases else ():
                found[function.id] += [one for one in bases if one.id != function.id]
        return found


def _defined_members(given: list[Node]) -> Iterator[tuple[str, Node]]:
    """Yields the members that `f(A, [{key: "a", value: b}])` defines."""
    if len(given) < 2 or given[1].type != "array" or given[0].type not in ("identifier", "function_expression"):
        return
    for part in given[1].named_children[:_MAX_FOLLOWED]:
        pairs = {_name(one): one for one in part.named_children[:10]} if part.type == "object" else {}
        key = pairs["key"].child_by_field_name("value") if "key" in pairs else None
        said = constant(key) if key is not None else None
        if said in PLUGIN_MEMBERS:
            value = pairs.get("value") or pairs.get("get") or part
            yield said, value.child_by_field_name("value") or value


def _name(pair: Node) -> str:
    name = pair.child_by_field_name("key") or pair.child_by_field_name("name")
    return (key_of(name) or "") if name is not None else ""
