#!/usr/bin/env python3
"""Changes a share of the rows of a generated town of many providers, for a night of changes in the largest populations.

    onefolk generate --people 2700000 --providers 30 --rows-per-person 9.2 --seed 1 --output N
    onefolk run N/job.toml
    python3 benches/change_town.py N 248000
    onefolk run N/job.toml

Rows are changed in the open CSV extracts of one byte a character or UTF-8, as evenly as they have rows: two in five get the family name of another row
of the extract, two in five its postcode, one in five is gone. Other rows are written as they were read. Prints how many were changed.
"""

import csv
import pathlib
import random
import re
import sys

FAMILY = re.compile("surname|last_?name|family", re.I)
POSTCODE = re.compile("post ?code", re.I)


def open_extracts(folder):
    """Rows and delimiter of each extract that can be changed, by path; bytes are characters."""
    for path in sorted(folder.glob("in/*/extract.csv")):
        with path.open(newline="", encoding="latin-1") as file:
            header = file.readline()
            file.seek(0)
            if not header.startswith(("\xff\xfe", "\xfe\xff")):
                delimiter = max(",;\t|", key=header.count)
                yield path, list(csv.reader(file, delimiter=delimiter)), delimiter


def changed(rows, wanted, draw):
    """The rows with about so many changed, and how many that are."""
    column = lambda pattern: next((at for at, name in enumerate(rows[0]) if pattern.search(name)), None)
    fields = (column(FAMILY), column(POSTCODE))
    gone, done = set(), 0
    for nth, at in enumerate(draw.sample(range(1, len(rows)), min(wanted, len(rows) - 1))):
        row, other, field = rows[at], rows[draw.randrange(1, len(rows))], fields[nth % 2]
        if nth % 5 == 4:
            gone.add(at)
        elif field is not None and len(row) == len(other) == len(rows[0]):
            row[field] = other[field]
        else:
            continue
        done += 1
    return [row for at, row in enumerate(rows) if at not in gone], done


def main():
    folder, wanted = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    sizes = {path: len(rows) for path, rows, _ in open_extracts(folder)}
    draw, all_changed = random.Random(1), 0
    for path, rows, delimiter in open_extracts(folder):
        rows, done = changed(rows, wanted * sizes[path] // sum(sizes.values()), draw)
        with path.open("w", newline="", encoding="latin-1") as file:
            csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)
        all_changed += done
    print(f"{all_changed} rows were changed in {len(sizes)} extracts")


main()
