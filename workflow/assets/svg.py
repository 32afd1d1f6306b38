"""An allowlist for SVG: what a logo needs to be drawn, and nothing that runs code or loads content. Pure."""

import re

from lxml import etree

MAX_ELEMENTS = 5000
MAX_PROBLEMS = 10
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"

_ELEMENT_NAMES = """
    svg g defs title desc path rect circle ellipse line polyline polygon text tspan style linearGradient radialGradient
    stop clipPath mask
"""
_ATTRIBUTE_NAMES = """
    id class style d x y x1 x2 y1 y2 dx dy cx cy r rx ry fx fy fr points width height viewBox version
    preserveAspectRatio transform gradientTransform gradientUnits spreadMethod offset pathLength clipPathUnits maskUnits
    maskContentUnits mask-type clip-path clip-rule mask fill fill-opacity fill-rule stroke stroke-width stroke-opacity
    stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset stop-color stop-opacity opacity
    color display visibility font-family font-size font-weight font-style font-stretch text-anchor text-rendering
    letter-spacing word-spacing dominant-baseline shape-rendering color-interpolation paint-order vector-effect
    mix-blend-mode isolation enable-background overflow role aria-label aria-labelledby textLength lengthAdjust rotate
    type media
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
_REFERENCES = frozenset({"href", f"{{{XLINK}}}href"})
_SPACES = frozenset({f"{{{XML}}}space", f"{{{XML}}}lang"})
_URL = re.compile(r"url\s*\(\s*(['\"]?)(.*?)\1\s*\)", re.IGNORECASE)
_LOCAL = re.compile(r"#[\w.:-]+")
_LOADING = re.compile(r"@|\\|expression|javascript:|-moz-binding|behavior|image-set|image\s*\(", re.IGNORECASE)
_LENGTH = re.compile(r"([0-9]*\.?[0-9]+)(?:px)?")


def problems_with_svg(root: etree._Element) -> list[str]:
    """Returns everything that the picture must not contain, each as a sentence; [] if it is safe to show."""
    problems: list[str] = []
    document = root.getroottree()
    if document.docinfo.doctype:
        problems.append("It has a DOCTYPE.")
    around = [*root.itersiblings(preceding=True), *root.itersiblings()]
    problems += ["It has a processing instruction." for node in around if node.tag is etree.ProcessingInstruction][:1]
    for count, node in enumerate(root.iter(), start=1):
        if count > MAX_ELEMENTS:
            problems.append(f"It has more than {MAX_ELEMENTS} elements.")
            break
        problems += _problems_with_node(node)
        if len(problems) >= MAX_PROBLEMS:
            break
    return list(dict.fromkeys(problems))[:MAX_PROBLEMS]


def parse_svg(content: bytes) -> etree._Element | None:
    """Returns the root of an SVG, None if it is not one. Loads nothing, resolves no entities, and has lxml's limits."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root if root.tag == f"{{{SVG}}}svg" else None


def proportions_of(root: etree._Element) -> tuple[float, float] | None:
    """Returns width and height by the `viewBox`, else by `width` and `height` in pixels; None if neither is there."""
    box = re.split(r"[\s,]+", (root.get("viewBox") or "").strip())
    if len(box) == 4:
        sides = [_LENGTH.fullmatch(side) for side in box[2:]]
    else:
        sides = [_LENGTH.fullmatch((root.get(name) or "").strip()) for name in ("width", "height")]
    if not all(sides):
        return None
    width, height = (float(side[1]) for side in sides if side)
    return (width, height) if 0 < width < 1e6 and 0 < height < 1e6 else None


def _problems_with_node(node: etree._Element) -> list[str]:
    if node.tag is etree.Comment:
        return []
    if not isinstance(node.tag, str):
        return ["It has an entity or a processing instruction."]
    name = etree.QName(node)
    if name.namespace != SVG or name.localname not in _ELEMENTS:
        return [f"It has the element {name.localname[:60]}, which is not allowed."]
    problems = []
    if name.localname == "style":
        problems += _problems_with_style("The element style", "".join(node.itertext()))
    for attribute, value in node.attrib.items():
        problems += _problems_with_attribute(str(attribute), str(value))
    return problems


def _problems_with_attribute(attribute: str, value: str) -> list[str]:
    shown = attribute.rsplit("}", 1)[-1][:60]
    if attribute in _SPACES:
        return []
    if attribute in _REFERENCES:
        return [] if _LOCAL.fullmatch(value.strip()) else [f"{shown} refers to something outside the picture."]
    if attribute not in _ATTRIBUTES:
        return [f"It has the attribute {shown}, which is not allowed."]
    return _problems_with_style(shown, value)


def _problems_with_style(where: str, text: str) -> list[str]:
    if _LOADING.search(text):
        return [f"{where} contains something that can load content or run code."]
    if any(not _LOCAL.fullmatch(target.strip()) for _, target in _URL.findall(text)) or "url" in _URL.sub(
        "", text
    ).casefold().replace(" ", ""):
        return [f"{where} refers to something outside the picture with url()."]
    return []
