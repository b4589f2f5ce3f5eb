#!/usr/bin/env python3
"""Makes the pictures of docs/tour.md from the demo's own report: docs/tour/make.py ONEFOLK [FOLDER]

Runs the demo as it stands, and beside it four nights in a row, of which the earlier ones lack some rows, so that there is something to compare
with. Needs Chromium and the packages of tests/page (npm ci in tests/page). FOLDER keeps the runs; without it they go.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
# Date of the night, and every which row of the extracts below has not come yet.
NIGHTS = [("2026-11-19", 25), ("2026-11-20", 35), ("2026-11-21", 60), ("2026-11-22", None)]
GROWING = ["gp-ealing-01", "gp-hounslow-01", "social-care-brent", "urgent-care-telephone", "hospice-care-plans"]


def run(onefolk, folder):
    done = subprocess.run([onefolk, "run", folder / "job.toml"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)


def copy_of_demo(folder):
    shutil.copytree(TOP / "data/demo", folder, ignore=shutil.ignore_patterns("out"))
    return folder


def without_some(extract, every):
    """Rows are lines but for quoted line ends, which these extracts have none of."""
    header, *rows = extract.read_text(encoding="utf-8", errors="surrogateescape").splitlines(keepends=True)
    left = [row for at, row in enumerate(rows) if at % every != every - 1]
    extract.write_text(header + "".join(left), encoding="utf-8", errors="surrogateescape")


def nights(onefolk, folder):
    job = copy_of_demo(folder) / "job.toml"
    text = job.read_text()
    for date, every in NIGHTS:
        job.write_text(re.sub(r"(?m)^as_of = [0-9-]+", f"as_of = {date}", text, count=1).replace(
            "checked_on = 2026-11-22", "checked_on = 2026-11-19"))
        for provider in GROWING:
            extract = folder / "in" / provider / "extract.csv"
            shutil.copy(TOP / "data/demo/in" / provider / "extract.csv", extract)
            if every:
                without_some(extract, every)
        run(onefolk, folder)


def main(onefolk, folder):
    demo = copy_of_demo(folder / "demo")
    run(onefolk, demo)
    nights(onefolk, folder / "nights")
    reports = [folder / name / "out/current/report.html" for name in ["demo", "nights"]]
    subprocess.run(["node", TOP / "tests/page/tour.js", *reports, HERE], check=True)


if __name__ == "__main__":
    binary = pathlib.Path(sys.argv[1]).resolve()
    if len(sys.argv) > 2:
        main(binary, pathlib.Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(binary, pathlib.Path(temporary))
