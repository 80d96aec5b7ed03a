"""What a delivery costs the server as sockets grow more: one SVG, with the labels at the lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from benchmarks.figures import Figure

MISSING = "No plot: matplotlib is not installed. `make bench` does it, or: pip install -r requirements-bench.txt"
BULK, HINTS = "bulk fan-out to ", "single hints to "
# Each is plain to see on white and on black, and with either kind of colour blindness; text needs a little more.
INK, GRID = "#767676", "#80808055"
COLOURS = {"tutorial": "#d1603d", "product": "#3b82c4", "limit": "#8a8a8a"}
DASHES = {"uvicorn": "-", "daphne": "--"}
LABEL_PIXELS = 15.0  # between the middles of two labels
SETTINGS = {"svg.hashsalt": "speed", "font.size": 10, "font.family": "sans-serif"}


@dataclass
class Line:
    label: str
    colour: str
    dash: str
    points: list[tuple[int, float]]


def lines(figures: Iterable[Figure]) -> list[Line]:
    """A line for each system and way of sending, of medians in microseconds; the dearest first."""
    found: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for figure in figures:
        for prefix in (BULK, HINTS):
            count = figure.work.removeprefix(prefix).replace(",", "")
            if figure.work.startswith(prefix) and count.isdecimal():
                found.setdefault((prefix, figure.system), []).append((int(count), figure.median))
    drawn = [_line(prefix, system, sorted(points)) for (prefix, system), points in found.items()]
    return sorted(drawn, key=lambda line: -line.points[-1][1])


def _line(prefix: str, system: str, points: list[tuple[int, float]]) -> Line:
    name, _, server = system.replace("limit: ", "limit, ").partition(", ")
    if name == "limit":
        label, dash = f"limit: {server}", ":"
    else:
        way = {"tutorial": "", "product": ", single hints" if prefix == HINTS else ", bulk"}[name]
        label, dash = f"{name}{way}, {server}", DASHES.get(server, "-.")
    return Line(label, COLOURS[name], dash, points)


def draw(figures: Iterable[Figure], file: Path) -> str | None:
    """Write the plot. Returns why there is none, if so."""
    if find_spec("matplotlib") is None:
        return MISSING
    if not (drawn := lines(figures)):
        return "No plot: no fan-out was measured."
    matplotlib = import_module("matplotlib")
    canvas = import_module("matplotlib.figure").Figure(figsize=(9, 5.2), layout="constrained")

    file.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(SETTINGS):
        axes = canvas.add_subplot()
        for line in drawn:
            counts, costs = zip(*line.points, strict=True)
            hollow = "none" if "hints" in line.label else line.colour
            axes.plot(counts, costs, line.dash, color=line.colour, marker="o", markersize=5, markerfacecolor=hollow)
        _dress(axes, sorted({count for line in drawn for count, _ in line.points}))
        _label(canvas, axes, drawn)
        canvas.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return None


def _dress(axes, counts: Sequence[int]) -> None:  # type: ignore[no-untyped-def]  # matplotlib is not there to be checked
    axes.set_yscale("log")
    axes.set_ylim(bottom=1)
    axes.set_xlim(0, counts[-1] * 1.02)
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_title("What a delivery costs the server (lower is better)", loc="left", color=INK, fontweight="bold")
    axes.set_xlabel("open sockets, each of another user", color=INK)
    axes.set_ylabel("µs of the server's processor for each delivery, log", color=INK)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.tick_params(colors=INK, which="both")
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(INK)


def _label(canvas, axes, drawn: Sequence[Line]) -> None:  # type: ignore[no-untyped-def]  # likewise
    """Beside the last point of each line, pushed apart where they would lie upon each other."""
    low, high = axes.get_ylim()
    pixels = axes.bbox.height
    scale = pixels / math.log(high / low)
    heights = [math.log(line.points[-1][1] / low) * scale for line in drawn]
    for line, height, shown in zip(drawn, heights, apart(heights), strict=True):
        text = f"{line.label}: {line.points[-1][1]:,.3g}"
        axes.annotate(
            text,
            (line.points[-1][0], line.points[-1][1]),
            xytext=(10, (shown - height) * 72 / canvas.dpi),
            textcoords="offset points",
            color=line.colour,
            va="center",
            annotation_clip=False,
        )


def apart(heights: Sequence[float]) -> Iterator[float]:
    """These, falling, with room for a label each."""
    last = math.inf
    for height in heights:
        last = min(height, last - LABEL_PIXELS)
        yield last
