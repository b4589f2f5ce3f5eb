"""Splink on the records that onefolk itself read, standardised: both see the very same values.

    pip install splink==5.0.0 pandas numba
    onefolk export data/demo/job.toml --output records.parquet
    python benches/peers/splink_records.py demo records.parquet data/demo/truth.csv

Links one row a record (the first of records that have several) with the model of person_model.py, and prints a Markdown row with the
best clustered F1 of connected components and of average link, each with its threshold picked *with* the truth. Measured are the records
that both files have, as `onefolk evaluate` does.
"""

import logging
import sys
import time

import clusters
import duckdb
from person_model import SETTINGS, scored_pairs, train
from splink import DuckDBAPI, Linker

# onefolk's standard forms, as Splink's comparisons want them: one given name, whole dates as YYYY-MM-DD.
RECORDS = """
create table records as
with one_a_record as (
    select * from read_parquet('{records}') qualify row_number() over (partition by provider, record_id order by source_file, source_row) = 1
),
truth as (
    select provider, record_id, any_value(person) as person
    from read_csv('{truth}', all_varchar = true, header = true)
    group by all having count(distinct person) = 1
)
select
    row_number() over (order by provider, record_id) - 1 as unique_id,
    dense_rank() over (order by person) - 1 as person,
    nhs_number,
    split_part(split_part(given_name, '|', 1), ' ', 1) as given_name,
    split_part(family_name, '|', 1) as family_name,
    case when date_of_birth not like '%-%'
         then substr(date_of_birth, 1, 4) || '-' || substr(date_of_birth, 5, 2) || '-' || substr(date_of_birth, 7, 2) end as date_of_birth,
    substr(date_of_birth, 1, 4) as birth_year,
    case when sex in ('male', 'female') then sex end as sex,
    postcode,
    address,
    phone,
    email
from one_a_record join truth using (provider, record_id)
"""


def main(name, records, truth):
    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect()
    connection.execute("set memory_limit = '10GB'")
    connection.execute(RECORDS.format(records=records, truth=truth))
    person = connection.execute("select person from records order by unique_id").fetchnumpy()["person"]
    started = time.time()
    linker = Linker(DuckDBAPI(connection).register("records"), SETTINGS, log_level="ERROR")
    train(linker)
    left, right, score = scored_pairs(linker)
    seconds = time.time() - started
    print(f"{len(score)} pairs scored in {seconds:.0f} s", file=sys.stderr, flush=True)
    linked, averaged = clusters.both(left, right, score, person)
    print(clusters.HEADER)
    print(clusters.row(name, len(person), int(person.max()) + 1, linked, averaged, seconds))


if __name__ == "__main__":
    main(*sys.argv[1:4])
