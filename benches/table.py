#!/usr/bin/env python3
"""Makes a table of what `cargo bench --bench kernels` (or linking, or intake) prints: cargo bench --bench kernels | python3 benches/table.py

One row for everything that is measured, with the millions of items or of bytes a second of its fastest sample, which other work on a machine
disturbs least, and how many times as fast ours is as each library call beside it (on one thread, where ours is measured on several).

`--docs NAME` writes it into docs/measurements.md instead, between the two markers of that name, with the date, the commit and what was measured on.
"""
import datetime
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs/measurements.md"

OURS = "onefolk"
SCALES = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
UNITS = {"item": "M items", "B": "MB"}
LEVEL = 3


def measured(lines):
    """(names from the outermost on, a second, unit) of each fastest sample, in the order in which they are printed."""
    found, path = [], None
    for line in lines:
        head = re.match(r"^([│ ]*)[├╰]─ (\S+)", line)
        if head:
            path = (path or [])[: len(head[1]) // LEVEL] + [head[2]]
            continue
        rate = re.search(r"([0-9.]+) ([KMGT]?)(item|B)/s", line)
        if rate and path:
            found.append((path, float(rate[1]) * SCALES[rate[2]], UNITS[rate[3]]))
    return found


def parted(path):
    """What is measured, by whom, and on how many threads where that is said. What has nothing beside it is ours."""
    threads = path[-1] if path[-1].isdigit() else None
    names = path[:-1] if threads else path
    return names[0], names[1] if len(names) > 1 else OURS, threads


def table(lines):
    found = [(*parted(path), rate, unit) for path, rate, unit in measured(lines)]
    if not found:
        sys.exit("nothing was measured: give this the output of cargo bench")
    ours = {}
    for group, name, _, rate, _ in found:
        if name == OURS:
            ours.setdefault(group, rate)
    rows = ["| measured | by | a second | ours is so many times as fast |", "|---|---|---|---|"]
    for group, name, threads, rate, unit in found:
        times = "" if name.startswith(OURS) or group not in ours else f"{ours[group] / rate:.1f}"
        by = f"{name}, {threads} {'thread' if threads == '1' else 'threads'}" if threads else name
        rows.append(f"| {group.replace('_', ' ')} | {by} | {rate / 1e6:.1f} {unit} | {times} |")
    return "\n".join(rows)


def into_docs(name, rows):
    """Replaces what stands between the markers of `name`."""
    begin, end = f"<!-- {name}: what stands from here on is written by benches/table.py -->", f"<!-- {name}: to here -->"
    before, found, rest = DOCS.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)
    if not found or not after[1]:
        sys.exit(f"docs/measurements.md has no markers of {name}")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True)
    said = f"`{name}`, {datetime.date.today()}, commit {commit.stdout.strip()}, {len(os.sched_getaffinity(0))} cores:"
    DOCS.write_text(f"{before}{begin}\n{said}\n\n{rows}\n{end}{after[2]}", encoding="utf-8")


def main():
    rows = table(sys.stdin)
    match sys.argv[1:]:
        case []:
            print(rows)
        case ["--docs", name]:
            into_docs(name, rows)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
