"""docs/peers.svg: wall seconds, peak memory and pairs a record against the number of records, both axes logarithmic."""

import math
from html import escape

from peers_tools import TOOLS

WIDTH, PANEL, TOP, LEFT, GAP = 640, 190, 16, 64, 44
RIGHT = 190
PANELS = [
    ("wall seconds", lambda result: result["wall"]),
    ("peak memory, MiB", lambda result: result["peak"] / 2**20),
    ("pairs a record", lambda result: result["pairs"] / result["records"]),
]


def points(results, figure):
    """For each tool its (records, figure), ascending; only of runs that ended."""
    found = {name: [] for name in TOOLS}
    for size in sorted(results, key=float):
        for name, result in results[size]["tools"].items():
            if result["runs"]:
                found[name].append((result["records"], max(figure(result), 1e-3)))
    return {name: of for name, of in found.items() if of}


def decades(values):
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)


def word(power):
    """10^power as one reads it."""
    if power >= 6:
        return f"{10 ** (power - 6):,} M"
    return f"{10 ** power:,}" if power >= 0 else f"{10.0 ** power:g}"


def panel(results, title, figure, top):
    found = points(results, figure)
    if not found:
        return []
    low, high = decades([x for of in found.values() for x, _ in of])
    bottom, ceiling = decades([y for of in found.values() for _, y in of])
    high, ceiling = max(high, low + 1), max(ceiling, bottom + 1)

    def across(x):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(x) - low) / (high - low)

    def down(y):
        return top + PANEL - PANEL * (math.log10(y) - bottom) / (ceiling - bottom)

    parts = [f'<text x="{LEFT}" y="{top - 6}" class="title">{escape(title)}</text>']
    for power in range(low, high + 1):
        x = across(10.0**power)
        parts.append(f'<path class="grid" d="M{x:.1f} {top}V{top + PANEL}"/>')
        parts.append(f'<text x="{x:.1f}" y="{top + PANEL + 14}" text-anchor="middle">{word(power)}</text>')
    for power in range(bottom, ceiling + 1):
        y = down(10.0**power)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{word(power)}</text>')
    labels = []
    for name, of in found.items():
        colour = TOOLS[name].colour
        path = "L".join(f"{across(x):.1f} {down(y):.1f}" for x, y in of)
        parts.append(f'<path d="M{path}" stroke="{colour}" fill="none" stroke-width="2"/>')
        parts += [f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colour}"/>' for x, y in of]
        labels.append((down(of[-1][1]), across(of[-1][0]), name))
    # Labels beside the last point, pushed apart where they would lie on each other.
    last = -math.inf
    for y, x, name in sorted(labels):
        last = max(y + 4, last + 13)
        parts.append(f'<text x="{x + 8:.1f}" y="{last:.1f}" fill="{TOOLS[name].colour}">{escape(TOOLS[name].label)}</text>')
    return parts


def svg(results):
    parts = []
    for place, (title, figure) in enumerate(PANELS):
        parts += panel(results, title, figure, TOP + 10 + place * (PANEL + GAP))
    height = TOP + 10 + len(PANELS) * (PANEL + GAP)
    # No fill for text in general: it would overrule the colours of the labels.
    style = "text{font:12px sans-serif}.title{font-weight:bold}.grid{stroke:#ddd}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    what = "Wall seconds, peak memory and pairs a record of each tool against the number of records"
    body = "\n".join(parts)
    return f'{head}\n<title>{what}</title>\n<style>{style}</style>\n<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
