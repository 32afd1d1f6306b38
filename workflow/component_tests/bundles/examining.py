"""Examining a bundle: its syntax, what it gives, its constructs, and what it loads from elsewhere."""

from workflow.component_tests.bundles.constructs import constructs_in
from workflow.component_tests.bundles.loads import loads_in
from workflow.component_tests.bundles.outline import Outline
from workflow.component_tests.bundles.parsing import parse
from workflow.component_tests.bundles.plugin import plugin_in
from workflow.component_tests.bundles.report import MAX_LOADS, BundleReport, ScriptLoad
from workflow.component_tests.bundles.source import Source
from workflow.component_tests.bundles.values import Values


def answer(content: bytes) -> bytes:
    """Returns the report of a bundle as JSON. This is what a confined process runs."""
    return examine(content).as_json()


def examine(content: bytes) -> BundleReport:
    """Returns what is found in a bundle. May take much memory and time, or crash: it runs in a process of its own."""
    source = Source(content)
    tree, errors = parse(source.content)
    outline = Outline(tree)
    errors += outline.misplaced
    near, far = Values(outline, follows_calls=False), Values(outline)
    constructs = constructs_in(outline, near)
    loads = loads_in(outline, far)
    return BundleReport(
        is_utf8=source.is_utf8,
        is_complete=not near.ran_out,
        errors=(source.construct("syntax", errors),) if errors else (),
        plugin=None if errors else plugin_in(outline, Values(outline), source),
        constructs=tuple(source.construct(code, bytes_) for code, bytes_ in constructs.items()),
        loads=tuple(ScriptLoad(url, source.place(byte)) for url, byte in loads[:MAX_LOADS]),
        more_loads=max(0, len(loads) - MAX_LOADS),
    )
