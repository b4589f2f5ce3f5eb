//! What people who object rely on: that it is kept, for all their rows, and leaves no trace; and that who must stay apart does.

use crate::common::{self, Night, Person, accounts, job, nhs_number, town};
use std::collections::BTreeSet;
use std::path::Path;

/// One provider's extract of these rows.
fn extract(rows: &[String]) -> String {
    format!("{}\n{}\n", common::HEADER, rows.join("\n"))
}

const KEYED: &str = "[job]\nid_key_file = \"id.key\"\n";

/// A town in two extracts; rows are made without chance, so that leaving some out leaves the rest as it is.
fn two_extracts(people: &[Person], without: &[usize], rest: &str) -> Night {
    let night = Night::new();
    for (id, misspelt) in [("gp", false), ("acute", true)] {
        let row = |(at, person): (usize, &Person)| {
            let mut seen = person.clone();
            if misspelt && at % 3 == 0 {
                seen.given.truncate(3);
                seen.nhs_number.clear();
            }
            seen.exact_row(&format!("{at}"))
        };
        let kept: Vec<String> = people.iter().enumerate().filter(|(at, _)| !without.contains(at)).map(row).collect();
        night.write(&format!("in/{id}.csv"), extract(&kept));
    }
    night.write("id.key", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
    night.write(
        "job.toml",
        job(&[("gp", "in/gp.csv", ""), ("acute", "in/acute.csv", "")], rest).replace("[job]\n", KEYED),
    );
    night
}

const OBJECTIONS: &str = "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n";

#[test]
fn a_local_objection_takes_the_whole_person_out_and_leaves_no_trace() {
    let people = town(200, 53);
    let objectors = [6, 30, 77];
    let night = two_extracts(&people, &[], OBJECTIONS);
    // By record, by number, and one by record in the other extract.
    night.write(
        "objections.csv",
        format!("nhs_number,provider,record_id\n,gp,6\n{},,\n,acute,77\n", people[30].nhs_number),
    );
    night.run().done();
    let withheld = night.table("withheld.parquet");
    let rows: BTreeSet<(&str, &str, &str)> = withheld
        .values("provider")
        .into_iter()
        .zip(withheld.values("record_id"))
        .zip(withheld.values("reason"))
        .map(|((provider, record), reason)| (provider, record, reason))
        .collect();
    let named = "local_objection";
    let linked = "local_objection_linked";
    // The acute row of 30 has lost its number, so that it is found by linking only.
    let expected: BTreeSet<_> = [
        ("gp", "6", named),
        ("acute", "6", linked),
        ("gp", "30", named),
        ("acute", "30", linked),
        ("acute", "77", named),
        ("gp", "77", linked),
    ]
    .into();
    assert_eq!(rows, expected);
    // The same night without these people at all gives the same files, to the byte, but for what says that rows were withheld.
    let without = two_extracts(&people, &objectors, "");
    without.run().done();
    for name in ["model.json", "people.parquet", "links.parquet", "review.parquet", "changes.parquet"] {
        let (one, other) = (std::fs::read(night.current(name)).unwrap(), std::fs::read(without.current(name)).unwrap());
        assert!(one == other, "{name} shows that the objectors were there");
    }
    assert_eq!(night.person_ids(), without.person_ids());
    // Nowhere but in withheld.parquet, which names rows and no values.
    for (name, bytes) in common::files_below(&night.output().join("runs")) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for at in objectors {
            assert!(!text.contains(&people[at].nhs_number), "{} holds an objector's number", name.display());
        }
    }
    for name in ["crosswalk.parquet", "people.parquet"] {
        let table = night.table(name);
        for at in objectors {
            assert!(!table.rows.iter().flatten().any(|value| *value == people[at].nhs_number), "{name}");
        }
    }
}

#[test]
fn an_objection_holds_from_its_first_day_to_its_last() {
    let people = town(60, 54);
    let withheld = |line: &str| {
        let night = two_extracts(&people, &[], OBJECTIONS);
        night.write("objections.csv", format!("provider,record_id,from,until\ngp,5,{line}\n"));
        night.run().done();
        night.table("withheld.parquet").rows.len()
    };
    for holds in [",", "2026-11-22,", ",2026-11-22", "2026-11-22,2026-11-22"] {
        assert_eq!(withheld(holds), 2, "{holds}");
    }
    for not in ["2026-11-23,", ",2026-11-21", "2020-01-01,2026-11-21"] {
        assert_eq!(withheld(not), 0, "{not}");
    }
}

