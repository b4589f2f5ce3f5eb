"""docs/peers.svg: wall seconds, peak memory and pairs a record against the number of records, which stand on a logarithmic axis."""

import math
from html import escape

from peers_tools import TOOLS

WIDTH, PANEL, TOP, LEFT, GAP = 660, 190, 26, 64, 48
RIGHT = 200
# Title, figure of a result, and whether its axis is logarithmic.
PANELS = [
    ("wall seconds", lambda result: result["wall"], True),
    ("peak memory, MiB", lambda result: result["peak"] / 2**20, True),
    ("pairs scored a record", lambda result: result["pairs"] / result["records"], False),
]


def points(results, figure):
    """For each tool its (records, figure), ascending; only of runs that ended."""
    found = {name: [] for name in TOOLS}
    for size in sorted(results, key=float):
        for name, result in results[size]["tools"].items():
            if result["runs"]:
                found[name].append((result["records"], figure(result)))
    return {name: of for name, of in found.items() if of}


def vertical(values, logarithmic):
    """Ticks of the vertical axis, and a function that gives 0 at its foot and 1 at its head."""
    if not logarithmic:
        step = 10 ** math.floor(math.log10(max(values)))
        ceiling = math.ceil(max(values) / step) * step
        step = step if ceiling >= 3 * step else step / 2
        return [step * at for at in range(round(ceiling / step) + 1)], lambda y: y / ceiling
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    return [10.0**power for power in range(low, high + 1)], lambda y: (math.log10(y) - low) / (high - low)


def panel(results, title, figure, logarithmic, top):
    found = points(results, figure)
    if not found:
        return []
    sizes = sorted({x for of in found.values() for x, _ in of})
    ticks, height = vertical([y for of in found.values() for _, y in of], logarithmic)
    low, high = math.log10(sizes[0] / 1.15), math.log10(sizes[-1] * 1.15)

    def across(x):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(x) - low) / (high - low)

    def down(y):
        return top + PANEL * (1 - height(y))

    parts = [f'<text x="{LEFT}" y="{top - 8}" class="title">{escape(title)}</text>']
    for x in sizes:
        parts.append(f'<path class="grid" d="M{across(x):.1f} {top}V{top + PANEL}"/>')
        parts.append(f'<text x="{across(x):.1f}" y="{top + PANEL + 16}" text-anchor="middle">{x / 1e6:.2g} M</text>')
    for y in ticks:
        parts.append(f'<path class="grid" d="M{LEFT} {down(y):.1f}H{WIDTH - RIGHT}"/>')
        word = f"{y:,.0f}" if y >= 1 or y == 0 else f"{y:g}"
        parts.append(f'<text x="{LEFT - 6}" y="{down(y) + 4:.1f}" text-anchor="end">{word}</text>')
    for name, of in found.items():
        path = "L".join(f"{across(x):.1f} {down(y):.1f}" for x, y in of)
        dots = "".join(f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3"/>' for x, y in of)
        colour = TOOLS[name].colour
        parts.append(f'<g stroke="{colour}" fill="{colour}"><path d="M{path}" fill="none" stroke-width="2"/>{dots}</g>')
    return parts


def legend(results):
    """Every tool that was measured, beside the first panel."""
    measured = points(results, PANELS[0][1])
    x, parts = WIDTH - RIGHT + 16, []
    for place, name in enumerate(measured):
        y, tool = TOP + 14 + 20 * place, TOOLS[name]
        parts.append(f'<path d="M{x} {y - 4}h18" stroke="{tool.colour}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 24}" y="{y}">{escape(tool.label)}</text>')
    return parts


def svg(results):
    parts = legend(results)
    for place, (title, figure, logarithmic) in enumerate(PANELS):
        parts += panel(results, title, figure, logarithmic, TOP + place * (PANEL + GAP))
    height = TOP + len(PANELS) * (PANEL + GAP)
    style = "text{font:12px sans-serif}.title{font-weight:bold}.grid{stroke:#ddd}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    what = "Wall seconds, peak memory and pairs scored a record of each tool against the number of records"
    body = "\n".join(parts)
    return f'{head}\n<title>{what}</title>\n<style>{style}</style>\n<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
