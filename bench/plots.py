"""Plots as small SVG, without a library: bars and lines on a logarithmic scale."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, ROW, LABEL, RIGHT = 760, 26, 210, 90
INK, SOFT, COLOURS = "#1f2937", "#d1d5db", ("#0f766e", "#b45309", "#4338ca", "#be123c", "#4d7c0f")


def bars(title: str, values: Mapping[str, float], *, unit: str) -> str:
    """One bar a name, logarithmic, with its number."""
    low, high = _decades(values.values())
    lines = [_text(10, 20, title, size=15)]
    for number, (name, value) in enumerate(values.items()):
        top = 36 + ROW * number
        length = (WIDTH - LABEL - RIGHT) * _share(value, low, high)
        lines.append(_text(LABEL - 8, top + 15, name, anchor="end"))
        lines.append(f'<rect x="{LABEL}" y="{top}" width="{length:.0f}" height="{ROW - 7}" fill="{COLOURS[0]}"/>')
        lines.append(_text(LABEL + length + 6, top + 15, f"{value:,.3g} {unit}"))
    return _svg(lines, 46 + ROW * len(values))


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]], *, across: str, up: str) -> str:
    """Points joined by name, both axes logarithmic."""
    points = [point for each in series.values() for point in each if point[1] > 0]
    left, right = _decades(x for x, _y in points)
    low, high = _decades(y for _x, y in points)
    height, wide, deep = 360, WIDTH - 240, 260

    def place(x: float, y: float) -> tuple[float, float]:
        return 70 + wide * _share(x, left, right), 40 + deep * (1 - _share(y, low, high))

    drawn = [_text(10, 20, title, size=15), _text(70 + wide / 2, height - 14, across, anchor="middle")]
    drawn.append(_text(10, 36, up))
    for decade in range(round(math.log10(left)), round(math.log10(right)) + 1):
        x, _y = place(10.0**decade, low)
        drawn.append(f'<path d="M{x:.0f} 40V{40 + deep}" stroke="{SOFT}"/>')
        drawn.append(_text(x, 58 + deep, _short(10.0**decade), anchor="middle"))
    for decade in range(round(math.log10(low)), round(math.log10(high)) + 1):
        _x, y = place(left, 10.0**decade)
        drawn.append(f'<path d="M70 {y:.0f}H{70 + wide}" stroke="{SOFT}"/>')
        drawn.append(_text(62, y + 4, _short(10.0**decade), anchor="end"))
    for number, (name, each) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in each if point[1] > 0))
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn.append(f'<rect x="{WIDTH - 160}" y="{48 + 20 * number}" width="10" height="10" fill="{colour}"/>')
        drawn.append(_text(WIDTH - 144, 58 + 20 * number, name))
    return _svg(drawn, height)


def delivery(rows: Mapping[tuple[str, str], Mapping[str, float]]) -> str:
    """CPU for 1,000 messages of every server with the fewest pairs, at the largest window that it could take."""
    costs: dict[str, float] = {}
    first: dict[str, str] = {}
    for (name, load), found in rows.items():
        pairs, is_closed, _window = load.partition(" x ")
        if is_closed and first.setdefault(name, pairs) == pairs:
            costs[name] = found["cpu"]
    ordered = dict(sorted(costs.items(), key=lambda each: each[1]))
    return bars("CPU seconds for 1,000 messages (less is better, logarithmic)", ordered, unit="s")


def _decades(values: object) -> tuple[float, float]:
    found = [value for value in values if value > 0]  # type: ignore[attr-defined]
    return 10.0 ** math.floor(math.log10(min(found))), 10.0 ** math.ceil(math.log10(max(found)) + 1e-9)


def _share(value: float, low: float, high: float) -> float:
    return math.log10(max(value, low) / low) / math.log10(high / low) if high > low else 1.0


def _short(value: float) -> str:
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" fill="{INK}">{escape(text)}</text>'


def _svg(drawn: Sequence[str], height: float) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif">'
    paper = f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>'
    return "\n".join([head, paper, *drawn, "</svg>", ""])
