"""records.csv of a generated population → prepared.csv, cleaned as an analyst would, once for every tool; and what the rules yield.

    python prepare_peer.py POPULATION settings.json

Prints how many records there are, and how many distinct pairs the blocking rules of the settings yield: what Splink scores.
"""

import json
import sys
from pathlib import Path

import duckdb

CLEAN = """
copy (
    select
        record_id,
        case when length(nhs_number) = 10
              and nhs_number not in ('0000000000', '9999999999', '1234567890', '1111111111') then nhs_number end as nhs_number,
        case when not regexp_matches(upper(given_name), '^(BABY|B/O|MALE TWIN|FEMALE TWIN|T[0-9])')
             then nullif(regexp_replace(lower(strip_accents(given_name)), '^(mrs?|miss|ms|dr|mstr) |[^a-z ]', '', 'g'), '') end as given_name,
        nullif(regexp_replace(replace(lower(strip_accents(family_name)), '(deceased)', ''), '[^a-z]', '', 'g'), '') as family_name,
        case when date_of_birth <> '1900-01-01' then date_of_birth end as date_of_birth,
        sex,
        case when postcode not like 'ZZ99%' then upper(postcode) end as postcode,
        lower(address) as address
    from read_csv('{folder}/records.csv', all_varchar = true, header = true)
) to '{folder}/prepared.csv' (header true)
"""


def pairs(connection, rules):
    """Distinct pairs: those of each rule that no rule before it yields, as Splink counts them."""
    total, before = 0, []
    for rule in rules:
        unless = "".join(f" and not coalesce({earlier}, false)" for earlier in before)
        query = f"select count(*) from records l join records r on {rule} where l.record_id < r.record_id{unless}"
        total += connection.execute(query).fetchone()[0]
        before.append(f"({rule})")
    return total


def main(folder, settings):
    connection = duckdb.connect()
    connection.execute(CLEAN.format(folder=folder))
    read = f"read_csv('{folder}/prepared.csv', all_varchar = true, header = true)"
    connection.execute(f"create table records as select * from {read}")
    records = connection.execute("select count(*) from records").fetchone()[0]
    rules = json.loads(Path(settings).read_text())["blocking_rules_to_generate_predictions"]
    found = pairs(connection, [rule["blocking_rule"] for rule in rules])
    print(json.dumps({"records": records, "pairs": found}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
