#!/usr/bin/env python3
"""Makes the pictures and the answers of docs/tour.md from the demo's own report: docs/tour/make.py ONEFOLK [FOLDER]

Runs the demo as it stands, and beside it four nights in a row, of which the earlier ones lack some rows, so that there is something to compare
with. Needs Chromium and the packages of tests/page (npm ci in tests/page). FOLDER keeps the runs; without it they go.
"""
import csv
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
# Date of the night, and every which row of the extracts below has not come yet.
NIGHTS = [("2026-11-19", 25), ("2026-11-20", 35), ("2026-11-21", 60), ("2026-11-22", None)]
GROWING = ["gp-ealing-01", "gp-hounslow-01", "social-care-brent", "urgent-care-telephone", "hospice-care-plans"]


def run(onefolk, folder):
    done = subprocess.run([onefolk, "run", folder / "job.toml"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)


def copy_of_demo(folder):
    shutil.copytree(TOP / "data/demo", folder, ignore=shutil.ignore_patterns("out"))
    return folder


def without_some(extract, every):
    """Rows are lines but for quoted line ends, which these extracts have none of."""
    header, *rows = extract.read_text(encoding="utf-8", errors="surrogateescape").splitlines(keepends=True)
    left = [row for at, row in enumerate(rows) if at % every != every - 1]
    extract.write_text(header + "".join(left), encoding="utf-8", errors="surrogateescape")


def nights(onefolk, folder):
    job = copy_of_demo(folder) / "job.toml"
    text = job.read_text()
    for date, every in NIGHTS:
        job.write_text(re.sub(r"(?m)^as_of = [0-9-]+", f"as_of = {date}", text, count=1).replace(
            "checked_on = 2026-11-22", "checked_on = 2026-11-19"))
        for provider in GROWING:
            extract = folder / "in" / provider / "extract.csv"
            shutil.copy(TOP / "data/demo/in" / provider / "extract.csv", extract)
            if every:
                without_some(extract, every)
        run(onefolk, folder)


def rows(summary, table, **where):
    with open(summary / table, newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[key] == value for key, value in where.items())]


def said(count):
    return "too few to be shown" if count == "*" else f"{int(count):,}"


def one(summary, table, column, **where):
    return said(rows(summary, table, **where)[0][column])


def most(found, column, least=False):
    shown = [row for row in found if row[column] not in ("", "*")]
    return sorted(shown, key=lambda row: float(row[column]), reverse=not least)


def answers(summary):
    """Five questions a commissioner asks; every figure is one of the report's own tables."""
    def group(measure, words):
        return one(summary, "people_by_group.csv", "count", measure=measure, group=words)

    def cohort(name):
        return one(summary, "cohorts.csv", "people", cohort=name)

    def frail(name):
        return one(summary, "segments.csv", "people", segment_set="frailty_band", name=name, age_band="80 and over")

    places = most(rows(summary, "people_by_area.csv"), "people")[:3]
    together = [row for row in most(rows(summary, "people_by_group.csv", measure="settings"), "count") if " + " in row["group"]][0]
    names = {row["provider"]: row["name"] for row in rows(summary, "providers.csv")}
    numbers = most(rows(summary, "data_quality.csv", field="nhs_number"), "usable_percent", least=True)[0]
    unsure = most(rows(summary, "linkage_quality.csv"), "expected_wrong_per_1000")[0]
    everybody = int(rows(summary, "people_by_group.csv", measure="everybody")[0]["count"])
    return f"""
1. **How many people do we serve, and is anybody on a list who is not here?** {everybody:,} people were found.
   {group("status", "Registered")} are registered with a practice and {group("status", "Known, not registered")} are known to a service
   without being registered; {group("status", "Left")} have left and {group("status", "Died")} have died, and no population counts them.
   *(Headline, Age and sex)*
2. **Who falls between services?** {cohort("hospital-and-no-practice")} people are known to a hospital and registered nowhere.
   {cohort("frail-without-care-package")} registered people of 75 and over are frail and have no care package open. Children known to social
   care, housing or charities and to no health provider: {cohort("children-without-health-care")}. *(Cohorts)*
3. **Where is the need?** Most people live in {", ".join(f"{row['area']} ({said(row['people'])})" for row in places)}. Of those of
   80 and over, {frail("Severely frail")} are severely frail and {frail("Moderately frail")} moderately. *(Places, Segments)*
4. **Which services see the same people?** The largest group that several kinds of service know, {said(together["count"])} people, is known to
   {together["group"].replace(" + ", ", ")}. {group("known_to", "1 provider")} people are known to one provider only.
   *(Services, Shared people)*
5. **Can I rely on it, and who should put what right first?** Of {group("accounts", "Rows read")} rows read,
   {group("accounts", "Rows quarantined")} could not be used and {group("accounts", "Rows withheld")} may not be. The group that linking is
   least sure of is "{unsure["group"]}": of 1,000 of them put together from several records, {unsure["expected_wrong_per_1000"]} are expected to
   hold a record of somebody else. Fewest usable NHS numbers come from {names[numbers["provider"]]}: {float(numbers["usable_percent"]):.0f} % of its
   records. *(Every row, How it was linked, Data quality)*
"""


def write_answers(summary):
    page = HERE.parent / "tour.md"
    begin, end = "<!-- answers: docs/tour/make.py writes them -->", "<!-- end of the answers -->"
    before, rest = page.read_text().split(begin)
    page.write_text(before + begin + answers(summary) + end + rest.split(end)[1])


def main(onefolk, folder):
    demo = copy_of_demo(folder / "demo")
    run(onefolk, demo)
    nights(onefolk, folder / "nights")
    write_answers(demo / "out/current/summary")
    reports = [folder / name / "out/current/report.html" for name in ["demo", "nights"]]
    subprocess.run(["node", TOP / "tests/page/tour.js", *reports, HERE], check=True)


if __name__ == "__main__":
    binary = pathlib.Path(sys.argv[1]).resolve()
    if len(sys.argv) > 2:
        main(binary, pathlib.Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(binary, pathlib.Path(temporary))
