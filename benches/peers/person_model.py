"""The model of people's records that Splink is given on our data: what an analyst would write after reading its guides."""

import numpy as np
import splink.comparison_library as cl
from splink import SettingsCreator, block_on

SETTINGS = SettingsCreator(
    link_type="dedupe_only",
    blocking_rules_to_generate_predictions=[
        block_on("nhs_number"),
        block_on("given_name", "family_name"),
        block_on("date_of_birth", "substr(given_name, 1, 1)"),
        block_on("date_of_birth", "postcode"),
        block_on("family_name", "postcode"),
        block_on("given_name", "postcode"),
        block_on("given_name", "birth_year", "sex"),
        block_on("phone"),
        block_on("email"),
    ],
    comparisons=[
        cl.ExactMatch("nhs_number"),
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("family_name").configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("date_of_birth", input_is_string=True),
        cl.ExactMatch("sex"),
        cl.PostcodeComparison("postcode"),
        cl.JaroWinklerAtThresholds("address", [0.95, 0.88]),
        cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
        cl.ExactMatch("email").configure(term_frequency_adjustments=True),
    ],
    retain_intermediate_calculation_columns=False,
    retain_matching_columns=False,
)


def train(linker):
    """EM over rules that leave every comparison free at least once."""
    rules = [block_on("nhs_number", "date_of_birth"), block_on("given_name", "family_name", "date_of_birth")]
    linker.training.estimate_probability_two_random_records_match(rules, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("nhs_number"), block_on("given_name", "family_name"), block_on("date_of_birth", "postcode")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)


def scored_pairs(linker, columns=("unique_id_l", "unique_id_r")):
    """Every blocked pair with its natural log odds, which Splink gives as a weight in bits."""
    found = linker.inference.predict().as_duckdbpyrelation().select(f"{columns[0]} as l, {columns[1]} as r, match_weight").fetchnumpy()
    return found["l"], found["r"], found["match_weight"] * np.log(2)
