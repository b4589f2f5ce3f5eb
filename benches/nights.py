#!/usr/bin/env python3
"""Nights after one another on one generated file: everything anew, 1 %, 0.1 % and nothing changed.

    cargo build --release && python3 benches/nights.py target/release/onefolk FOLDER [PEOPLE [TIMES]]

Prints a table of Markdown for docs/measurements.md. Of the changed rows three in five get another family name or postcode, one in five is
gone, and one in five is a new record of somebody who is there. Each night is run on its own copy of the output, TIMES times (3); figures are
medians. CPU seconds are those of all threads: on a machine that others use as well they say more than wall seconds.
"""

import csv
import json
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time

COLUMNS = "nhs_number,given_name,family_name,date_of_birth,sex,postcode,address"


def changed(rows, share, seed):
    """The rows with that share of them changed, and how many that are."""
    draw = random.Random(seed)
    header, body = rows[0], [list(row) for row in rows[1:]]
    family, postcode = header.index("family_name"), header.index("postcode")
    picked = draw.sample(range(len(body)), round(share * len(body)))
    gone, added = set(), []
    for nth, at in enumerate(picked):
        row = body[at]
        if nth % 5 == 0:
            gone.add(at)
        elif nth % 5 == 1:
            added.append([f"{row[0]}-again", *row[1:]])
        elif nth % 5 == 2:
            row[postcode] = body[draw.randrange(len(body))][postcode]
        else:
            row[family] = body[draw.randrange(len(body))][family]
    return [header, *(row for at, row in enumerate(body) if at not in gone), *added], len(picked)


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def night(onefolk, job, *arguments):
    """One night: wall and CPU seconds, and what run.json says."""
    before, since = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([onefolk, "--quiet", "run", str(job), *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.monotonic() - since, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, json.loads((job.parent / "out/current/run.json").read_text())


def measured(onefolk, folder, times, rows, *arguments):
    """Medians over nights that each come after the very same night."""
    job, kept = folder / "job.toml", folder / "before"
    nights = []
    for _ in range(times):
        shutil.rmtree(folder / "out")
        shutil.copytree(kept, folder / "out", symlinks=True)
        write(folder / "records.csv", rows)
        nights.append(night(onefolk, job, *arguments))
    middle = lambda pick: statistics.median(pick(one) for one in nights)
    stage = lambda run, name: sum(one["seconds"] for one in run["seconds"] if one["stage"] == name)
    linkage = nights[-1][2]["linkage"]
    reading = lambda one: stage(one[2], "Reading") + stage(one[2], "Standardising")
    return {
        "wall": middle(lambda one: one[0]),
        "cpu": middle(lambda one: one[1]),
        "after reading": middle(lambda one: one[0] - reading(one)),
        "linking": middle(lambda one: stage(one[2], "Linking")),
        "memory": middle(lambda one: one[2]["peak_memory_bytes"]) / 2**20,
        "pairs": linkage["clustering"]["pairs_compared"] - linkage["recalled"]["pairs"],
        "components": linkage["recalled"]["components_agglomerated"],
        "written": sum(file["bytes"] for file in nights[-1][2]["outputs"]) / 2**20,
    }


def main():
    onefolk, folder = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
    people, times = (sys.argv[3:] + ["140000", "3"][len(sys.argv[3:]) :])[:2]
    generate = [onefolk, "generate", "--single-file", "--people", people, "--rows-per-person", "7.12", "--output", str(folder)]
    subprocess.run([*generate, "--columns", COLUMNS], check=True, stdout=subprocess.DEVNULL)
    rows = read(folder / "records.csv")
    night(onefolk, folder / "job.toml")
    # The second night takes nothing over but the model; what it leaves is what every measured night begins with.
    night(onefolk, folder / "job.toml", "--full")
    # What is remembered of objections is the same from the third on.
    night(onefolk, folder / "job.toml")
    shutil.rmtree(folder / "before", ignore_errors=True)
    (folder / "out").rename(folder / "before")
    shutil.copytree(folder / "before", folder / "out", symlinks=True)
    one, tenth = changed(rows, 0.01, 1), changed(rows, 0.001, 2)
    nights = [
        ("everything anew (`--full`), 1 % changed", one[0], ["--full"]),
        (f"1 % changed ({one[1]:,} rows)", one[0], []),
        (f"0.1 % changed ({tenth[1]:,} rows)", tenth[0], []),
        ("nothing changed", rows, []),
    ]
    print("| night | wall s | CPU s | wall s after reading | linking s | memory MiB | pairs compared | groups joined | MiB written |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, extract, arguments in nights:
        figures = measured(onefolk, folder, int(times), extract, *arguments)
        seconds = " | ".join(f"{figures[key]:.1f}" for key in ("wall", "cpu", "after reading", "linking"))
        print(f"| {name} | {seconds} | {figures['memory']:.0f} | {figures['pairs']:,} | {figures['components']:,} | {figures['written']:.0f} |", flush=True)


main()
