//! What somebody relies on who asks what another model would have made of the nights that are kept.

use crate::common::{self, Night, Outcome, Person, outcome, town};
use serde_json::Value;
use std::collections::BTreeMap;

fn backtest(night: &Night, arguments: &[&str]) -> Outcome {
    let mut command = common::onefolk();
    command.arg("backtest").arg(night.path("job.toml")).args(arguments);
    outcome(command)
}

fn told(night: &Night, model: &str, nights: &str) -> Value {
    let done = backtest(night, &["--model", model, "--nights", nights, "--json"]).done();
    serde_json::from_str(&done.stdout).expect("only JSON")
}

/// The lines of a practice's extract, its header first.
fn lines(night: &Night) -> Vec<String> {
    std::fs::read_to_string(night.path("in/gp.csv")).unwrap().lines().map(str::to_string).collect()
}

/// Three nights: the first one's rows are partly edited and partly gone on the second, and the third only adds some.
fn three_nights(people: &[Person]) -> Night {
    let night = Night::of(people);
    night.run().done();
    let mut gp = lines(&night);
    gp.drain(1..6);
    for line in &mut gp[1..21] {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[8] = "07700 900123";
        *line = cells.join(",");
    }
    night.write("in/gp.csv", gp.join("\n") + "\n");
    common::edit(&night.path("job.toml"), "as_of = 2026-11-22", "as_of = 2026-11-23");
    night.run().done();
    gp.extend((0..8).map(|at| people[at * 20].exact_row(&format!("late-{at}"))));
    night.write("in/gp.csv", gp.join("\n") + "\n");
    common::edit(&night.path("job.toml"), "as_of = 2026-11-23", "as_of = 2026-11-24");
    night.run().done();
    night
}

/// The rows of a run's crosswalk: provider, record_id and identity_id.
fn rows(night: &Night, run: &str) -> Vec<[String; 3]> {
    let table = common::table(&night.output().join("runs").join(run).join("crosswalk.parquet"));
    let columns = ["provider", "record_id", "identity_id"].map(|name| table.column(name));
    table.rows.iter().map(|row| columns.map(|column| row[column].clone())).collect()
}

#[test]
fn the_model_of_the_nights_gives_every_night_again() {
    let people = town(220, 81);
    let night = three_nights(&people);
    let own = night.output().join("state/model.json").display().to_string();
    let everything = common::files_below(&night.output());
    let nights = told(&night, &own, "14")["nights"].clone();
    assert!(common::files_below(&night.output()) == everything, "a backtest writes nothing");
    let replayed = nights["replayed"].as_array().unwrap();
    let names = ["2026-11-22-01", "2026-11-23-01", "2026-11-24-01"];
    assert_eq!(replayed.iter().map(|one| one["run_id"].as_str().unwrap()).collect::<Vec<_>>(), names);
    assert_eq!(nights["not_replayed"], serde_json::json!([]));
    let today = rows(&night, names[2]);
    for (one, run) in replayed.iter().zip(names) {
        let of_run = rows(&night, run);
        let had = of_run.iter().filter(|row| today.contains(row)).count();
        assert_eq!((one["rows"].as_u64(), one["rows_had"].as_u64()), (Some(of_run.len() as u64), Some(had as u64)));
        assert_eq!((&one["merged"], &one["split"], &one["rearranged"]), (&0.into(), &0.into(), &0.into()), "{one}");
        assert_eq!((&one["people_before"], &one["unchanged"]), (&one["people_after"], &one["people_after"]));
        assert_eq!((one["differences"].as_array().map(Vec::len), &one["ids_before"]), (Some(0), &one["ids_after"]));
    }
    // Of the first night some is missing; the others stand whole, and give what was published.
    assert!(replayed[0]["rows_had"].as_u64().unwrap() + 20 < replayed[0]["rows"].as_u64().unwrap());
    assert!(replayed[0]["ids_before"].is_null(), "nothing is before it");
    for (one, run) in replayed[1..].iter().zip(&names[1..]) {
        assert_eq!(one["rows_had"], one["rows"]);
        let published = common::table(&night.output().join("runs").join(run).join("people.parquet"));
        assert_eq!(one["people_before"], published.rows.len());
    }
    // What happened to person_ids on the last night is what the ledger has said of it.
    let mut said: BTreeMap<String, u64> = BTreeMap::new();
    let changes = night.table("changes.parquet");
    changes.values("change").iter().for_each(|change| *said.entry(change.to_string()).or_default() += 1);
    assert!(said.contains_key("grown"), "{said:?}");
    for kind in ["new", "grown", "shrunk", "merged", "split", "retired"] {
        assert_eq!(replayed[2]["ids_before"][kind], said.get(kind).copied().unwrap_or(0), "{kind}");
    }
    // As many as were asked for, the newest; and none where nobody asked.
    let two = told(&night, &own, "2")["nights"]["replayed"].clone();
    assert_eq!(two.as_array().unwrap().iter().map(|one| &one["run_id"]).collect::<Vec<_>>(), names[1..]);
    assert_eq!(backtest(&night, &["--model", &own, "--nights", "0"]).status, Some(2));
    let plain = backtest(&night, &["--model", &own, "--json"]).done();
    assert!(!plain.stdout.contains("\"nights\""), "{}", plain.stdout);
}

