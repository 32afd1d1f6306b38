"""The HTML of a mail, made of the same words as its plain text: one small template, in which everything is escaped."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, StrictUndefined

_INDENT: Final = "    "
_ITEM: Final = "- "
_TEMPLATE: Final = Environment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
).from_string("""\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ subject }}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif;color:#222;background:#fff">
<div style="max-width:600px">
{% for block in blocks %}
{% if block.kind == "list" %}
<ul>
{% for item in block.lines %}
<li>{{ item }}</li>
{% endfor %}
</ul>
{% elif block.kind == "link" %}
<p><a href="{{ block.lines[0] }}" style="color:#0645ad;word-break:break-all">{{ block.lines[0] }}</a></p>
{% elif block.kind == "page" %}
<p><a href="{{ block.lines[1] }}"
 style="display:inline-block;padding:10px 20px;border-radius:4px;color:#fff;background:#0b4fa8;text-decoration:none">
{{- block.lines[0] }}</a><br>
<span style="color:#555;font-size:14px;word-break:break-all">{{ block.lines[1] }}</span></p>
{% elif block.kind == "code" %}
<pre style="padding:12px;background:#f4f4f4;white-space:pre-wrap">{{ block.lines | join("\\n") }}</pre>
{% else %}
<p>{% for line in block.lines %}{{ line }}{% if not loop.last %}<br> {% endif %}{% endfor %}</p>
{% endif %}
{% endfor %}
<hr style="border:0;border-top:1px solid #ddd">
<p style="color:#555;font-size:14px">{{ signed }}<br> {{ where }}</p>
</div>
</body>
</html>
""")


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph: `text`, a `list`, `code`, a `link` to the service itself, or a `page` of it with its name."""

    kind: str
    lines: list[str]


def html_of(
    subject: str, paragraphs: str, *, site: str, signed: str, where: str, labels: frozenset[str] = frozenset()
) -> str:
    """Returns the page for a mail with these paragraphs, which are separated by empty lines. Pure.

    An address becomes a link only where it stands alone, or alone below one of `labels`, and begins with `site`: what
    people have written never does.
    """
    return _TEMPLATE.render(subject=subject, blocks=list(_blocks(paragraphs, site, labels)), signed=signed, where=where)


def _blocks(paragraphs: str, site: str, labels: frozenset[str]) -> Iterator[_Block]:
    for paragraph in paragraphs.split("\n\n"):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        bare = [line.strip() for line in lines]
        is_ours = bool(bare) and bare[-1].startswith(f"{site}/") and " " not in bare[-1]
        if is_ours and len(bare) == 1:
            yield _Block("link", bare)
        elif is_ours and len(bare) == 2 and bare[0] in labels:
            yield _Block("page", bare)
        elif lines and all(line.startswith(_INDENT) for line in lines):
            yield _Block("code", bare)
        elif lines and all(line.startswith(_ITEM) for line in lines):
            yield _Block("list", [line.removeprefix(_ITEM) for line in lines])
        elif lines:
            yield _Block("text", lines)
