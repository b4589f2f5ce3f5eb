"""Splink's best clustered F1 on a population of `onefolk generate --single-file`.

    pip install splink==5.0.0 pandas
    onefolk generate --single-file --people 10000 --rows-per-person 6 --seed 1 --output population
    python benches/peers/splink_demo.py population

Reads records.csv and truth.csv from the folder, cleans as an analyst would, links with the DuckDB backend, and prints precision,
recall and F1 of the connected components at every threshold, the best one last. It also prints how often two records of one person
disagree, beside the published rates that the generator has to reach.
"""

import logging
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
from person_model import SETTINGS, train
from splink import DuckDBAPI, Linker

CLEAN = """
create table records as
select
    record_id as unique_id,
    provider,
    truth.person,
    case when length(nhs_number) = 10
          and nhs_number not in ('0000000000', '9999999999', '1234567890', '1111111111')
         then nhs_number end as nhs_number,
    case when given_name is null or regexp_matches(upper(given_name), '^(BABY|B/O|MALE TWIN|FEMALE TWIN|T[0-9])') then null
         else nullif(regexp_replace(lower(strip_accents(given_name)), '^(mrs?|miss|ms|dr|mstr) |[^a-z ]', '', 'g'), '') end as given_name,
    nullif(regexp_replace(replace(lower(strip_accents(family_name)), '(deceased)', ''), '[^a-z]', '', 'g'), '') as family_name,
    case when date_of_birth not like '1900-01-01' then date_of_birth end as date_of_birth,
    substr(date_of_birth, 1, 4) as birth_year,
    sex,
    case when postcode not like 'ZZ99%' then replace(upper(postcode), ' ', '') end as postcode,
    lower(address) as address,
    case when phone <> '07000000000' then phone end as phone,
    lower(email) as email
from read_csv('{folder}/records.csv', all_varchar = true, header = true) records
left join (select record_id, person from read_csv('{folder}/truth.csv', all_varchar = true, header = true)) truth using (record_id)
"""

DISAGREEMENT = """
select
    avg((l.family_name <> r.family_name)::int) as family_name,
    avg((l.given_name <> r.given_name)::int) as given_name,
    avg((l.date_of_birth <> r.date_of_birth)::int) as date_of_birth,
    avg((l.sex <> r.sex)::int) as sex,
    avg((l.postcode is null or r.postcode is null or l.postcode <> r.postcode)::int) as postcode_missing_or_different,
    avg((l.nhs_number <> r.nhs_number)::int) as nhs_number
from records l join records r on l.person = r.person and l.unique_id < r.unique_id
"""

THRESHOLDS = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999997, 0.999999, 0.9999997, 0.9999999, 0.99999999, 0.999999999]


def pairs(groups):
    return sum(count * (count - 1) // 2 for count in groups.values())


def score(clusters):
    """Precision, recall and F1 over pairs of records in one cluster."""
    both = pairs(Counter(zip(clusters["cluster_id"], clusters["person"])))
    found = pairs(Counter(clusters["cluster_id"]))
    true = pairs(Counter(clusters["person"]))
    precision, recall = both / max(found, 1), both / max(true, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def main(folder):
    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect()
    connection.execute(CLEAN.format(folder=folder))
    records = connection.execute("select count(*), count(distinct person) from records").fetchone()
    print(f"{records[0]} records of {records[1]} people")
    print("two records of one person disagree (ALSPAC: surname 18 %, forename 12 %; HES against PDS: postcode 53 %):")
    print(connection.execute(DISAGREEMENT).fetch_df().T.to_string(header=False))

    started = time.time()
    linker = Linker(DuckDBAPI(connection).register("records"), SETTINGS, log_level="ERROR")
    train(linker)
    predictions = linker.inference.predict(threshold_match_probability=THRESHOLDS[0])
    best = (0.0, 0.0, 0.0, 0.0)
    print("\nthreshold  precision  recall  F1 (connected components)")
    for threshold in THRESHOLDS:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, threshold)
        columns = clusters.as_duckdbpyrelation().select("cluster_id, person").df()
        precision, recall, f1 = score(columns)
        print(f"{threshold:<10} {precision:.4f}     {recall:.4f}  {f1:.4f}", flush=True)
        best = max(best, (f1, threshold, precision, recall))
    print(f"\nbest F1 {best[0]:.4f} at {best[1]} (precision {best[2]:.4f}, recall {best[3]:.4f}), {time.time() - started:.0f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