#[test]
fn whom_another_model_would_have_divided_is_told_night_by_night() {
    let people = town(220, 82);
    let night = three_nights(&people);
    let misled = common::misled_model(&night, "misled.json").display().to_string();
    let tested = told(&night, &misled, "3");
    let replayed = tested["nights"]["replayed"].as_array().unwrap();
    let groups = |one: &Value| one["differences"].as_array().unwrap().clone();
    // The current run, linked again, is what the backtest of today says of it.
    let last = &replayed[2];
    assert_eq!(
        [&last["people_before"], &last["people_after"], &last["unchanged"]],
        [&tested["people_before"], &tested["people_after"], &tested["unchanged"]]
    );
    assert_eq!(groups(last).len(), tested["differences"].as_array().unwrap().len());
    let ids = night.person_ids();
    let current: Vec<&String> = ids.values().collect();
    for group in groups(last) {
        assert!(
            group["people"].as_array().unwrap().iter().all(|id| current.iter().any(|known| *known == id)),
            "{group}"
        );
    }
    // On earlier nights somebody had fewer rows: these groups are told too, the others only once.
    let divided = last["split"].as_u64().unwrap();
    assert!(divided > 50, "{last}");
    let earlier: usize = replayed[..2].iter().map(|one| groups(one).len()).sum();
    assert!(earlier > 0 && (earlier as u64) < divided, "{earlier} of {divided}");
    // A ledger that had followed it would have issued other ids, and had nobody to divide afterwards.
    let (with_today, with_it) = (&last["ids_before"], &last["ids_after"]);
    assert!(with_it["before"].as_u64() > with_today["before"].as_u64(), "{last}");

    let said = backtest(&night, &["--model", &misled, "--nights", "3"]).done();
    said.names_nobody(&people);
    assert!(
        said.stdout.contains("\nNight by night, ") && said.stdout.contains("only earlier nights show"),
        "{}",
        said.stdout
    );
    // One that cannot be read is named, and the others are linked all the same.
    let crosswalk = night.output().join("runs/2026-11-23-01/crosswalk.parquet");
    let whole = std::fs::read(&crosswalk).unwrap();
    std::fs::write(&crosswalk, &whole[..whole.len() / 2]).unwrap();
    let nights = told(&night, &misled, "3")["nights"].clone();
    assert_eq!(nights["replayed"].as_array().map(Vec::len), Some(2));
    assert_eq!(nights["not_replayed"][0]["run_id"], "2026-11-23-01");
    assert!(nights["not_replayed"][0]["reason"].as_str().unwrap().contains("damaged"), "{nights}");
}
