"""onefolk beside Splink, weldrs and zer on one file: the table and the plot of docs/measurements.md, in one sitting.

    python3 benches/peers/compare.py                               # 0.1 M records, every tool once
    python3 benches/peers/compare.py --millions 0.1,0.3,1 --runs 5
    python3 benches/peers/compare.py --millions 10,24 --tools splink,splink-training,onefolk-imported,onefolk --limit 7200

Needs Rust, Python 3.11 with venv, and the package registries of both for the first time, when the Polars that weldrs stands on takes long
to build. For each size it generates one population (`onefolk generate --single-file`), cleans it once (prepare_peer.py), and gives the same
file to every tool, one after another, `--runs` times over; figures are medians. A tool's wall seconds, CPU seconds and peak memory are those
of its process as the system counts them (wait4), from file to file; precision and recall are counted afterwards by score_peer.py, for
everybody in the same way.

Before any run of a size is timed, every tool that takes a cut gets the one at which it is most right (peers_cuts.py). A tool that has failed,
or has been given up after `--limit` seconds, is tried neither again nor at a larger size of the same sitting, and the table says so.

What is measured is kept in WORK/results.json; a size that is measured again replaces what was there. The section of docs/measurements.md
between the two markers, and docs/peers.svg, are written from that file and by nothing else.
"""

import argparse
import datetime
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import peers_page
import peers_plot
import peers_tools
from peers_measure import checked, measured

ROOT = Path(__file__).resolve().parents[2]
# 140,000 people give about a million records: the population that earlier figures of docs/measurements.md were measured on.
PEOPLE_PER_MILLION = 140_000
COLUMNS = "nhs_number,given_name,family_name,date_of_birth,sex,postcode,address"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", default="0.1", help="sizes in millions of records, comma separated")
    parser.add_argument("--runs", type=int, default=1, help="runs of each tool and size; figures are medians")
    parser.add_argument("--tools", default=",".join(peers_tools.NAMES), help=f"of {', '.join(peers_tools.NAMES)}")
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which a run is given up")
    parser.add_argument("--work", type=Path, default=ROOT / "target/peers", help="folder for files, venv and results")
    parser.add_argument("--no-docs", action="store_true", help="print only; leave docs/ as it is")
    given = parser.parse_args()
    # Ascending: who cannot manage a size is spared the larger ones.
    given.millions = sorted(float(size) for size in given.millions.split(","))
    given.tools = given.tools.split(",")
    unknown = set(given.tools) - set(peers_tools.NAMES)
    if unknown or given.runs < 1 or any(size <= 0 for size in given.millions):
        parser.error(f"unknown tools: {', '.join(sorted(unknown))}" if unknown else "sizes and runs are positive")
    return given


def population(kit, millions):
    """The prepared records and the truth of one size, made anew, what there is of them, and the cut at which Splink is most right."""
    folder = kit.work / "population"
    shutil.rmtree(folder, ignore_errors=True)
    people = str(round(PEOPLE_PER_MILLION * millions))
    make = [kit.onefolk, "generate", "--single-file", "--people", people, "--rows-per-person", "7.12"]
    checked([*make, "--columns", COLUMNS, "--output", folder, "--json"])
    counted = json.loads(checked([kit.python, kit.here / "prepare_peer.py", folder, kit.here / "settings.json"]))
    picked = checked([kit.python, kit.here / "splink_peer.py", "pick", kit.here / "settings.json", folder])
    return folder, counted | json.loads(picked)


def picked(kit, given, folder, counted, lost):
    """Of every tool that is tried at all its cut, or why there is none."""
    cuts = {}
    for name in given.tools:
        if name not in lost:
            cuts[name] = peers_tools.TOOLS[name].cut(kit, folder, counted, given.limit)
            print(f"{counted['records']:,} records, {name}: {cuts[name]}", file=sys.stderr, flush=True)
    return cuts


def timed(kit, given, folder, counted, name, cut):
    """One run of a tool: what it took and how right it is, or why it failed."""
    tool = peers_tools.TOOLS[name]
    crosswalk = tool.prepare(kit, folder, cut)
    took = measured(tool.command(kit, folder, cut), given.limit, kit.work / f"{name}.log")
    if "failed" not in took:
        took["pairs"] = tool.pairs(took, counted)
        took |= kit.score(crosswalk, folder)
    return took


def sitting(kit, given, millions, lost):
    """Every tool on one size, `runs` times over: one result a tool. `lost` says who is not tried any more and why, and grows."""
    folder, counted = population(kit, millions)
    runs = {name: [{"failed": f"not tried: {lost[name]}"}] if name in lost else [] for name in given.tools}
    cuts = picked(kit, given, folder, counted, lost)
    for number in range(given.runs):
        for name in given.tools:
            if name in lost:
                continue
            cut = cuts[name]
            took = cut if "failed" in cut else timed(kit, given, folder, counted, name, cut["cut"])
            runs[name].append(took)
            if "failed" in took:
                lost[name] = f"{took['failed']} at {counted['records']:,} records"
            print(f"{millions:g} M, run {number + 1}, {name}: {peers_page.brief(took)}", file=sys.stderr, flush=True)
    about = {name: {"records": counted["records"], "cut": cuts.get(name, {}).get("cut")} for name in given.tools}
    return {"tools": {name: about[name] | summed(took) for name, took in runs.items()}}


def summed(runs):
    """Medians of the runs that ended, and why the others did not."""
    ended = [run for run in runs if "failed" not in run]
    failed = [run["failed"] for run in runs if "failed" in run]
    result = {"runs": len(ended), "failed": failed[0] if failed else None}
    for key in ("wall", "cpu", "peak", "pairs", "precision", "recall", "f1"):
        result[key] = statistics.median(run[key] for run in ended) if ended else None
    return result


def main():
    given = arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    kit = peers_tools.Kit.make(ROOT, given.work, given.tools)
    kept = given.work / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    # Asked once, and not of docs/: what is written there makes the next size's checkout no other one.
    asked = lambda *words: subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    changed = asked("status", "--porcelain", "--untracked-files=no", "--", ":!docs")
    commit = asked("rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")
    lost = {}
    for millions in given.millions:
        about = {
            "date": datetime.date.today().isoformat(),
            "commit": commit,
            "machine": peers_page.machine(),
        }
        results[f"{millions:g}"] = about | sitting(kit, given, millions, lost)
        kept.write_text(json.dumps(results, indent=1))
        if not given.no_docs:
            peers_page.write(ROOT / "docs/measurements.md", results)
            (ROOT / "docs/peers.svg").write_text(peers_plot.svg(results))
    print(peers_page.tables({size: results[size] for size in sorted(results, key=float) if float(size) in given.millions}))


if __name__ == "__main__":
    main()