#[test]
fn an_objection_with_a_replaced_number_finds_the_new_one() {
    let people = town(60, 55);
    let old = nhs_number(8000);
    let rest = format!("{OBJECTIONS}[[nhs_number_replaced]]\nfiles = [\"replaced.csv\"]\n");
    let night = two_extracts(&people, &[], &rest);
    night.write("replaced.csv", format!("old,new\n{old},{}\n", people[4].nhs_number));
    night.write("objections.csv", format!("nhs_number\n{old}\n"));
    night.run().done();
    let ids: BTreeSet<String> =
        night.table("withheld.parquet").values("record_id").into_iter().map(String::from).collect();
    assert_eq!(ids, BTreeSet::from(["4".to_string()]));
}

fn append(night: &Night, file: &Path, row: &str) {
    let text = std::fs::read_to_string(night.path("").join(file)).unwrap();
    night.write(file.to_str().unwrap(), text + row + "\n");
}

#[test]
fn pairs_that_must_stay_apart_do_even_where_they_are_identical() {
    let people = town(100, 56);
    let twin = people[10].exact_row("twin");
    let person_of = |rest: &str, lines: &str| {
        let night = two_extracts(&people, &[], rest);
        append(&night, Path::new("in/acute.csv"), &twin);
        night.write("apart.csv", lines);
        night.run().done();
        let ids = night.person_ids();
        ["gp", "acute"].map(|provider| {
            ids[&(provider.to_string(), if provider == "gp" { "10" } else { "twin" }.to_string())].clone()
        })
    };
    let [gp, twin_id] = person_of("", "");
    assert_eq!(gp, twin_id, "without a list they are one person");
    let list = "[[never_link]]\nfiles = [\"apart.csv\"]\n";
    let [gp, twin_id] = person_of(list, "gp:10,acute:twin\n");
    assert_ne!(gp, twin_id);
    // By number: whoever has it, and the record that must not be with them, which has it, too.
    let [gp, twin_id] = person_of(list, &format!("{},acute:twin\n", people[10].nhs_number));
    assert_ne!(gp, twin_id);
}

#[test]
fn a_replaced_number_joins_what_it_stands_for() {
    let people = town(100, 57);
    // The same woman after marriage, a move and a new number: nothing but the authority's line connects the two.
    let mut later = people[20].clone();
    (later.nhs_number, later.family, later.address, later.postcode, later.phone) =
        (nhs_number(8100), "Ravensworth".into(), "3 Lodestar Mews".into(), "HX1 1AA".into(), String::new());
    let together = |rest: &str| {
        let night = two_extracts(&people, &[], rest);
        append(&night, Path::new("in/acute.csv"), &later.exact_row("later"));
        night.write("replaced.csv", format!("{},{}\n", people[20].nhs_number, later.nhs_number));
        night.run().done();
        let ids = night.person_ids();
        ids[&("gp".to_string(), "20".to_string())] == ids[&("acute".to_string(), "later".to_string())]
    };
    assert!(!together(""));
    assert!(together("[[nhs_number_replaced]]\nfiles = [\"replaced.csv\"]\n"));
}

/// Codes for why an identity is withheld.
const REASONS: [&str; 5] = ["01", "02", "03", "97", "99"];

