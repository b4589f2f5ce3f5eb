"""Twins among people of whom nobody shares a home: no model learns there what a household is.

    python benches/accuracy/twins_alone.py ONEFOLK

ONEFOLK is the program. Makes 16 jobs of three providers with 430 or 2,000 people and six pairs of twins (one family name, birth, sex and home;
different given names; no number, no telephone), with 60 given names or with all, now and then a letter that is missing and an old postcode.
Prints a Markdown row for each size: pairs of twins that were made one person, and people who were made several. Needs pyarrow.
"""

import csv
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet

NAMES = Path(__file__).resolve().parents[2] / "data/reference/generate"
COLUMNS = ["record_id", "given_name", "family_name", "date_of_birth", "postcode", "sex", "address"]
PROVIDERS = ["gp", "acute", "community"]
TWINS = 6


def names(file):
    with open(NAMES / file, newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return sorted({name for row in rows for name in row["names"].split() if len(name) > 3 and name.isalpha()})


def population(people, given_names, seed):
    """The people, of whom the last ones are the twins of the first ones."""
    chance = random.Random(seed)
    given, family = names("given_names.csv"), names("family_names.csv")
    given = chance.sample(given, min(given_names, len(given)))

    def one():
        born = f"{chance.randint(1930, 2020)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        home = f"{chance.randint(1, 90)} {chance.choice(family)} Road"
        return [chance.choice(given), chance.choice(family), born, postcode(chance), chance.choice("MF"), home]

    everybody = [one() for _ in range(people)]
    for person in everybody[:TWINS]:
        other = chance.choice([name for name in given if name[:2] != person[0][:2]])
        everybody.append([other, *person[1:]])
    return everybody, chance


def postcode(chance):
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    return f"HA{chance.randint(1, 9)} {chance.randint(1, 9)}{chance.choice(letters)}{chance.choice(letters)}"


def seen(person, chance):
    """A person as one record has them."""
    row = list(person)
    for at in (0, 1):
        if chance.random() < 0.06:
            letter = chance.randrange(1, len(row[at]) - 1)
            row[at] = row[at][:letter] + row[at][letter + 1 :]
    if chance.random() < 0.08:
        row[3] = postcode(chance)
    return row


def linked(program, folder, everybody, chance):
    """Pairs of twins that are one person, and people who are several."""
    is_twin = lambda at: at < TWINS or at >= len(everybody) - TWINS
    truth, text = {}, '[job]\nname = "twins"\nas_of = 2026-11-22\n'
    mapping = "".join(f'{name} = "{name}"\n' for name in COLUMNS)
    for provider in PROVIDERS:
        rows = [(at, person) for at, person in enumerate(everybody) if is_twin(at) or chance.random() < 0.85]
        rows += [row for row in rows if chance.random() < 0.1]
        with open(folder / f"{provider}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for number, (at, person) in enumerate(rows):
                writer.writerow([number, *seen(person, chance)])
                truth[provider, str(number)] = at
        text += f'[[provider]]\nid = "{provider}"\nname = "{provider}"\nsetting = "other"\nfiles = ["{provider}.csv"]\n'
        text += f"[provider.columns]\n{mapping}"
    (folder / "job.toml").write_text(text)
    subprocess.run([program, "run", folder / "job.toml", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    table = pyarrow.parquet.read_table(folder / "out/current/crosswalk.parquet").to_pylist()
    persons = {}
    for row in table:
        persons.setdefault(truth[row["provider"], row["record_id"]], set()).add(row["person_id"])
    twins = len(everybody) - TWINS
    joined = sum(1 for at in range(TWINS) if persons[at] & persons[twins + at])
    return joined, sum(1 for ids in persons.values() if len(ids) > 1)


def main(program):
    print("| people | pairs of twins | made one person | people made several |\n|---|---|---|---|")
    for people in (430, 2000):
        found = []
        for seed in (1, 2, 3, 4):
            for given_names in (60, 10_000):
                everybody, chance = population(people, given_names, seed)
                with tempfile.TemporaryDirectory() as folder:
                    found.append(linked(program, Path(folder), everybody, chance))
        joined, several = (sum(each[at] for each in found) for at in (0, 1))
        print(f"| {people:,} | {len(found) * TWINS} | {joined} | {several} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve())
