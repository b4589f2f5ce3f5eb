"""How onefolk stands what may happen to a set: a field dropped, constant or half empty, few or many duplicates, other block sizes.

    python benches/accuracy/robustness.py ONEFOLK FOLDER [SET …]

ONEFOLK is the program; FOLDER holds historical_dev.csv, fake_1000.csv, febrl4.csv and RLdata500.csv (unique_id, cluster and the set's own
columns). Prints a Markdown row for each change: the clustered F1, that of connected components on information alone from the same records,
and the form of the model. Exits 1 where the first is below the second.
"""

import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

SETS = {
    "historical_dev": (
        {
            "full_name": '"full_name"',
            "date_of_birth": '"dob"',
            "postcode": '"postcode_fake"',
            "sex": '"gender"',
            "birth_place": '"birth_place"',
            "occupation": '"occupation"',
        },
        {"birth_place": "category", "occupation": "category"},
    ),
    "fake_1000": (
        {
            "given_name": '"first_name"',
            "family_name": '"surname"',
            "date_of_birth": '"dob"',
            "email": '"email"',
            "city": '"city"',
        },
        {"city": "category"},
    ),
    "febrl4": (
        {
            "given_name": '"given_name"',
            "family_name": '"surname"',
            "date_of_birth": '{ column = "date_of_birth", format = "%Y%m%d" }',
            "address": '["street_number", "address_1", "address_2"]',
            "suburb": '"suburb"',
            "postcode": '"postcode"',
            "state": '"state"',
            "soc_sec_id": '"soc_sec_id"',
        },
        {"suburb": "category", "state": "category", "soc_sec_id": "identifier"},
    ),
    "RLdata500": (
        {
            "given_name": '"fname_c1"',
            "middle_name": '"fname_c2"',
            "family_name": '["lname_c1", "lname_c2"]',
            "date_of_birth": '{ columns = ["by", "bm", "bd"], format = "%Y %m %d" }',
        },
        {},
    ),
}
ALONE = "onefolk, connected components on information alone"
# A share of duplicates that a set cannot have in so many rows is left out.
ROWS_MIN = 50
SIZES = {"blocks of half the size", "blocks of twice the size"}


def job(columns, kinds, providers):
    fields = "".join(f'[field.{name}]\nkind = "{kind}"\n' for name, kind in kinds.items() if name in columns)
    lines = "".join(f"{name} = {source}\n" for name, source in columns.items())
    head = f'[job]\nname = "robustness"\nas_of = 2026-11-22\n[cluster]\nfalse_link_cost = 1\n{fields}'
    return head + "".join(
        f'[[provider]]\nid = "{one}"\nname = "{one}"\nsetting = "other"\nfiles = ["{one}.csv"]\n'
        f'[provider.columns]\nrecord_id = "unique_id"\n{lines}'
        for one in providers
    )


def f1(pairs):
    return 2 * pairs["both"] / max(pairs["found"] + pairs["truth"], 1)


def measure(program, columns, kinds, rows, providers=("set",)):
    """Links the rows, shared out among providers by their place, and gives every method's F1 by name, and the form."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "job.toml").write_text(job(columns, kinds, providers))
        truth = [["provider", "record_id", "person"]]
        for at, provider in enumerate(providers):
            mine = rows[at :: len(providers)]
            with open(folder / f"{provider}.csv", "w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(mine)
            truth += [[provider, row["unique_id"], row["cluster"]] for row in mine]
        with open(folder / "truth.csv", "w", newline="") as file:
            csv.writer(file).writerows(truth)
        run = subprocess.run([program, "run", "job.toml", "--quiet"], cwd=folder, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(run.stderr)
        asked = [program, "evaluate", "job.toml", "--truth", "truth.csv", "--ablation", "--json"]
        told = json.loads(subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=True).stdout)
        methods = {method["name"]: f1(method["pairs"]) for method in told["truth"]["methods"]}
        return methods, json.loads((folder / "out/current/model.json").read_text())["form"]


def emptied(rows, names, share, seed):
    chance = random.Random(seed)
    return [row | {name: "" for name in names} if chance.random() < share else row for row in rows]


def duplicates(rows, share):
    """The rows with so many people keeping their duplicates that about this share of rows are duplicates of another."""
    people = {}
    for row in rows:
        people.setdefault(row["cluster"], []).append(row)
    order = sorted(people)
    random.Random(2).shuffle(order)
    kept, spare = [], []
    for person in order:
        kept.append(people[person][0])
        spare += people[person][1:]
    if share < len(spare) / (len(spare) + len(kept)):
        return kept + spare[: int(share * len(kept) / (1 - share))]
    few = []
    for person in sorted(order, key=lambda one: -len(people[one])):
        few += people[person]
        singles = len({row["cluster"] for row in few})
        if 1 - singles / len(few) < share:
            break
    return few


def source_names(source):
    return [part for part in source.replace("columns", "").replace("column", "").split('"')[1::2] if "%" not in part]


def changes(columns, rows):
    yield "as it is", columns, rows, ("set",)
    for name in columns:
        yield f"without {name}", {key: value for key, value in columns.items() if key != name}, rows, ("set",)
    for name, source in columns.items():
        names = source_names(source)
        yield f"{name} the same everywhere", columns, [row | {one: rows[0][one] for one in names} for row in rows], ("set",)
    for name, source in columns.items():
        names = source_names(source)
        half = [row | {one: "" for one in names} if at % 2 else row for at, row in enumerate(rows)]
        yield f"{name} empty in half of the providers", columns, half, ("one", "two")
    for share in (0.005, 0.05, 0.25, 0.5, 0.9):
        yield f"duplicates are {share:.1%} of rows", columns, duplicates(rows, share), ("set",)


def main():
    program, folder, *names = sys.argv[1:]
    program, collapsed = str(Path(program).resolve()), 0
    print("| set | change | rows | F1 | information alone | form |\n|---|---|---|---|---|---|")
    for name in names or SETS:
        columns, kinds = SETS[name]
        with open(Path(folder) / f"{name}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        random.Random(1).shuffle(rows)
        for change, kept, changed, providers in changes(columns, rows):
            if len({row["cluster"] for row in changed}) == len(changed) or len(changed) < ROWS_MIN or not kept:
                continue
            methods, form = measure(program, kept, kinds, changed, providers)
            best, alone = methods["onefolk"], methods[ALONE]
            collapsed += best < alone
            mark = " **below**" if best < alone else ""
            print(f"| {name} | {change} | {len(changed)} | {best:.4f}{mark} | {alone:.4f} | {form} |", flush=True)
            if change == "as it is":
                for size in sorted(SIZES):
                    value = methods[f"onefolk, {size}"]
                    print(f"| {name} | {size} | {len(changed)} | {value:.4f} | {alone:.4f} | {form} |", flush=True)
    sys.exit(1 if collapsed else 0)


if __name__ == "__main__":
    main()
