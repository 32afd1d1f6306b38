"""Draws figures as plots: `python -m benchmarks.plots [FILE ...]` reads lines of JSON and writes SVGs into docs/.

Without a FILE it reads standard input. A plot is written if any of its figures was read: `cost-by-batch.svg` and
`cost-by-load.svg` from the benchmark `curves`, `cost-by-rows.svg` from `pages`, `claim` and `promotion`.
"""

import fileinput
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

DOCS = Path(__file__).resolve().parents[1] / "docs"
MARKERS = "osD^vPX*<>hd"
"""Lines differ in their markers too, not in colour alone."""

Points = dict[float, float]
Lines = dict[str, Points]

_BATCH = re.compile(r"curve: batches of (?P<x>\d+), (?P<line>.+)")
_LOAD = re.compile(r"curve: (?P<x>\d+) a second, (?P<line>.+)")
_ROWS = (
    re.compile(r"pages: (?P<line>.+), (?P<x>[\d,]+) Apps"),
    re.compile(r"(?P<line>claim) beside (?P<x>[\d,]+) finished requests, in the database"),
    re.compile(r"(?P<line>promotion): .+ among (?P<x>[\d,]+) Apps, found"),
)
_PLAIN = FuncFormatter(lambda value, _: f"{value:,.10g}")
_STYLE: Any = {
    "svg.hashsalt": "devcenter",
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def main(arguments: list[str]) -> int:
    """Returns 0, or 1 if none of the figures that were read belongs to a plot."""
    with fileinput.input(arguments) as lines:
        figures = [json.loads(line) for line in lines if line.startswith("{")]
    with matplotlib.rc_context(_STYLE):
        plots = {
            "cost-by-batch": _by_batch(figures),
            "cost-by-load": _by_load(figures),
            "cost-by-rows": _by_rows(figures),
        }
        drawn = {name: drawing for name, drawing in plots.items() if drawing is not None}
        for name, drawing in drawn.items():
            title = drawing.get_suptitle()
            drawing.savefig(DOCS / f"{name}.svg", metadata={"Date": None, "Creator": None, "Title": title})
            print(f"docs/{name}.svg")
    return 0 if drawn else 1


def _by_batch(figures: Iterable[dict[str, Any]]) -> Drawing | None:
    lines = _lines(figures, _BATCH)
    if not lines:
        return None
    drawing, (above, below) = _pair("What a transition costs by the size of a batch")
    _draw(above, {"two worker processes": lines["rate"]}, "transitions a second")
    _draw(below, {"two worker processes": lines["worker CPU"]}, "worker CPU, \N{MICRO SIGN}s a transition", log=True)
    below.set_xlabel("transition requests in one batch (DEVCENTER_BATCH_SIZE)")
    return drawing


def _by_load(figures: Iterable[dict[str, Any]]) -> Drawing | None:
    lines = _lines(figures, _LOAD)
    if not lines:
        return None
    drawing, (above, below) = _pair("What a transition costs at a steady rate of arrival")
    latencies = {"median": lines["p50"], "99th percentile": lines["p99"]}
    _draw(above, latencies, "accepted to applied, ms", log=True)
    _draw(below, {"two worker processes": lines["worker CPU"]}, "worker CPU, \N{MICRO SIGN}s a transition", log=True)
    below.set_xlabel("requests a second over HTTP (from 500 on in lists of 20)")
    return drawing


def _by_rows(figures: Iterable[dict[str, Any]]) -> Drawing | None:
    lines = _lines(figures, *_ROWS)
    if not lines:
        return None
    drawing, axes = pyplot.subplots(3, 1, figsize=(8.5, 8), sharex=True, layout="constrained")
    drawing.suptitle("What a read costs beside the number of rows")
    searches = {name: points for name, points in lines.items() if name.startswith("search")}
    others = {name: points for name, points in lines.items() if name in ("claim", "promotion")}
    pages = {name: points for name, points in lines.items() if name not in searches | others}
    for at, shown, what in zip(axes, (pages, searches, others), ("a page", "a search", "a look for work"), strict=True):
        _draw(at, shown, f"{what}, ms", log=True)
        at.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=9)
        at.xaxis.set_major_locator(LogLocator())
        at.xaxis.set_major_formatter(_PLAIN)
    axes[-1].set_xlabel("rows: Apps; for the claim, finished requests")
    return drawing


def _pair(title: str) -> tuple[Drawing, tuple[Axes, Axes]]:
    drawing, axes = pyplot.subplots(2, 1, figsize=(7, 5.5), sharex=True, layout="constrained")
    drawing.suptitle(title)
    return drawing, (axes[0], axes[1])


def _draw(at: Axes, lines: Lines, label: str, *, log: bool = False) -> None:
    for (name, points), marker in zip(lines.items(), cycle(MARKERS), strict=False):
        places = sorted(points)
        at.plot(places, [points[x] for x in places], marker=marker, markersize=5, label=name)
    at.set_xscale("log")
    at.set_xticks(sorted({x for points in lines.values() for x in points}))
    at.xaxis.set_minor_locator(NullLocator())
    at.xaxis.set_major_formatter(_PLAIN)
    if log:
        at.set_yscale("log")
        at.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        at.yaxis.set_minor_locator(NullLocator())
    else:
        at.set_ylim(bottom=0)
    at.yaxis.set_major_formatter(_PLAIN)
    at.set_ylabel(label)
    at.legend(frameon=False)


def _lines(figures: Iterable[dict[str, Any]], *patterns: re.Pattern[str]) -> Lines:
    found: Lines = defaultdict(dict)
    for figure in figures:
        for pattern in patterns:
            if named := pattern.fullmatch(figure["name"]):
                found[named["line"]][float(named["x"].replace(",", ""))] = figure["value"]
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