#[test]
fn rows_that_carry_a_withheld_identity_reason_are_counted_and_never_linked() {
    let people = town(120, 67);
    let night = two_extracts(&people, &[], "");
    // Nobody whose number divides by three, so that the two rows of each are the same but for the id of the extract.
    let both: Vec<usize> = vec![10, 11, 13, 14, 16];
    let (unknown_code, at_practice) = (17, 19);
    let no_reason = [(20, "00"), (22, "N"), (23, "no"), (25, "n/a")];
    let code = |provider: &str, at: usize| match both.iter().position(|withheld| *withheld == at) {
        Some(place) => REASONS[place],
        None if at == unknown_code => "by order",
        None if at == at_practice && provider == "gp" => "02",
        None => no_reason.iter().find(|(person, _)| *person == at).map_or("", |(_, code)| *code),
    };
    for provider in ["gp", "acute"] {
        let file = format!("in/{provider}.csv");
        let text = std::fs::read_to_string(night.path(&file)).unwrap();
        let rows: Vec<String> =
            text.lines().skip(1).enumerate().map(|(at, row)| format!("{row},{}", code(provider, at))).collect();
        night.write(&file, format!("{},withheld\n{}\n", common::HEADER, rows.join("\n")));
    }
    let column = "phone = \"phone\"\n";
    common::edit(&night.path("job.toml"), column, &format!("{column}withheld_identity_reason = \"withheld\"\n"));
    night.run().done().names_nobody(&people);
    let line = |provider: &str, at: usize| [provider.to_string(), at.to_string(), "withheld_identity".to_string()];
    let mut expected = BTreeSet::from([line("gp", at_practice)]);
    for at in both.iter().copied().chain([unknown_code]) {
        expected.extend([line("gp", at), line("acute", at)]);
    }
    assert_eq!(withheld(&night), expected);
    // Neither is anybody, and so neither is linked; of the one that only the practice withholds the other stands alone.
    for [provider, record, _] in &expected {
        assert!(!known(&night, provider, record), "{provider} {record}");
    }
    let ids = night.person_ids();
    let of = |provider: &str, at: usize| &ids[&(provider.to_string(), at.to_string())];
    let alone = of("acute", at_practice);
    assert_eq!(ids.values().filter(|id| *id == alone).count(), 1);
    let table = night.table("people.parquet");
    for at in both.into_iter().chain([unknown_code]) {
        assert!(!table.rows.iter().flatten().any(|value| *value == people[at].nhs_number), "{at}");
    }
    // What says that there is no reason withholds nothing, and the same rows are one person.
    for (at, code) in no_reason {
        assert_eq!(of("gp", at), of("acute", at), "{code}");
    }
}

// --- what was kept before somebody objected ---------------------------------------------------

/// A practice, and a hospital that knows the same people under its own record_ids; a row that cannot be read holds one's number.
fn kept_nights(people: &[Person]) -> Night {
    let night = two_extracts(people, &[], OBJECTIONS);
    append(&night, Path::new("in/gp.csv"), &format!("ragged,{}", people[9].nhs_number));
    night.write("objections.csv", "nhs_number,provider,record_id\n");
    night
}

/// Every file below `folder` in which one of the words stands, as plain text or in a table; withheld.parquet may.
fn holding(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, bytes) in common::files_below(folder) {
        let shown = name.display().to_string();
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if shown.ends_with(".zst") {
            text = String::from_utf8(zstd::decode_all(&bytes[..]).expect("it is zstd")).expect("it is text");
        }
        if shown.ends_with(".parquet") {
            let table = common::table(&folder.join(&name));
            text = table.rows.concat().join("\n");
        }
        if !shown.ends_with("withheld.parquet") && words.iter().any(|word| text.contains(word)) {
            found.push(shown);
        }
    }
    found
}

