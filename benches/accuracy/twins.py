"""Pairs that may be twins: what does it say that one provider holds both?

    python benches/accuracy/twins.py FOLDER

FOLDER holds a job.toml that has been run, and its truth.csv (`onefolk generate`). Counts the scored pairs of one exact date of birth and some
name in common whose given names are both full and different, where NHS numbers neither agree nor contradict each other; by how many
providers hold records of both. Prints a Markdown table. Needs pandas and pyarrow.
"""

import sys
from pathlib import Path

import pandas

EXACT_DATE, SOME_NAME, NUMBERS_AGREE, NUMBERS_CONTRADICT = 11, 12, 3, 1


def main(folder):
    run = folder / "out/current"
    levels = ["level_name", "level_date_of_birth", "level_nhs_number"]
    links = pandas.read_parquet(run / "links.parquet")[["identity_id_left", "identity_id_right"] + levels]
    number = links.level_nhs_number
    may_be = (links.level_name >= SOME_NAME) & (links.level_name % 2 == 1) & (links.level_date_of_birth >= EXACT_DATE)
    links = links[may_be & (number.isna() | ((number < NUMBERS_AGREE) & (number != NUMBERS_CONTRADICT)))]
    truth = pandas.read_csv(folder / "truth.csv", dtype=str)[["provider", "record_id", "person"]]
    rows = pandas.read_parquet(run / "crosswalk.parquet")[["provider", "record_id", "identity_id"]].merge(truth)
    persons = rows[["identity_id", "person"]].drop_duplicates()
    providers = rows.groupby("identity_id").provider.agg(frozenset)
    pairs = links
    for side in ("left", "right"):
        pairs = pairs.merge(persons.add_suffix(f"_{side}"), on=f"identity_id_{side}")
    one_person = pairs.person_left == pairs.person_right
    shared = [
        min(len(providers[left] & providers[right]), 3)
        for left, right in zip(pairs.identity_id_left, pairs.identity_id_right)
    ]
    counts = pandas.crosstab(pandas.Series(shared, index=pairs.index), one_person)
    print("| | one person | two people |\n|---|---|---|")
    words = ["no provider holds both", "one provider holds both", "two providers hold both", "three or more hold both"]
    for held, line in enumerate(words):
        count = {one: int(counts.get(one, pandas.Series(dtype=int)).get(held, 0)) for one in (True, False)}
        print(f"| {line} | {count[True]:,} | {count[False]:,} |")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
