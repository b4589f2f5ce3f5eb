//! What somebody relies on who follows people over nights: a recipient when a secret has leaked and pseudonyms change, and whoever asks what was
//! done with the record that theirs was part of.

use crate::common::releases::{RELEASES, approve, approve_all, night, opened, released};
use crate::common::{self, Night, Outcome, Table, outcome, town};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn command(night: &Night, arguments: &[&str]) -> Outcome {
    let mut command = common::onefolk();
    command.args(arguments).arg(night.path("job.toml"));
    outcome(command)
}

/// Pseudonym by the tag that tells whose line it is.
fn pseudonyms(table: &Table) -> BTreeMap<String, String> {
    let own = |values: Vec<&str>| values.into_iter().map(String::from).collect::<Vec<_>>();
    own(table.values("tag")).into_iter().zip(own(table.values("pseudonym"))).collect()
}

#[test]
fn a_leaked_secret_is_replaced_and_the_recipient_can_follow_its_people() {
    let night = night(&town(120, 74), RELEASES, "");
    command(&night, &["keys", "rotate"]).failed(4, "OF0730");
    approve_all(&night);
    night.run().done();
    let (before, of_research) = (pseudonyms(&released(&night, "planning")), pseudonyms(&released(&night, "research")));
    // Nothing is before the first secret and the first generation.
    let identity = age::x25519::Identity::generate();
    common::edit(
        &night.path("job.toml"),
        "columns = [\"tag\", \"postcode_district\"",
        &format!(
            "overlap = true\nencrypt_to = [\"{}\"]\ncolumns = [\"tag\", \"postcode_district\"",
            identity.to_public()
        ),
    );
    night.run().failed(2, "OF0101");
    common::edit(&night.path("job.toml"), "overlap = true\n", "");
    let told = command(&night, &["keys", "rotate"]).done().stdout;
    assert!(told.contains("state/release.key.previous"), "{told}");
    let secret = std::fs::read_to_string(night.output().join("state/release.key")).expect("it stands");
    assert!(!told.contains(secret.trim()), "a secret was printed");
    common::edit(&night.path("job.toml"), "encrypt_to = [", "overlap = true\nencrypt_to = [");
    approve(&night, "planning", "Ann", "governance_lead").done();
    approve(&night, "planning", "Bo", "lay_partner").done();
    night.run().done();
    let after = pseudonyms(&opened(&night, "releases/planning/people.parquet", &identity));
    let overlap = opened(&night, "releases/planning/overlap.parquet", &identity);
    let bridge: BTreeMap<&str, &str> =
        overlap.values("pseudonym_before").into_iter().zip(overlap.values("pseudonym")).collect();
    assert_eq!(bridge.len(), before.len());
    for (tag, pseudonym) in &before {
        assert_ne!(pseudonym, &after[tag]);
        assert_eq!(bridge[pseudonym.as_str()], after[tag]);
    }
    // Every release has others, with or without a table, and only who asked for one has it.
    let now = pseudonyms(&released(&night, "research"));
    let values = |of: &BTreeMap<String, String>| of.values().cloned().collect::<BTreeSet<_>>();
    assert!(values(&now).is_disjoint(&values(&of_research)));
    assert!(!night.current("releases/research/overlap.parquet").exists());
    // What is kept is not overwritten, and once it is gone no table leads from anything else.
    command(&night, &["keys", "rotate"]).failed(2, "OF0733");
    std::fs::remove_file(night.output().join("state/release.key.previous")).expect("it stands");
    common::edit(&night.path("job.toml"), "overlap = true\n", "pseudonym_generation = 2\noverlap = true\n");
    approve(&night, "planning", "Ann", "governance_lead").done();
    approve(&night, "planning", "Bo", "lay_partner").done();
    // From the generation that the recipient has: of the new secret.
    night.run().done();
    let overlap = opened(&night, "releases/planning/overlap.parquet", &identity);
    let led_from: BTreeSet<&str> = overlap.values("pseudonym_before").into_iter().collect();
    assert!(after.values().all(|pseudonym| led_from.contains(pseudonym.as_str())));
    let audit = command(&night, &["audit", "show", "--json", "--event", "key_rotated"]).done().stdout;
    let audit: Value = serde_json::from_str(&audit).expect("it is JSON");
    assert_eq!(audit["entries"].as_array().map(Vec::len), Some(1));
    command(&night, &["audit", "verify"]).done();
}

