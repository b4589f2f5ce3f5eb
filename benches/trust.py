"""What trust takes of a night, from the run.json of the run that stands: python3 benches/trust.py OUTPUT WALL_SECONDS

Objections: whoever objects is found and withheld before matching. Report: all counts, their protection, report.html, report.xlsx and tables.
Releases: policy, opt-outs, coarsening, pseudonyms, files. Transparency: the page for everybody. The audit and what follows publishing are not
told apart from the rest; WALL_SECONDS is what `time` says of the whole night.
"""

import json
import pathlib
import sys

output, wall = pathlib.Path(sys.argv[1]), float(sys.argv[2])
run = json.loads((output / "current/run.json").read_text())
parts = {"objections": sum(stage["seconds"] for stage in run["seconds"] if stage["stage"] == "Objections")}
parts |= {part: seconds for part, seconds in run["publishing_seconds"].items() if part not in ("tables", "index")}
for part, seconds in parts.items():
    print(f"{part:14} {seconds:8.2f} s {100 * seconds / wall:6.2f} %")
print(f"{'together':14} {sum(parts.values()):8.2f} s {100 * sum(parts.values()) / wall:6.2f} %")
