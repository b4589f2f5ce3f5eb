"""Splink from file to file: prepared.csv → who is who.

    python splink_peer.py training settings.json POPULATION CUT    # learns first
    python splink_peer.py trained settings.json POPULATION CUT     # with what `pick` has saved
    python splink_peer.py pick settings.json POPULATION            # not measured: see below

`pick` trains, saves the trained settings as trained.json, and prints the cut at which the components of Splink's links are most right,
picked with the truth (see peers_cuts.py). Whoever scores with Splink's settings is given this one, too.
"""

import json
import logging
import sys
from pathlib import Path

import duckdb
from peers_cuts import CUTS, most_right
from score_peer import score
from splink import DuckDBAPI, Linker, block_on


def train(linker):
    """As Splink's guides say: EM over rules that leave every comparison free at least once."""
    rules = [block_on("nhs_number", "date_of_birth"), block_on("given_name", "family_name", "date_of_birth")]
    linker.training.estimate_probability_two_random_records_match(rules, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("nhs_number"), block_on("family_name", "date_of_birth"), block_on("given_name", "postcode")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)


def open_linker(settings, folder):
    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect()
    read = f"read_csv('{folder}/prepared.csv', all_varchar = true, header = true)"
    connection.execute(f"create table records as select * from {read}")
    return Linker(DuckDBAPI(connection).register("records"), str(settings), log_level="ERROR")


def people(linker, predictions, cut, out):
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, cut)
    clusters.as_duckdbpyrelation().select("record_id, cluster_id as person").write_csv(str(out))


def pick(settings, folder):
    linker = open_linker(settings, folder)
    train(linker)
    (folder / "trained.json").unlink(missing_ok=True)
    linker.misc.save_model_to_json(str(folder / "trained.json"))
    predictions = linker.inference.predict(threshold_match_probability=CUTS[0])
    out, found = folder / "picked.csv", []
    for cut in CUTS:
        people(linker, predictions, cut, out)
        query = f"select record_id, person from read_csv('{out}', all_varchar = true, header = true)"
        found.append((score(duckdb.connect(), query, folder / "truth.csv")["f1"], cut))
    print(json.dumps({"cut": most_right(found)}))


def main(mode, settings, folder, cut=None):
    folder = Path(folder)
    if mode == "pick":
        return pick(settings, folder)
    linker = open_linker(settings if mode == "training" else folder / "trained.json", folder)
    if mode == "training":
        train(linker)
    predictions = linker.inference.predict(threshold_match_probability=float(cut))
    people(linker, predictions, float(cut), folder / ("splink-training.csv" if mode == "training" else "splink.csv"))


if __name__ == "__main__":
    main(*sys.argv[1:5])
