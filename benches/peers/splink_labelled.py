"""Splink on public labelled sets, with the models of its own published examples.

    pip install splink==5.0.0 pandas numba
    python benches/peers/splink_labelled.py FOLDER [SET …]

FOLDER holds historical_dev.csv, fake_1000.csv, febrl4.csv and RLdata500.csv (unique_id, source, cluster and the set's own columns). Prints
a Markdown row a set: the best clustered F1 of connected components and of average link, the threshold picked *with* the labels.
"""

import logging
import sys
import time
from pathlib import Path

import clusters
import duckdb
import splink.comparison_library as cl
from person_model import scored_pairs
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

QUIET = {"retain_intermediate_calculation_columns": False, "retain_matching_columns": False}


def historical_dev():
    """After "Deduplicate 50k rows historical persons" of Splink's documentation."""
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on("substr(first_name, 1, 3)", "substr(surname, 1, 4)"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode_fake", "first_name"),
            block_on("postcode_fake", "surname"),
            block_on("dob", "birth_place"),
            block_on("substr(postcode_fake, 1, 3)", "dob"),
            block_on("substr(postcode_fake, 1, 3)", "first_name"),
            block_on("substr(postcode_fake, 1, 3)", "surname"),
            block_on("substr(first_name, 1, 2)", "substr(surname, 1, 2)", "substr(dob, 1, 4)"),
        ],
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="first_and_surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
        **QUIET,
    )
    prior = [
        "l.first_name = r.first_name and l.surname = r.surname and l.dob = r.dob",
        "substr(l.first_name,1,2) = substr(r.first_name,1,2) and l.surname = r.surname"
        " and substr(l.postcode_fake,1,2) = substr(r.postcode_fake,1,2)",
        "l.dob = r.dob and l.postcode_fake = r.postcode_fake",
    ]
    return settings, (prior, 0.6), [block_on("first_name", "surname"), block_on("dob")]


def fake_1000():
    """After the tutorial and "Deduplicate fake_1000" of Splink's documentation."""
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email")],
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        **QUIET,
    )
    prior = [
        block_on("first_name", "dob"),
        "l.email = r.email and levenshtein(l.surname, r.surname) <= 2",
        block_on("first_name", "surname"),
    ]
    return settings, (prior, 0.7), [block_on("first_name", "surname"), block_on("dob"), block_on("email")]


def febrl4():
    """After "Linking the febrl4 datasets" of Splink's documentation."""
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"),
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        ],
        **QUIET,
    )
    prior = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
    return settings, (prior, 0.9), [block_on("date_of_birth"), block_on("postcode")]


def rldata500():
    """There is no published model of this set: the same manner with the columns that it has."""
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on("fname_c1"), block_on("lname_c1"), block_on("dob")],
        comparisons=[
            cl.NameComparison("fname_c1"),
            cl.NameComparison("lname_c1"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
        ],
        **QUIET,
    )
    prior = [block_on("fname_c1", "lname_c1"), block_on("lname_c1", "dob")]
    return settings, (prior, 0.8), [block_on("fname_c1"), block_on("dob")]


SETS = {
    "historical_dev": (historical_dev, ""),
    "fake_1000": (fake_1000, ""),
    "febrl4": (febrl4, ""),
    "RLdata500": (rldata500, """, printf('%04d-%02d-%02d', "by"::int, bm::int, bd::int) as dob"""),
}


def load(folder, name, extra):
    """The set as a table with a `place` for each record, in the order of a hash (some files are sorted by person), and who each is."""
    connection = duckdb.connect()
    connection.execute(
        f"""create table records as select *{extra}, row_number() over (order by hash(unique_id), source) - 1 as place
            from read_csv('{folder / name}.csv', all_varchar = true, header = true, nullstr = '')"""
    )
    truth = connection.execute("select dense_rank() over (order by cluster) - 1 as person from records order by place").fetchnumpy()["person"]
    return connection, truth


def link(name, folder):
    model, extra = SETS[name]
    settings, (prior, recall), training = model()
    connection, truth = load(folder, name, extra)
    connection.execute("create view input as select * exclude (unique_id, place), place as unique_id from records")
    started = time.time()
    api = DuckDBAPI(connection)
    if name == "febrl4":
        sources = [row[0] for row in connection.execute("select distinct source from records order by 1").fetchall()]
        for source in sources:
            connection.execute(f"create table input_{source} as select * exclude (source) from input where source = '{source}'")
        tables = [api.register(f"input_{source}") for source in sources]
        linker = Linker(tables, settings, log_level="ERROR")
    else:
        linker = Linker(api.register("input"), settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(prior, recall=recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for rule in training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    left, right, score = scored_pairs(linker)
    seconds = time.time() - started
    linked, averaged = clusters.both(left, right, score, truth)
    return clusters.row(name, len(truth), int(truth.max()) + 1, linked, averaged, seconds)


def main(folder, names):
    logging.getLogger("splink").setLevel(logging.ERROR)
    print(clusters.HEADER)
    for name in names or SETS:
        print(link(name, Path(folder)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