#[test]
fn a_list_of_whose_lines_were_released_cannot_be_changed_unseen() {
    let night = night(&town(60, 76), RELEASES, "");
    approve_all(&night);
    night.run().done();
    let verdict = command(&night, &["audit", "verify"]).done().stdout;
    assert!(verdict.contains("lists of whose lines releases held are what was kept"), "{verdict}");
    let lists = night.output().join("state/releases");
    let list = std::fs::read_dir(&lists).expect("it stands").flatten().next().expect("there is one").path();
    let whole = std::fs::read(&list).expect("it stands");
    std::fs::remove_file(&list).expect("it stands");
    let verdict = command(&night, &["audit", "verify"]);
    assert_eq!(verdict.status, Some(4), "{}", verdict.stdout);
    assert!(verdict.stdout.contains("is missing") && verdict.stderr.ends_with("(OF0711)\n"), "{}", verdict.stderr);
    let somebody = zstd::encode_all(&b"0FX3M8RQ2T6V9K1Z"[..], 0).expect("memory can be written");
    std::fs::write(&list, somebody).expect("there is room");
    let verdict = command(&night, &["audit", "verify"]);
    assert!(verdict.status == Some(4) && verdict.stdout.contains("was changed"), "{}", verdict.stdout);
    std::fs::write(&list, whole).expect("there is room");
    command(&night, &["audit", "verify"]).done();
}

#[test]
fn whoever_is_parted_from_a_record_is_told_who_has_seen_it_until_then() {
    let night = Night::of(&town(120, 61));
    common::edit(&night.path("job.toml"), "[job]\n", "[[never_link]]\nfiles = [\"apart.csv\"]\n[job]\n");
    night.write("apart.csv", "one,other\n");
    night.run().done();
    let ids = night.person_ids();
    let in_both = |at: usize| {
        let of = |provider: &str, file: usize| ids.get(&(provider.to_string(), format!("{file}-{at}")));
        of("gp", 0).zip(of("acute", 1)).filter(|(gp, acute)| gp == acute).map(|(id, _)| (at, id.clone()))
    };
    let (at, old) = (0..120).find_map(in_both).expect("somebody is known to both");
    let look_up = |person: &str| {
        let mut look = common::onefolk();
        look.args(["explain", "person", person, "--show-identifiers", "--job"]).arg(night.path("job.toml"));
        outcome(look).done();
    };
    look_up(&old);
    night.write("apart.csv", format!("one,other\ngp:0-{at},acute:1-{at}\n"));
    night.run().done();
    let ids = night.person_ids();
    let [gp, acute] =
        [("gp", 0), ("acute", 1)].map(|(id, file)| ids[&(id.to_string(), format!("{file}-{at}"))].clone());
    assert_ne!(gp, acute);
    let new = if gp == old { &acute } else { &gp };
    look_up(&old);
    look_up(new);
    let told = command(&night, &["audit", "show", "--json", "--person", new]).done().stdout;
    let told: Value = serde_json::from_str(&told).expect("it is JSON");
    let numbers: Vec<u64> =
        told["entries"].as_array().expect("a list").iter().filter_map(|entry| entry["entry"].as_u64()).collect();
    // run, look-up of the one record, run, look-up of the old one, look-up of the new one
    assert_eq!(numbers, [2, 5]);
    let parted = &told["parted_from"][0];
    assert_eq!((&parted["person_id"], &parted["entries"]), (&old.clone().into(), &serde_json::json!([2])));
    assert_eq!(parted["run_id"], "2026-11-22-02");
    let words = command(&night, &["audit", "show", "--person", new]).done().stdout;
    assert!(words.contains("part of until the night of") && words.contains(&old), "{words}");
}
