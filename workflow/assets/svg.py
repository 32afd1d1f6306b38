"""Reading an SVG, and writing it anew with what a logo needs to be drawn and nothing else. Pure.

Only what is in the tables of `svg_names` is written. What editors leave behind is dropped; what could run code, move,
or load something is a problem. A picture that was written here is written the same way again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from workflow.assets.css import EFFECTS, MOVES, OUTSIDE, clean_declarations, clean_sheet, clean_value
from workflow.assets.drawing_cost import Drawn, problem_with_cost
from workflow.assets.numbers import proportions
from workflow.assets.problems import Problem
from workflow.assets.svg_names import (
    CSS_ATTRIBUTES,
    DROPPED_ELEMENTS,
    ELEMENTS,
    MOVING_ELEMENTS,
    OF_EDITORS,
    PLAIN_ATTRIBUTES,
    REFERRING,
    REFUSED_NAMESPACES,
    RUNNING_ELEMENTS,
    SVG,
    TEXTS,
    WORDS,
    XLINK,
    XML,
)

MAX_ELEMENTS = 5000
MAX_NODES = 50_000
"""How many nodes may be read, those that are dropped included."""
MAX_ATTRIBUTES = 1000
"""How many attributes an element may have. The cost of reading them grows with the square of their number."""
MAX_CHOICES = 8
"""How many children of a `switch` are looked at for one that a browser can show."""

_HREFS = ("href", f"{{{XLINK}}}href")
_KEPT_XML = frozenset({f"{{{XML}}}space", f"{{{XML}}}lang"})
_SCHEME = re.compile(r"([^/?#:]*+):")
_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
"""Links that are left out without a word; a link of another kind is a problem."""
_WHITE = " \t\n\r"
_DOCTYPES_AT = ("http://www.w3.org/", "https://www.w3.org/")

_RUNS = Problem("It can run code.", "Remove scripts and event handlers (attributes such as onclick).")
_HTML = Problem(
    "It embeds HTML (foreignObject).",
    "Turn text into paths, flatten effects such as a blurred background, and export it again.",
)
_BITMAP = Problem(
    "It embeds a bitmap.", "Draw it with paths (for instance by tracing the bitmap), so that it is sharp at every size."
)
_ENTITY = Problem("It uses entities of a DOCTYPE in its text.", "Export it without a DOCTYPE.")
_DOCTYPE = Problem("Its DOCTYPE refers to another file.", "Export it without a DOCTYPE.")
_INSTRUCTION = Problem(
    "It has a processing instruction.", "Remove everything that begins with <? but the XML declaration."
)
_CROWDED = Problem(f"An element of it has more than {MAX_ATTRIBUTES} attributes.", "Export it again as a plain SVG.")
_MANY = Problem(
    f"It has more than {MAX_ELEMENTS} elements.", "Simplify its paths and join shapes of one colour, or trace it anew."
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG written anew, its proportions if it states them, and what is wrong with it."""

    content: bytes
    sides: tuple[float, float] | None
    problems: tuple[Problem, ...]


def read_svg(content: bytes) -> Drawing | Problem:
    """Returns the picture written anew, or why it is no SVG. Loads nothing, and has lxml's limits."""
    root = _parse(content)
    if isinstance(root, Problem):
        return root
    reader = _Reader()
    written = reader.document(root)
    sides = proportions(written.get)
    if sides is not None and not (written.get("viewBox") or "").strip():
        written.set("viewBox", f"0 0 {sides[0]:.6g} {sides[1]:.6g}")
    if not reader.problems:
        reader.add(problem_with_cost(written, reader.drawn, max(sides or (100.0,))))
    text = etree.tostring(written, encoding="utf-8", xml_declaration=False) + b"\n"
    return Drawing(text, sides, tuple(reader.problems))


def _parse(content: bytes) -> etree._Element | Problem:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        return Problem(f"This SVG cannot be read: {str(error)[:200]}.", "Save it again, and upload the whole file.")
    if root.tag == "svg":
        detail = f'Its svg element has no namespace: xmlns="{SVG}" is missing.'
        return Problem(detail, "Add that to the svg element, or export the picture again as a file.")
    if root.tag != f"{{{SVG}}}svg":
        shown = etree.QName(root).localname[:60]
        return Problem(f"This is an XML file whose root is {shown}, and not an SVG.", "Export the picture as an SVG.")
    return root


