"""How right a crosswalk is: precision, recall and F1 over pairs of records of one person, for every tool in the same way.

    python score_peer.py crosswalk.csv|crosswalk.parquet truth.csv
"""

import json
import sys

import duckdb

SCORE = """
with truth as (select distinct record_id, person from read_csv('{truth}', all_varchar = true, header = true)),
found as ({found}),
joined as (select found.person as found, truth.person as truth from found join truth using (record_id)),
pairs as (
    select
        (select sum(n * (n - 1) / 2) from (select count(*) as n from joined group by found, truth)) as right_ones,
        (select sum(n * (n - 1) / 2) from (select count(*) as n from joined group by found)) as found_ones,
        (select sum(n * (n - 1) / 2) from (select count(*) as n from truth group by person)) as true_ones
)
select right_ones / greatest(found_ones, 1), right_ones / greatest(true_ones, 1) from pairs
"""


def score(connection, found, truth):
    """Precision, recall and F1 of `found`, a query that gives record_id and person."""
    precision, recall = connection.execute(SCORE.format(found=found, truth=truth)).fetchone()
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {"precision": precision, "recall": recall, "f1": f1}


def main(crosswalk, truth):
    if crosswalk.endswith(".parquet"):
        found = f"select distinct record_id, person_id as person from read_parquet('{crosswalk}')"
    else:
        found = f"select record_id, person from read_csv('{crosswalk}', all_varchar = true, header = true)"
    print(json.dumps(score(duckdb.connect(), found, truth)))


if __name__ == "__main__":
    main(*sys.argv[1:3])
