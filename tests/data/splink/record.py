"""Records what Splink itself says, for tests/linking/splink.rs. Everybody in the data is made up.

    pip install splink==5.0.0 pandas
    python record.py

Writes beside itself, for each of two models:
    NAME.settings.json   the trained model, as `linker.misc.save_model_to_json` writes it
    NAME.pairs.csv       every pair that `linker.inference.predict` yields: ids, blocking rule, match weight
and, for both, people.csv (the records) and functions.csv (what DuckDB makes of single function calls).
The files change only where Splink or DuckDB changes.
"""

import csv
import random
from pathlib import Path

import duckdb
import pandas as pd
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

HERE = Path(__file__).parent
FIRST = "Ann Anne Anna Mohammed Muhammad Olivia Oliver Zoë Zoe Jack John Jon Siân Sian Priya Wei Tomasz Tomas Grace Ravi".split()
LAST = "Smith Smyth Jones Patel Khan Okafor O'Neill ONeill Nguyen Brown Browne Taylor Tailor Kowalski Begum Lee Ahmed".split()
CITIES = ["Brent", "Ealing", "Harrow", "Hounslow", "Hillingdon"]
random.seed(11)


def postcode():
    return f"{random.choice(['HA', 'W', 'NW', 'UB'])}{random.randint(1, 9)} {random.randint(1, 9)}{random.choice('ABDEF')}{random.choice('GHJ')}"


def slip(text):
    """One slip of the pen."""
    at = random.randrange(len(text))
    kind = random.random()
    if kind < 0.35:
        return text[:at] + text[at + 1 :] or text
    if kind < 0.7 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + random.choice("aeinrst0189") + text[at + 1 :]


def person():
    first, last = random.choice(FIRST), random.choice(LAST)
    dob = f"{random.randint(1935, 2015)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    return {
        "first_name": first,
        "surname": last,
        "dob": dob,
        "postcode": postcode(),
        "email": f"{first}.{last}{random.randint(1, 99)}@example.{random.choice(['org', 'net'])}".lower(),
        "city": random.choices(CITIES, [8, 4, 2, 2, 1])[0],
        "height": str(random.randint(140, 200)),
        "lat": f"{random.uniform(51.45, 51.62):.5f}",
        "lon": f"{random.uniform(-0.45, -0.18):.5f}",
    }


def records():
    rows = []
    for _ in range(170):
        one = person()
        for _ in range(random.choice([1, 2, 2, 3])):
            row = dict(one)
            for name, value in row.items():
                chance = random.random()
                if chance < 0.07:
                    row[name] = ""
                elif chance < 0.20 and name not in ("lat", "lon", "height"):
                    row[name] = slip(value)
                elif chance < 0.30 and name in ("lat", "lon"):
                    row[name] = f"{float(value) + random.uniform(-0.02, 0.02):.5f}"
                elif chance < 0.30 and name == "height":
                    row[name] = str(int(value) + random.randint(-9, 9))
            if random.random() < 0.04:
                row["first_name"], row["surname"] = row["surname"], row["first_name"]
            if random.random() < 0.05 and row["dob"]:
                row["dob"] = random.choice(["1980-02-31", "unknown", row["dob"].replace("-", "/")])
            rows.append(row)
    random.shuffle(rows)
    for number, row in enumerate(rows):
        row["unique_id"] = str(number + 1)
        row["source_dataset"] = random.choice(["hospital", "practice"])
    return rows


def inexact_with_frequency(column, threshold, **more):
    level = cll.JaroWinklerLevel(column, threshold)
    return level.configure(tf_adjustment_column=column, **more)


