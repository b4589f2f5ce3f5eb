"""The tools: how each is built, called, and asked how many pairs it scored."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import peers_cuts
from peers_measure import checked

# What Splink needs, pinned; its own requirements are pip's business.
PACKAGES = ["splink==5.0.0", "duckdb==2.0.1", "pandas==3.1.1"]
JOB = """# Written by benches/peers/compare.py
[job]
name = "peers"
output = "{output}"
as_of = 2026-11-22
test_numbers = "accept"
[[provider]]
id = "all"
name = "All records in one file"
setting = "other"
files = ["prepared.csv"]
[provider.columns]
record_id = "record_id"
nhs_number = "nhs_number"
given_name = "given_name"
family_name = "family_name"
date_of_birth = "date_of_birth"
sex = "sex"
postcode = "postcode"
address = "address"
"""


@dataclass
class Kit:
    """What all tools are called with."""

    here: Path
    work: Path
    onefolk: Path
    python: Path
    peers: Path

    @staticmethod
    def make(root, work, tools):
        """Builds everything that `tools` need."""
        here = root / "benches/peers"
        checked(["cargo", "build", "--release", "--quiet", "--manifest-path", root / "Cargo.toml"])
        python = work / "venv/bin/python"
        if not python.exists():
            checked([sys.executable, "-m", "venv", work / "venv"])
        checked([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES])
        crates = [name for name in ("weldrs", "zer") if name in tools]
        if crates:
            build = ["cargo", "build", "--release", "--quiet", "--locked", "--no-default-features", "--features"]
            manifest = ["--manifest-path", here / "rust/Cargo.toml", "--target-dir", work / "rust"]
            checked([*build, ",".join(crates), *manifest])
        return Kit(here, work, root / "target/release/onefolk", python, work / "rust/release")

    def score(self, crosswalk, folder):
        """Precision, recall and F1 of a crosswalk of the population in `folder`."""
        return json.loads(checked([self.python, self.here / "score_peer.py", crosswalk, folder / "truth.csv"]))


@dataclass
class Tool:
    """One line of the table."""

    label: str
    colour: str
    # The cut that the tool is given, or why there is none: peers_cuts.py.
    cut: Callable
    # Puts things right before a run, outside the measurement; gives the file that will say who is who.
    prepare: Callable
    command: Callable
    # From what was printed, or from what Splink's rules yield.
    pairs: Callable
    note: str


def fresh(name):
    def prepare(kit, folder, cut):
        out = folder / f"{name}.csv"
        out.unlink(missing_ok=True)
        return out

    return prepare


def job(name, model):
    """A job of its own, and no output of an earlier run. An imported model gets the cut of Splink; our own has its default."""

    def prepare(kit, folder, cut):
        shutil.rmtree(folder / name, ignore_errors=True)
        own = f'[model]\nfile = "{model}"\n[cluster]\nthreshold = {cut!r}\n' if model else ""
        (folder / f"{name}.toml").write_text(JOB.format(output=name) + own)
        return folder / name / "current/crosswalk.parquet"

    return prepare


def run(name):
    return lambda kit, folder, cut: [kit.onefolk, "run", folder / f"{name}.toml", "--quiet", "--json"]


def splink(mode):
    def command(kit, folder, cut):
        return [kit.python, kit.here / "splink_peer.py", mode, kit.here / "settings.json", folder, repr(cut)]

    return command


def crate(name):
    def command(kit, folder, cut):
        return [kit.peers / f"peer-{name}", folder / "prepared.csv", folder / f"{name}.csv", repr(cut)]

    return command


def printed(key):
    return lambda took, counted: json.loads(took["printed"])[key]


def of_the_rules(took, counted):
    return counted["pairs"]


TOOLS = {
    "splink-training": Tool(
        "Splink 5, training included", "#9a6b00", peers_cuts.common, fresh("splink-training"), splink("training"), of_the_rules,
        "DuckDB backend; settings.json: six rules, seven comparisons, term frequencies; connected components",
    ),
    "splink": Tool(
        "Splink 5, trained before", "#e0a526", peers_cuts.common, fresh("splink"), splink("trained"), of_the_rules,
        "the same with settings that it has learnt and saved before, from the same file",
    ),
    "onefolk-imported": Tool(
        "onefolk, Splink's settings", "#1c6fb0", peers_cuts.common, job("imported", "trained.json"), run("imported"), printed("pairs_compared"),
        "the same saved settings, by `[model] file`; every output of a night is written",
    ),
    "onefolk": Tool(
        "onefolk, automatic", "#0b3c6f", peers_cuts.learnt, job("automatic", None), run("automatic"), printed("pairs_compared"),
        "learns its own model and has its own cut (a false link costs as much as twenty missed ones), without any truth; pairs are of distinct identities; every output of a night is written",
    ),
    "weldrs": Tool(
        "weldrs 0.2", "#7a3f9d", peers_cuts.own("weldrs"), fresh("weldrs"), crate("weldrs"), printed("pairs"),
        "the same six rules, training included, by the same steps as Splink's, chance agreement kept as random pairs have it (its EM would make nearly every pair certain); dates and postcodes by Levenshtein distance, no term frequencies: it has no other; what only one of two records lacks counts as a disagreement, so that its probabilities are other ones: a cut of its own",
    ),
    "zer": Tool(
        "zer 1.1", "#3d8b4f", peers_cuts.own("zer"), fresh("zer"), crate("zer"), printed("pairs"),
        "the same six rules as keys of its own trait, training included; its comparisons follow from the kind of field and cannot be chosen; its probability is of a pair among those that the rules yield, not of any two records: a cut of its own (its clusters drop links below 0.85 in any case)",
    ),
}
NAMES = list(TOOLS)