#[test]
fn kept_runs_and_kept_extracts_lose_whoever_objects_with_the_next_night() {
    let mut people = town(160, 61);
    // Nobody shares a given name with these, so that any trace of them is found.
    for (nth, at) in [9, 30, 77].into_iter().enumerate() {
        people[at].given = format!("Zqx{}", ["ab", "cd", "ef"][nth]);
    }
    let night = kept_nights(&people);
    for _ in 0..2 {
        night.run().done();
    }
    let words: Vec<&str> =
        [9, 30, 77].iter().flat_map(|&at| [people[at].nhs_number.as_str(), people[at].given.as_str()]).collect();
    let before = holding(&night.output(), &words);
    for expected in ["runs/2026-11-22-01/people.parquet", "runs/2026-11-22-01/quarantine.parquet", "state/inputs"] {
        assert!(before.iter().any(|name| name.starts_with(expected)), "{expected} of {before:?}");
    }
    let old = night.output().join("runs/2026-11-22-01");
    let (untouched, rows_before) = (night.person_ids(), accounts(&old));
    // By number, and by record in either extract.
    night.write(
        "objections.csv",
        format!("nhs_number,provider,record_id\n{},,\n,gp,30\n,acute,77\n", people[9].nhs_number),
    );
    let done = night.run_with(&["--json"]).done();
    done.names_nobody(&people);
    assert_eq!(holding(&night.output(), &words), Vec::<String>::new());
    let told: serde_json::Value = serde_json::from_str(&done.stdout).expect("only JSON on standard output");
    let purged = told["purged"].as_array().expect("a list").clone();
    let runs: Vec<&str> = purged.iter().map(|run| run["run_id"].as_str().expect("a name")).collect();
    assert_eq!(runs, ["2026-11-22-01", "2026-11-22-02"]);
    for run in &purged {
        assert_eq!((&run["rows"], &run["people"], &run["texts"]), (&6.into(), &3.into(), &1.into()), "{run}");
    }
    // The accounts of a purged run still add up, it says itself what has happened, and everybody else is as they were.
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(old.join("run.json")).unwrap()).unwrap();
    assert_eq!(json["purged"][0]["by"], "2026-11-22-03");
    for (file, account) in accounts(&old) {
        assert_eq!(common::account_of(&json, &file), (account.rows(), account), "{file}");
        assert_eq!((account.rows(), account.withheld), (rows_before[&file].rows(), 3), "{file}");
    }
    let crosswalk = common::table(&old.join("crosswalk.parquet"));
    assert_eq!(crosswalk.rows.len(), untouched.len() - 6);
    for row in &crosswalk.rows {
        assert_eq!(untouched[&(row[0].clone(), row[1].clone())], row[5]);
    }
    // Nothing new is asked: nothing is written again; and a purged run can be made current.
    let standing = common::files_below(&old);
    night.run().done();
    assert!(common::files_below(&old) == standing);
    let mut rollback = common::onefolk();
    rollback.arg("rollback").arg(night.path("job.toml")).arg("2026-11-22-01");
    common::outcome(rollback).done();
}

#[test]
fn an_extract_that_is_kept_without_objectors_stands_in_with_the_rows_numbers_as_sent() {
    let people = town(120, 62);
    let night = kept_nights(&people);
    night.write("objections.csv", format!("nhs_number\n{}\n{}\n", people[3].nhs_number, people[50].nhs_number));
    night.run().done();
    let rows = |night: &Night| {
        let table = night.table("crosswalk.parquet");
        let rows: BTreeSet<Vec<String>> = table.rows.into_iter().map(|row| row[..4].to_vec()).collect();
        (rows, night.person_ids())
    };
    let as_sent = rows(&night);
    // Made of the same the next night, it is left as it is; where it is gone it is written again.
    let inputs = night.output().join("state/inputs");
    let kept = common::files_below(&inputs);
    let extract =
        kept.keys().find(|name| name.to_string_lossy().starts_with("acute/") && name.ends_with("rows.csv.zst"));
    for gone in [None, extract] {
        let _ = gone.map(|name| std::fs::remove_file(inputs.join(name)).expect("it stands"));
        night.run().done();
        assert!(common::files_below(&inputs) == kept, "{gone:?}");
    }
    std::fs::remove_file(night.path("in/acute.csv")).unwrap();
    let warned = night.run().done();
    assert!(warned.stderr.contains("provider acute has sent nothing usable"), "{}", warned.stderr);
    assert!(rows(&night) == as_sent, "the same rows under the same numbers and people");
    // Somebody objects while the last good extract stands: it is written anew, and stands on.
    let number = people[60].nhs_number.as_str();
    assert!(!holding(&night.output().join("state/inputs"), &[number]).is_empty());
    night.write("objections.csv", format!("nhs_number\n{number}\n{}\n", people[3].nhs_number));
    night.run().done();
    assert_eq!(holding(&night.output(), &[number]), Vec::<String>::new());
    let (now, _) = rows(&night);
    let without = |row: &&Vec<String>| !["60", "50"].contains(&row[1].as_str());
    let expected: BTreeSet<Vec<String>> = as_sent.0.iter().filter(without).cloned().collect();
    let kept: BTreeSet<Vec<String>> = now.iter().filter(without).cloned().collect();
    assert!(kept == expected);
}

