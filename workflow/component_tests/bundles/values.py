"""What an expression of a bundle may stand for, found by following names, calls and members. Nothing is run.

What is found is a set of possibilities, bounded in steps: the question is what a bundle gives, not what it does.
"""

from collections import defaultdict
from typing import Final

from tree_sitter import Node

from workflow.component_tests.bundles.literals import key_of, text_of
from workflow.component_tests.bundles.nodes import FUNCTIONS, arguments_of, called_of, unwrapped
from workflow.component_tests.bundles.outline import Outline, Written

GLOBAL_OBJECTS: Final = frozenset({"window", "self", "globalThis", "global", "top", "parent", "frames"})
_STEPS: Final = 300_000
_DEPTH: Final = 12
_MAX_VALUES: Final = 200
"""As many values of one expression are looked at."""
_THROUGH: Final = {
    "parenthesized_expression": (),
    "await_expression": (),
    "spread_element": (),
    "sequence_expression": (),
    "assignment_expression": ("right",),
    "ternary_expression": ("consequence", "alternative"),
}


class Values:
    """Follows expressions of one outline: all, or unless `follows_calls` only names and what they are assigned."""

    def __init__(self, outline: Outline, *, follows_calls: bool = True) -> None:
        self._outline = outline
        self._follows_calls = follows_calls
        self._steps = _STEPS
        self._known: dict[int | tuple[int, str], tuple[Node, ...]] = {}
        self._assigned: dict[str, dict[int | None, list[Node]]] = {}
        self._written: dict[str | None, list[Written]] = defaultdict(list)
        for one in outline.written if follows_calls else ():
            self._written[one.key].append(one)
        self._defined = self._definitions() if follows_calls else []

    @property
    def ran_out(self) -> bool:
        """Whether the bundle was too large to follow every expression that was asked for."""
        return self._steps <= 0

    def of(self, node: Node | None, depth: int = 0) -> tuple[Node, ...]:
        """Returns what an expression may stand for: literals, functions, classes, globals, and what is not followed."""
        if node is None or depth > _DEPTH:
            return ()
        key = self._key(node)
        if key in self._known:
            return self._known[key]
        self._known[key] = ()
        found: dict[int, Node] = {}
        waiting, seen = [node], set()
        while waiting and self._steps > 0 and len(found) < _MAX_VALUES:
            self._steps -= 1
            one = waiting.pop()
            at = self._key(one)
            if at in seen:
                continue
            seen.add(at)
            known = self._known.get(at)
            if known is not None and at != key:
                found.update((value.id, value) for value in known)
                self._steps -= len(known)
                continue
            further = self._further(one, depth)
            if further is None:
                found[one.id] = one
            else:
                waiting.extend(further)
        self._known[key] = tuple(found.values())
        return self._known[key]

    def _key(self, node: Node) -> int | tuple[int, str]:
        """Returns by what an expression is known: a variable by its scope and name, all else by its node."""
        if node.type not in ("identifier", "shorthand_property_identifier"):
            return node.id
        name = text_of(node)
        at = self._outline.declared_in(name, node.start_byte)
        return node.id if at is None else (at, name)

    def member(self, owner: Node | None, key: str | None, depth: int = 0) -> list[Node]:
        """Returns the expressions that a member of an expression may have been given; of any, if `key` is None."""
        found: list[Node] = []
        for value in self.of(owner, depth + 1):
            found += self._own_members(value, key, depth)
        found += self._written_members(owner, key, depth)
        return found

    def owners_of_this(self, node: Node | None) -> list[int]:
        """Returns the ids of the classes and functions whose instance an expression may be, as `this` is."""
        found = []
        for one in self.of(node):
            function = self._outline.scopes[self._outline.scope_at(one.start_byte)].this_of
            if one.type == "this" and function is not None:
                found.append(self._outline.owner_of.get(function.id, function.id))
        return found

    def is_global(self, node: Node | None) -> bool:
        """Whether an expression may be the global object."""
        return any(
            (one.type == "this" and self._this_is_global(one))
            or (one.type in ("identifier", "undefined") and text_of(one) in GLOBAL_OBJECTS)
            for one in self.of(node)
        )

    def is_named(self, node: Node | None, name: str) -> bool:
        """Whether an expression may be the global variable of that name, by itself or as a member."""
        return any(self.is_global_name(one, name) for one in self.of(node))

    def is_global_name(self, node: Node, name: str) -> bool:
        """Whether a node, which is not followed, is the global variable of that name."""
        if node.type == "identifier":
            return text_of(node) == name and self._outline.declared_in(name, node.start_byte) is None
        if node.type in ("member_expression", "subscript_expression"):
            return key_of(node) == name and self.is_global(node.child_by_field_name("object"))
        return False

    def _further(self, node: Node, depth: int) -> list[Node] | None:
        """Returns the expressions that a node may stand for, None if it stands for itself."""
        kind = node.type
        if kind in _THROUGH:
            fields = _THROUGH[kind]
            if not fields:
                return node.named_children[-1:]
            return [one for one in map(node.child_by_field_name, fields) if one is not None]
        if kind in ("identifier", "shorthand_property_identifier"):
            return self._named(node)
        if kind == "binary_expression":
            return self._of_choice(node)
        if kind == "this":
            return self._of_this(node)
        if not self._follows_calls:
            return None
        if kind in ("member_expression", "subscript_expression"):
            return self.member(node.child_by_field_name("object"), key_of(node), depth) or None
        if kind == "call_expression":
            return self._called(node, depth)
        return [one for one in (called_of(node),) if one is not None] if kind == "new_expression" else None

    def _of_choice(self, node: Node) -> list[Node] | None:
        operator = node.child_by_field_name("operator")
        if operator is None or operator.type not in ("||", "&&", "??"):
            return None
        return [one for one in map(node.child_by_field_name, ("left", "right")) if one is not None]

    def _of_this(self, node: Node) -> list[Node] | None:
        function = self._outline.scopes[self._outline.scope_at(node.start_byte)].this_of
        bound = self._outline.bound_this.get(function.id) if function is not None else None
        return [bound] if bound is not None else None

    def _named(self, node: Node) -> list[Node] | None:
        outline, name = self._outline, text_of(node)
        at = outline.declared_in(name, node.start_byte)
        if at is None:
            return None
        scope = outline.scopes[at]
        found = [*scope.names.get(name, ()), *self._assigned_to(name).get(at, ())]
        if name in scope.parameters:
            found += self._arguments(*scope.parameters[name])
        return found

    def _assigned_to(self, name: str) -> dict[int | None, list[Node]]:
        """Returns what is assigned to the variables of a name, by the scope that declares each."""
        if name not in self._assigned:
            found: dict[int | None, list[Node]] = defaultdict(list)
            for left, value in self._outline.assigned.get(name, ()):
                found[self._outline.declared_in(name, left.start_byte)].append(value)
            self._assigned[name] = found
        return self._assigned[name]

    def _arguments(self, function: int, index: int) -> list[Node]:
        """Returns what a function's parameter is given by calls of the function itself, and by those of its name."""
        given = list(self._outline.arguments.get(function, ()))
        if not self._follows_calls:
            return [one[index] for one in given if index < len(one)]
        name = self._outline.names_of.get(function)
        for call in self._outline.called.get(text_of(name), ()) if name is not None else ():
            self._steps -= 1
            if self._steps <= 0:
                break
            if self._is_call_of(call, function):
                given.append(arguments_of(call))
        holder = self._outline.holder_of.get(function)
        for node, arguments in self._outline.by_index if holder is not None else ():
            if any(one.id == holder for one in self.of(node)):
                given.append(arguments)
        if function in self._outline.passed:
            given += self._called_as_parameter(*self._outline.passed[function])
        return [one[index] for one in given if index < len(one)]

    def _called_as_parameter(self, callee: Node, index: int) -> list[list[Node]]:
        """Returns what a function is given by the functions to which it is handed as a parameter."""
        found = []
        for function in self.of(callee):
            parameters = function.child_by_field_name("parameters") if function.type in FUNCTIONS else None
            names = [one for one in parameters.named_children if one.type != "comment"] if parameters else []
            if index >= len(names):
                continue
            name = text_of(names[index])
            for call in self._outline.called.get(name, ()):
                self._steps -= 1
                at = self._outline.declared_in(name, call.start_byte) if self._steps > 0 else None
                if at is not None and self._outline.scopes[at].parameters.get(name) == (function.id, index):
                    found.append(arguments_of(call))
        return found

    def _is_call_of(self, call: Node, function: int) -> bool:
        callee = called_of(call)
        name = text_of(callee) if callee is not None else ""
        at = self._outline.declared_in(name, callee.start_byte) if callee is not None else None
        if at is None:
            return False
        scope = self._outline.scopes[at]
        named = [*scope.names.get(name, ()), *self._assigned_to(name).get(at, ())]
        if name in scope.parameters:
            of, index = scope.parameters[name]
            named += [one[index] for one in self._outline.arguments.get(of, ()) if index < len(one)]
        return any(one is not None and one.id == function for one in map(unwrapped, named))

    def _called(self, node: Node, depth: int) -> list[Node] | None:
        """Returns what a call returns, and what it is given: most helpers of compilers hand that back."""
        callee = called_of(node)
        if callee is None or is_merge(node):
            return None
        found = [one for one in arguments_of(node) if one.type not in ("string", "number")]
        returned: list[Node] = []
        if callee.type == "member_expression" and key_of(callee) in ("call", "apply"):
            callee = callee.child_by_field_name("object")
        for function in self.of(callee, depth + 1):
            if function.type in FUNCTIONS:
                returned += self._outline.returned.get(function.id, ())
        return [*returned, *found] or None

    def _own_members(self, value: Node, key: str | None, depth: int) -> list[Node]:
        """Returns what an object literal, a list or a class says of a member."""
        found: list[Node] = []
        if value.type == "array":
            return value.named_children[:1000] if key is None or key.isdecimal() else []
        if value.type == "call_expression" and is_merge(value):
            return [one for given in arguments_of(value) for one in self.member(given, key, depth + 1)]
        if value.type != "object":
            return []
        for part in value.named_children[:5000]:
            if part.type == "spread_element":
                found += self.member(part.named_children[0] if part.named_child_count else None, key, depth + 1)
                continue
            if part.type == "shorthand_property_identifier":
                name, said = part, part
            else:
                name = part.child_by_field_name("key") or part.child_by_field_name("name") or part
                said = part.child_by_field_name("value") or part
            if part.type != "comment" and (key is None or key_of(name) == key):
                found.append(said)
        return found

    def _written_members(self, owner: Node | None, key: str | None, depth: int) -> list[Node]:
        """Returns what assignments and definitions elsewhere give to a member of what `owner` stands for."""
        found: list[Node] = []
        owners = {one.id for one in self.of(owner, depth + 1)}
        if not owners or depth > _DEPTH:
            return found
        written = self._written.get(key, []) if key is not None else self._outline.written
        for one in written:
            self._steps -= 1
            if self._steps <= 0:
                break
            if any(target.id in owners for target in self.of(one.target, depth + 1)):
                found.append(one.value)
        for target, definitions in self._defined:
            if any(one.id in owners for one in self.of(target, depth + 1)):
                found += self._gotten(definitions, key)
        return found

    def _definitions(self) -> list[tuple[Node, Node]]:
        """Returns the calls by which bundlers define exports, `f(exports, {a: () => b})`: the target and the object."""
        found = []
        for call in self._outline.calls:
            given = arguments_of(call)
            if len(given) == 2 and given[1].type == "object" and given[0].type == "identifier":
                pairs = [one for one in given[1].named_children[:200] if one.type != "comment"]
                if pairs and all(_is_getter(one) for one in pairs):
                    found.append((given[0], given[1]))
        return found[:200]

    def _gotten(self, definitions: Node, key: str | None) -> list[Node]:
        found: list[Node] = []
        for pair in definitions.named_children[:200]:
            name = pair.child_by_field_name("key") or pair.child_by_field_name("name")
            getter = pair.child_by_field_name("value") or pair
            if name is not None and (key is None or key_of(name) == key):
                found += self._outline.returned.get(getter.id, ())
        return found

    def _this_is_global(self, node: Node) -> bool:
        return self._outline.scopes[self._outline.scope_at(node.start_byte)].this_of is None


def is_merge(call: Node) -> bool:
    """Whether a call puts the members of several objects together, as `Object.assign` and the helpers like it do."""
    given, callee = arguments_of(call), called_of(call)
    if callee is None or len(given) < 2 or given[-1].type not in ("object", "identifier"):
        return False
    is_assign = callee.type == "member_expression" and key_of(callee) == "assign"
    return is_assign or (given[0].type == given[-1].type == "object")


def _is_getter(pair: Node) -> bool:
    value = pair.child_by_field_name("value") or pair
    return value.type in FUNCTIONS and not pair.type.startswith("spread")
