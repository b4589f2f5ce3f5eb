"""The section of docs/measurements.md: one table a size, written between two markers."""

import os

from peers_cuts import CUTS, learnt
from peers_tools import PACKAGES, TOOLS

BEGIN = "<!-- peers: what stands from here on is written by benches/peers/compare.py -->"
END = "<!-- peers: to here -->"
HEADER = """| | cut | wall seconds | CPU seconds | peak MiB | pairs scored | pairs a record | precision | recall | clustered F1 |
|---|---|---|---|---|---|---|---|---|---|"""


def machine():
    """Cores and memory, and nothing that names the machine."""
    with open("/proc/meminfo") as lines:
        kibibytes = next(int(line.split()[1]) for line in lines if line.startswith("MemTotal:"))
    return f"{len(os.sched_getaffinity(0))} cores, {kibibytes / 2**20:.0f} GiB"


def brief(took):
    """One run in a few words, for whoever watches."""
    if took.get("failed"):
        return took["failed"]
    return f"{took['wall']:.2f} s, {took['cpu']:.2f} CPU s, {took['peak'] / 2**20:,.0f} MiB, F1 {took['f1']:.4f}"


def row(name, result, common):
    """`common` is the one cut of results that were kept before every tool had its own."""
    label = TOOLS[name].label
    cut = result.get("cut", None if TOOLS[name].cut is learnt else common) or "–"
    if not result["runs"]:
        return f"| {label} | {cut} | {result['failed']} |" + " – |" * 7
    of = "" if not result["failed"] else f" ({result['runs']} runs; one was {result['failed']})"
    return (
        f"| {label}{of} | {cut} | {result['wall']:,.2f} | {result['cpu']:,.2f} | {result['peak'] / 2**20:,.0f} "
        f"| {result['pairs']:,.0f} | {result['pairs'] / result['records']:.2f} | {result['precision']:.4f} | {result['recall']:.4f} | {result['f1']:.4f} |"
    )


def ratios(tools):
    """What onefolk is against Splink, of this sitting only."""
    lines = []
    for ours, theirs in (("onefolk-imported", "splink"), ("onefolk", "splink-training")):
        a, b = tools.get(ours), tools.get(theirs)
        if a and b and a["runs"] and b["runs"]:
            lines.append(
                f"*{TOOLS[ours].label}* against *{TOOLS[theirs].label}*: {b['wall'] / a['wall']:.1f} times as fast, "
                f"CPU seconds ÷ {b['cpu'] / a['cpu']:.1f}, memory ÷ {b['peak'] / a['peak']:.1f}."
            )
    return lines


def tables(results):
    parts = []
    for size in sorted(results, key=float):
        sitting = results[size]
        tools = {name: sitting["tools"][name] for name in TOOLS if name in sitting["tools"]}
        records = next(iter(tools.values()))["records"]
        runs = max(result["runs"] for result in tools.values())
        medians = f"medians of {runs} runs" if runs > 1 else "one run"
        head = f"### {records:,} records, {sitting['date']}\n{sitting['machine']}; commit {sitting['commit']}; {medians}.\n\n{HEADER}"
        lines = [row(name, result, sitting.get("cut")) for name, result in tools.items()]
        parts.append("\n".join([head, *lines]) + "\n\n" + "  \n".join(ratios(tools)))
    return "\n\n".join(part.rstrip() for part in parts)


def section(results):
    measured = {name for sitting in results.values() for name in sitting["tools"]}
    notes = "\n".join(f"- *{tool.label}*: {tool.note}." for name, tool in TOOLS.items() if name in measured)
    sizes = ",".join(sorted(results, key=float))
    return f"""{BEGIN}
## Beside other tools on the same file
`python3 benches/peers/compare.py --millions {sizes}` makes every figure and the plot of this section, in one sitting a size: the same
cleaned file of seven fields, and the same six blocking rules for every tool that takes them. Seconds and memory are those of the whole
process, from file to file. A tool that failed or was given up at one size is not tried at a larger one of the same sitting. The *cut* is the
probability from which two records are one person: of {len(CUTS)} between {CUTS[0]} and {CUTS[-1]} the one at which the tool is most right, picked with
the truth before any run is timed. Splink and onefolk with Splink's settings have one together; weldrs and zer, whose probabilities mean other
things, have each its own; onefolk by itself is given none. Versions:
{', '.join(package.replace('==', ' ') for package in PACKAGES)}; crates in `benches/peers/rust/Cargo.lock`.

{notes}

![Seconds, memory and pairs a record against the number of records](peers.svg)

{tables(results)}
{END}"""


def write(path, results):
    """Puts the section in its place, or at the end where there is none yet."""
    text = path.read_text()
    if BEGIN in text:
        before, rest = text.split(BEGIN, 1)
        after = rest.split(END, 1)[1]
    else:
        before, after = text.rstrip("\n") + "\n\n", "\n"
    path.write_text(before + section(results) + after)