MODELS = {
    # The comparisons that most models are made of, within one list of records.
    "dedupe": SettingsCreator(
        link_type="dedupe_only",
        max_iterations=6,
        linker_uid="recorded",
        probability_two_random_records_match=0.003,
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("surname", jaro_winkler_thresholds=[0.9, 0.8]),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode"),
            cl.EmailComparison("email"),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("first_name", "surname"),
            block_on("dob"),
            block_on("substr(surname, 1, 2)", "substr(postcode, 1, 3)"),
            "l.city = r.city and levenshtein(l.surname, r.surname) <= 1 and l.height is not null",
            "l.first_name = r.surname and l.surname = r.first_name",
            block_on("lower(email)"),
        ],
    ),
    # Everything else of the comparison library, and the corners of term frequencies, between two lists.
    "link": SettingsCreator(
        link_type="link_only",
        max_iterations=6,
        linker_uid="recorded",
        probability_two_random_records_match=0.002,
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.LevenshteinAtThresholds("email", [1, 3]),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
            cl.CustomComparison(
                output_column_name="city",
                comparison_levels=[
                    cll.Or(cll.NullLevel("city"), cll.LiteralMatchLevel("city", "unknown", "string")).configure(
                        is_null_level=True
                    ),
                    cll.ExactMatchLevel("city").configure(
                        tf_adjustment_column="city", tf_adjustment_weight=0.5, tf_minimum_u_value=0.2
                    ),
                    inexact_with_frequency("city", 0.85, tf_minimum_u_value=0.05),
                    cll.Not(cll.JaccardLevel("city", 0.3)),
                    cll.ElseLevel(),
                ],
            ),
            cl.CustomComparison(
                output_column_name="names",
                comparison_levels=[
                    cll.NullLevel("surname"),
                    cll.ColumnsReversedLevel("first_name", "surname", symmetrical=True),
                    cll.ColumnsReversedLevel("first_name", "surname"),
                    cll.JaroLevel("surname", 0.7),
                    cll.CustomLevel("substr(first_name_l, 1, 1) = substr(first_name_r, 1, 1) or first_name_l in ('Ann', 'Wei')"),
                    cll.ElseLevel(),
                ],
            ),
            cl.CustomComparison(
                output_column_name="height",
                comparison_levels=[
                    cll.NullLevel("height"),
                    cll.AbsoluteDifferenceLevel("height", 2),
                    cll.PercentageDifferenceLevel("height", 0.05),
                    cll.CustomLevel("height_l between 150 and 160 and not height_r > 170"),
                    cll.ElseLevel(),
                ],
            ),
            cl.DistanceInKMAtThresholds("lat", "lon", [0.5, 2, 10]),
            cl.CustomComparison(
                output_column_name="dob",
                comparison_levels=[
                    cll.NullLevel("dob", valid_string_pattern=r"\d{4}-\d{2}-\d{2}"),
                    cll.ExactMatchLevel("dob"),
                    cll.CustomLevel("abs(date_diff('month', try_strptime(dob_l, '%Y-%m-%d'), try_strptime(dob_r, '%Y-%m-%d'))) <= 2"),
                    cll.AbsoluteDateDifferenceLevel("dob", input_is_string=True, threshold=5, metric="year"),
                    cll.ElseLevel(),
                ],
            ),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("surname", "city"),
            block_on("dob"),
            "l.first_name = r.surname",
            "left(l.postcode, 4) = left(r.postcode, 4)",
        ],
    ),
}
NUMBERS = ["height", "lat", "lon"]


def frame():
    table = pd.read_csv(HERE / "people.csv", dtype=str, keep_default_na=False).replace("", None)
    table["unique_id"] = table["unique_id"].astype(int)
    for name in NUMBERS:
        table[name] = pd.to_numeric(table[name])
    return table


def train(name, settings):
    table = frame()
    tables = [table]
    if name == "link":
        tables = [table[table.source_dataset == source].copy() for source in ("hospital", "practice")]
    else:
        tables = [table.drop(columns="source_dataset")]
    api = DuckDBAPI()
    frames = [api.register(t, dataset_display_name=s) for t, s in zip(tables, ["hospital", "practice"])]
    linker = Linker(frames if len(frames) > 1 else frames[0], settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e5, seed=1)
    # The second model stays without trained m: Splink then scores with its defaults, and so must we.
    for rule in ["dob", "surname"] if name == "dedupe" else []:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(rule))
    path = HERE / f"{name}.settings.json"
    linker.misc.save_model_to_json(str(path), overwrite=True)
    pairs = linker.inference.predict().as_pandas_dataframe()
    sides = ["source_dataset_l", "unique_id_l", "source_dataset_r", "unique_id_r"]
    sides = [side for side in sides if side in pairs]
    pairs = pairs[sides + ["match_key", "match_weight"]].sort_values(sides)
    pairs["match_weight"] = pairs["match_weight"].map(lambda weight: f"{weight:.9f}")
    pairs.to_csv(HERE / f"{name}.pairs.csv", index=False)
    print(name, len(pairs), "pairs")


FUNCTIONS = ["jaro_similarity", "jaro_winkler_similarity", "levenshtein", "damerau_levenshtein", "jaccard"]
DATES = "1980-01-02,1980-1-2, 1980-01-02 ,1980-02-30,1-2-80,19800-01-02,1980-01-02x,1980-00-02,80-01-02,2000-02-29,1900-02-29"


def functions():
    """Words that test corners of each function, and slips of words."""
    words = FIRST + LAST + ["a", "ab", "ba", "abc", "acb", "aaaa", "aaab", "crate", "trace", "dwayne", "duane", "abcd1234", "abcd5678"]
    pairs = [(a, b) for a in words[:14] for b in words[14:24]] + [(w, slip(w)) for w in words] + [(w, slip(slip(w))) for w in words]
    pairs += [("ca", "abc"), ("martha", "marhta"), ("dixon", "dicksonx"), ("abcd1234", "abcd5678"), ("a", "a"), ("é", "è"), ("Zoë", "Zoé")]
    pairs += [("".join(random.choices("abcde", k=random.randint(1, 70))), "".join(random.choices("abcde", k=random.randint(1, 70)))) for _ in range(40)]
    with open(HERE / "functions.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["call", "left", "right", "value"])
        for function in FUNCTIONS:
            for a, b in pairs:
                value = duckdb.execute(f"select {function}(?, ?)", [a, b]).fetchone()[0]
                out.writerow([function, a, b, repr(value)])
        for text in DATES.split(","):
            value = duckdb.execute("select epoch(try_strptime(?, '%Y-%m-%d'))", [text]).fetchone()[0]
            out.writerow(["date", text, "", "" if value is None else repr(value)])


if __name__ == "__main__":
    pd.DataFrame(records()).to_csv(HERE / "people.csv", index=False)
    functions()
    for name, settings in MODELS.items():
        train(name, settings)