#[test]
fn a_purge_that_is_killed_is_finished_by_the_next_night() {
    let people = town(150, 63);
    let words = [people[30].nhs_number.as_str()];
    for wait in [0, 3, 8, 15, 30, 60] {
        let night = kept_nights(&people);
        for _ in 0..3 {
            night.run().done();
        }
        night.write("objections.csv", format!("nhs_number\n{}\n", people[30].nhs_number));
        let mut run = night.start();
        // The new run stands, and the kept ones are being purged.
        let current = night.output().join("current");
        while !std::fs::read_link(&current).is_ok_and(|target| target.ends_with("2026-11-22-04")) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        std::thread::sleep(std::time::Duration::from_millis(wait));
        run.kill().expect("it is ours");
        run.wait().expect("it ends");
        assert!(night.current("people.parquet").is_file(), "what stands is whole");
        night.run().done();
        assert_eq!(holding(&night.output(), &words), Vec::<String>::new(), "killed after {wait} ms");
        let runs: BTreeSet<String> = std::fs::read_dir(night.output().join("runs"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(runs, (1..=5).map(|nth| format!("2026-11-22-{nth:02}")).collect(), "killed after {wait} ms");
    }
}

/// The rows that stand in withheld.parquet: provider, record_id and reason.
fn withheld(night: &Night) -> BTreeSet<[String; 3]> {
    let table = night.table("withheld.parquet");
    let columns = ["provider", "record_id", "reason"].map(|name| table.column(name));
    table.rows.iter().map(|row| columns.map(|at| row[at].clone())).collect()
}

fn known(night: &Night, provider: &str, record: &str) -> bool {
    night.person_ids().contains_key(&(provider.to_string(), record.to_string()))
}

#[test]
fn what_is_held_of_a_provider_that_sends_changes_loses_whoever_objects_and_nobody_comes_back_through_it() {
    let mut people = town(80, 64);
    people[30].given = "Zqxab".into();
    let night = Night::new();
    let rows = |at: std::ops::Range<usize>, letter: char| {
        at.map(|at| people[at].exact_row(&format!("{letter}{at}"))).collect::<Vec<_>>()
    };
    night.write("in/gp.csv", extract(&rows(0..80, 'g')));
    night.write("in/hospice-1.csv", extract(&rows(20..50, 'h')));
    night.write("objections.csv", "provider,record_id\n");
    let listed = [("gp", "in/gp.csv", ""), ("hospice", "in/hospice-*.csv", "mode = \"changes\"")];
    night.write("job.toml", common::job(&listed, OBJECTIONS));
    night.run().done();
    std::fs::remove_file(night.path("in/hospice-1.csv")).unwrap();
    let words = [people[30].nhs_number.as_str(), people[30].given.as_str()];
    let state = night.output().join("state");
    assert!(holding(&state, &words).contains(&"changes/hospice/standing.csv".to_string()));

    // The record at the hospice is named; that of the practice is known through it alone.
    night.write("objections.csv", "provider,record_id\nhospice,h30\n");
    night.run().done();
    let line = |parts: [&str; 3]| parts.map(str::to_string);
    let (named, linked) = (line(["hospice", "h30", "local_objection"]), line(["gp", "g30", "local_objection_linked"]));
    assert_eq!(withheld(&night), [named.clone(), linked.clone()].into());
    assert_eq!(holding(&night.output(), &words), Vec::<String>::new());
    let places = |night: &Night| {
        let table = night.table("crosswalk.parquet");
        table.rows.iter().map(|row| row[..4].to_vec()).collect::<BTreeSet<_>>()
    };
    let before = places(&night);
    let explained = |left: &str, right: &str| {
        let mut explain = common::onefolk();
        explain.args(["explain", "pair", left, right, "--job"]).arg(night.path("job.toml"));
        common::outcome(explain)
    };
    explained("gp:g49", "hospice:h49").done();

    // The row is gone, the objection stands: the other stays withheld, and so does a new one that has the number.
    let told = night.run().done();
    told.names_nobody(&people);
    assert_eq!(withheld(&night), [linked.clone()].into());
    assert!(places(&night) == before, "rows keep their numbers");
    let mut more = rows(0..80, 'g');
    more.push(common::Person { family: "Other".into(), ..people[30].clone() }.exact_row("new"));
    night.write("in/gp.csv", extract(&more));
    night.write("in/hospice-2.csv", extract(&rows(60..62, 'h')));
    night.run().done();
    assert_eq!(withheld(&night), [linked, line(["gp", "new", "local_objection_linked"])].into());
    assert!(known(&night, "hospice", "h61") && known(&night, "hospice", "h49"));
    assert!(places(&night).contains(&vec![
        "hospice".into(),
        "h20".into(),
        "out/state/changes/hospice/standing.csv".into(),
        "1".into()
    ]));

    // Nothing is known without what is remembered.
    let memory = std::fs::read(state.join("objected.json")).unwrap();
    night.write("out/state/objected.json", &memory[..memory.len() / 2]);
    night.run().failed(4, "OF0539");
    night.write("out/state/objected.json", memory);

    // It is withdrawn: whoever is still sent is back at once, the record of the hospice once it sends it again.
    night.write("objections.csv", "provider,record_id\n");
    night.run().done();
    assert!(withheld(&night).is_empty() && known(&night, "gp", "g30") && !known(&night, "hospice", "h30"));
    assert!(!state.join("objected.json").exists());
    night.write("in/hospice-3.csv", extract(&rows(30..31, 'h')));
    night.run().done();
    assert!(known(&night, "hospice", "h30"));
}

#[test]
fn nobody_comes_back_where_a_last_good_extract_stands_in_without_the_row_that_was_named() {
    let people = town(120, 65);
    let night = kept_nights(&people);
    night.write("objections.csv", "provider,record_id\nacute,60\n");
    night.run().done();
    let both = withheld(&night);
    assert_eq!(both.len(), 2);
    let acute = std::fs::read(night.path("in/acute.csv")).unwrap();
    std::fs::remove_file(night.path("in/acute.csv")).unwrap();
    night.run().done();
    let practice = ["gp", "60", "local_objection_linked"].map(str::to_string);
    assert_eq!(withheld(&night), [practice].into());
    // With the extract as it is sent all is found out anew.
    night.write("in/acute.csv", acute);
    night.run().done();
    assert_eq!(withheld(&night), both);
}

/// The row that the objection named is gone; what is known of the person is known by memory alone.
#[test]
fn whoever_is_listed_anew_in_another_way_objects_as_before() {
    let people = town(80, 66);
    let night = Night::new();
    let unnumbered =
        |at: usize| Person { nhs_number: String::new(), ..people[at].clone() }.exact_row(&format!("g{at}"));
    night.write("in/gp.csv", extract(&(0..80).map(unnumbered).collect::<Vec<_>>()));
    let hospice: Vec<String> = (20..50).map(|at| people[at].exact_row(&format!("h{at}"))).collect();
    night.write("in/hospice-1.csv", extract(&hospice));
    let listed = [("gp", "in/gp.csv", ""), ("hospice", "in/hospice-*.csv", "mode = \"changes\"")];
    night.write("job.toml", common::job(&listed, OBJECTIONS));
    let number = &people[30].nhs_number;
    night.write("objections.csv", format!("nhs_number\n{number}\n"));
    night.run().done();
    let line = |parts: [&str; 3]| parts.map(str::to_string);
    let (named, linked) = (line(["hospice", "h30", "local_objection"]), line(["gp", "g30", "local_objection_linked"]));
    assert_eq!(withheld(&night), [named, linked.clone()].into());
    let audit = std::fs::read_to_string(night.output().join("state/audit.jsonl")).expect("it stands");
    let purged = audit.lines().filter(|line| line.contains("\"purge\"") && line.contains("\"hospice\""));
    assert_eq!(purged.count(), 1, "who takes rows out of what is held says so");
    let spaced = format!("{} {} {}", &number[..3], &number[3..6], &number[6..]);
    for list in [
        format!("nhs_number\n{spaced}\n"),
        "provider,record_id\nhospice,h30\n".into(),
        format!("nhs_number\n{number}\n"),
        "provider,record_id\ngp,g30\n".into(),
        "provider,record_id\nhospice,h30\n".into(),
    ] {
        night.write("objections.csv", &list);
        night.run().done();
        let reason = if list.contains("g30") { "local_objection" } else { "local_objection_linked" };
        assert_eq!(withheld(&night), [line(["gp", "g30", reason])].into(), "{list}");
    }
    night.write("objections.csv", "provider,record_id\n");
    night.run().done();
    assert!(withheld(&night).is_empty() && known(&night, "gp", "g30"));
}
