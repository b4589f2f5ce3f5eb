#!/usr/bin/env python3
"""Makes a table of what `cargo bench --bench kernels` (or linking) prints: cargo bench --bench kernels | python3 benches/table.py

One row for everything that is measured, with the millions of items a second of its fastest sample, which other work on a machine disturbs
least, and how many times as fast ours is as each library call beside it.
"""
import re
import sys

OURS = "onefolk"
UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9}


def measured(lines):
    """(group, name, items a second of the fastest sample) in the order in which they are printed."""
    found, group, name = [], "", None
    for line in lines:
        head = re.match(r"^([│ ]*)[├╰]─ (\S+)\s+(\S+ \S?s)?", line)
        if head:
            depth, name = len(head[1]), head[2]
            if depth == 0:
                group = name
            continue
        rate = re.search(r"([0-9.]+) ([KMG]?)item/s", line)
        if rate and name:
            found.append((group, name, float(rate[1]) * UNITS[rate[2]]))
            name = None
    return found


def main():
    found = measured(sys.stdin)
    if not found:
        sys.exit("nothing was measured: give this the output of cargo bench")
    ours = {group: rate for group, name, rate in found if name in (OURS, group)}
    print("| measured | by | M items/s | ours is so many times as fast |\n|---|---|---|---|")
    for group, name, rate in found:
        own = name in (OURS, group)
        times = "" if own or group not in ours else f"{ours[group] / rate:.1f}"
        print(f"| {group.replace('_', ' ')} | {OURS if own else name} | {rate / 1e6:.1f} | {times} |")


if __name__ == "__main__":
    main()