class _Reader:
    """Writes one picture anew, and collects what is wrong with it."""

    def __init__(self) -> None:
        self.problems: dict[Problem, None] = {}
        self.drawn = Drawn()
        self._nodes = 0
        self._kept = 0

    def add(self, *problems: Problem | None) -> None:
        self.problems |= {problem: None for problem in problems if problem is not None}

    def document(self, root: etree._Element) -> etree._Element:
        self._doctype(root.getroottree().docinfo)
        for node in (*root.itersiblings(preceding=True), *root.itersiblings()):
            self._other_node(node)
        written = etree.Element(f"{{{SVG}}}svg", nsmap={None: SVG, "xlink": XLINK})
        self._fill(root, written)
        etree.cleanup_namespaces(written)
        for reference in self.drawn.uses_of_nothing(written):
            self.add(Problem(f"It uses #{reference[:60]}, which it does not contain.", "Export it again, whole."))
        return written

    def _doctype(self, info: "etree.DocInfo") -> None:
        address = info.system_url
        if address is not None and not address.startswith(_DOCTYPES_AT):
            self.add(_DOCTYPE)
        declared = info.internalDTD.iterentities() if info.internalDTD is not None else ()
        if any(entity.system_url or entity.content is None for entity in declared):
            self.add(_DOCTYPE)

    def _other_node(self, node: etree._Element) -> None:
        if node.tag is etree.Entity:
            self.add(_ENTITY)
        elif node.tag is etree.ProcessingInstruction and node.target not in OF_EDITORS:
            self.add(_INSTRUCTION)

    def _fill(self, source: etree._Element, written: etree._Element) -> None:
        """Writes the attributes and the content of `source`."""
        self._kept += 1
        self._attributes(source, written)
        name = etree.QName(written).localname
        if name == "style":
            self._sheet(source, written)
        elif name in WORDS:
            written.text = "".join(source.itertext(with_tail=False))
            self._stop_at_entities(source)
        else:
            self._children(source, written, name in TEXTS)

    def _children(self, source: etree._Element, written: etree._Element, is_text: bool) -> None:
        texts = [source.text]
        last: etree._Element | None = None
        for child in source:
            self._nodes += 1
            if self._nodes > MAX_NODES or self._kept >= MAX_ELEMENTS:
                self.add(_MANY)
                break
            name = self._name_of(child, is_text)
            if name is not None:
                _write_text(texts, written, last, is_text)
                last = etree.SubElement(written, f"{{{SVG}}}{name}")
                texts = []
                self._fill(child, last)
            texts.append(child.tail)
        _write_text(texts, written, last, is_text)

    def _name_of(self, node: etree._Element, in_text: bool) -> str | None:
        """Returns the name under which an element is kept, None if it is not."""
        if not isinstance(node.tag, str):
            self._other_node(node)
            return None
        name = etree.QName(node)
        if name.namespace != SVG:
            self.add(_HTML if name.namespace in REFUSED_NAMESPACES else None)
            return None
        local = str(name.localname)
        if local == "a":
            self._link(node)
            return "tspan" if in_text else "g"
        if local == "style" and (node.get("type") or "text/css").strip().lower() != "text/css":
            return None
        if local in ELEMENTS:
            return local
        if local not in DROPPED_ELEMENTS and not (local == "foreignObject" and _has_a_replacement(node)):
            self.add(_problem_with_element(local))
        return None

    def _link(self, node: etree._Element) -> None:
        for name in _HREFS:
            scheme = _SCHEME.match("".join((node.get(name) or "").split()))
            if scheme is not None and scheme[1].lower() not in _SCHEMES:
                self.add(_RUNS)

    def _attributes(self, source: etree._Element, written: etree._Element) -> None:
        is_link = source.tag == f"{{{SVG}}}a"
        if len(source.attrib) > MAX_ATTRIBUTES:
            self.add(_CROWDED)
            return
        for name, value in source.attrib.items():
            if name in _HREFS:
                if not is_link:
                    self._reference(written, name, value)
                continue
            kept = self._attribute(written, str(name), str(value))
            if kept is not None and (kept or name in PLAIN_ATTRIBUTES):
                written.set(name, kept)

    def _attribute(self, element: etree._Element, name: str, value: str) -> str | None:
        """Returns the value to keep, None to drop the attribute."""
        if name.lower().startswith("on"):
            self.add(_RUNS)
            return None
        if name == "style" or name in CSS_ATTRIBUTES:
            css = clean_declarations(value) if name == "style" else clean_value(value)
            self.add(*css.problems)
            self.drawn.refer(element, css.ids)
            return css.text
        if name == "media" and element.tag == f"{{{SVG}}}style":
            return value
        return value if name in PLAIN_ATTRIBUTES or name in _KEPT_XML or name.startswith("aria-") else None

    def _reference(self, element: etree._Element, name: str, value: str) -> None:
        target = value.strip()
        if len(target) < 2 or not target.startswith("#"):
            self.add(OUTSIDE if target else None)
        elif etree.QName(element).localname in REFERRING:
            self.drawn.refer(element, frozenset({target[1:]}))
            element.set(name, target)

    def _sheet(self, source: etree._Element, written: etree._Element) -> None:
        """Keeps what a browser reads: the text directly within the element, joined across its children."""
        self._stop_at_entities(source)
        sheet = clean_sheet((source.text or "") + "".join(child.tail or "" for child in source))
        self.add(*sheet.problems)
        self.drawn.add_rules(sheet.rules)
        written.text = sheet.text or None

    def _stop_at_entities(self, source: etree._Element) -> None:
        if any(node.tag is etree.Entity for node in source.iter()):
            self.add(_ENTITY)


def _write_text(
    texts: Sequence[str | None], written: etree._Element, last: etree._Element | None, is_text: bool
) -> None:
    """Writes what stands after `last`, or before the first element: white space alone, unless it `is_text`."""
    kept = "".join(text for text in texts if text and (is_text or not text.strip(_WHITE))) or None
    if last is None:
        written.text = kept
    else:
        last.tail = kept


def _has_a_replacement(node: etree._Element) -> bool:
    """Returns whether a `switch` shows something else where the element cannot be shown."""
    parent = node.getparent()
    if parent is None or parent.tag != f"{{{SVG}}}switch":
        return False
    first = (str(sibling.tag) for sibling in islice(parent, MAX_CHOICES))
    return any(tag.startswith(f"{{{SVG}}}") and tag != node.tag for tag in first)


def _problem_with_element(name: str) -> Problem:
    if name in RUNNING_ELEMENTS:
        return _RUNS
    if name in MOVING_ELEMENTS:
        return MOVES
    known = {"image": _BITMAP, "foreignObject": _HTML, "feImage": EFFECTS}
    detail = f"It has the element {name[:60]}, which is not allowed."
    return known.get(name) or Problem(detail, "Draw it with shapes, paths and text.")
