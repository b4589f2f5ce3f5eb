"""Why records stay apart from their person: does what they hold tell their person from others?

    python benches/accuracy/apart.py ONEFOLK FOLDER

FOLDER holds a job.toml that has been run, and its truth.csv (`onefolk generate`). A record is apart if it is not with most records of its
person. It is held against its person's other records: the fields in which it equals one of them are all that speaks for it. Where another
person equals it in all of these fields as well, no method can tell the two by equal values. Prints a Markdown table by group. Needs pandas
and pyarrow.
"""

import collections
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas

FIELDS = ["nhs_number", "given_name", "family_name", "date_of_birth", "sex", "address", "postcode", "phone", "email", "uprn"]
KEY = ["provider", "record_id"]
GROUPS = [("everybody", None, None), ("aged 0 to 4", "age_band", "0–4"), ("Somali", "ethnicity", "somali"), ("any other ethnicity", "ethnicity", "any_other")]


def read(program, folder):
    """All records with their values, true person, found person and groups."""
    with tempfile.TemporaryDirectory() as aside:
        records = Path(aside) / "records.parquet"
        subprocess.run([program, "export", "job.toml", "--output", records], cwd=folder, check=True, capture_output=True)
        values = pandas.read_parquet(records)[KEY + FIELDS]
    truth = pandas.read_csv(folder / "truth.csv", dtype=str).drop(columns=["sex", "deprivation"])
    found = pandas.read_parquet(folder / "out/current/crosswalk.parquet")[KEY + ["person_id"]].drop_duplicates()
    for field in FIELDS:
        values[field] = values[field].map(lambda value: "" if pandas.isna(value) else str(value))
    return truth.merge(found, on=KEY).merge(values, on=KEY)


def apart(records):
    """The records that are not with most of their person's."""
    parts = records.groupby(["person", "person_id"]).size().reset_index(name="size")
    parts = parts.sort_values(["person", "size", "person_id"], ascending=[True, False, True])
    parts["nth"] = parts.groupby("person").cumcount()
    return records.merge(parts[parts.nth > 0][["person", "person_id"]], on=["person", "person_id"])


def judge(records, lost):
    """For each lost record: how many fields speak for its person, whether number or date do, whether another person equals it in all of them."""
    holders = {field: collections.defaultdict(set) for field in FIELDS}
    own = collections.Counter()
    for row in records[["person"] + FIELDS].itertuples(index=False):
        for field, value in zip(FIELDS, row[1:]):
            if value:
                holders[field][value].add(row[0])
                own[row[0], field, value] += 1
    judged = []
    for row in lost[["person"] + FIELDS].itertuples(index=False):
        speaking = [(field, value) for field, value in zip(FIELDS, row[1:]) if value and own[row[0], field, value] > 1]
        rivals = set.intersection(*(holders[field][value] for field, value in speaking)) - {row[0]} if speaking else {None}
        names = {field for field, _ in speaking}
        judged.append((len(speaking), bool(names & {"nhs_number"}), bool(names & {"nhs_number", "date_of_birth"}), bool(rivals)))
    return pandas.DataFrame(judged, columns=["speaking", "number", "number_or_date", "rivalled"], index=lost.index)


def main(program, folder):
    records = read(program, folder)
    lost = apart(records)
    judged = judge(records, lost)
    print("| group | records apart | another person equals them in all that speaks for theirs | neither number nor date of birth speaks | the number speaks |")
    print("|---|---|---|---|---|")
    for name, column, value in GROUPS:
        some = judged if column is None else judged[lost[column] == value]
        share = lambda yes: f"{100 * yes.mean():.0f} %" if len(some) else "–"
        print(f"| {name} | {len(some):,} | {share(some.rivalled)} | {share(~some.number_or_date)} | {share(some.number)} |")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(str(Path(sys.argv[1]).resolve()), Path(sys.argv[2]))
