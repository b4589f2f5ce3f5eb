//! Nights, one after another: ids that last, and a ledger that refuses to be damaged.

use super::*;
use crate::failure::Exit;
use crate::identity::example::{identities, job, numbering, partition, plain};
use crate::job::{Job, Setting};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn example_job() -> Job {
    job(&[("gp", Setting::GeneralPractice, 4)])
}

/// One night: record_ids, and the person of each as a letter. Publishes the ledger's entry as `publish` does.
fn night(output: &Path, number: u32, record_ids: &[&str], letters: &str) -> Identified {
    let identified = dry_night(output, number, record_ids, letters);
    stage(output, &identified.next).unwrap();
    settle(output).unwrap();
    identified
}

fn dry_night(output: &Path, number: u32, record_ids: &[&str], letters: &str) -> Identified {
    let mut job = example_job();
    job.as_of = jiff::civil::date(2026, 11, number as i8);
    let ledger = Ledger::open(output, None).unwrap();
    let (identity_of_record, ids) = identities(record_ids.len());
    let run_id = format!("{}-01", job.as_of);
    assign(&ledger, &job, &plain(record_ids), &partition(letters), &identity_of_record, &ids, &run_id)
}

fn kinds(identified: &Identified) -> Vec<(PersonId, ChangeKind)> {
    identified.changes.iter().map(|change| (change.person_id, change.kind)).collect()
}

#[test]
fn a_second_identical_night_changes_nothing() {
    let output = tempfile::tempdir().unwrap();
    let first = night(output.path(), 1, &["1", "2", "3", "3"], "aabb");
    assert_eq!(first.changes.len(), 2);
    assert!(first.changes.iter().all(|change| change.kind == ChangeKind::New && change.from_run.is_none()));
    let second = night(output.path(), 2, &["1", "2", "3", "3"], "aabb");
    assert_eq!(first.person_ids, second.person_ids);
    assert_eq!(second.changes, []);
    assert_eq!(second.first_seen, [jiff::civil::date(2026, 11, 1); 2]);
    // The order of files and rows does not matter, neither to known people nor to the ids of a first night.
    let third = night(output.path(), 3, &["3", "2", "1"], "baa");
    assert_eq!(third.person_ids, [first.person_ids[1], first.person_ids[0]]);
    assert_eq!(third.changes, []);
}

#[test]
fn ids_do_not_depend_on_the_order_of_rows() {
    let key = tempfile::NamedTempFile::new().unwrap();
    fs::write(key.path(), "ab".repeat(32)).unwrap();
    let ids = |record_ids: &[&str], letters: &str| {
        let output = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(output.path(), Some(key.path())).unwrap();
        let (of_record, identity_ids) = identities(record_ids.len());
        let people = partition(letters);
        assign(&ledger, &example_job(), &plain(record_ids), &people, &of_record, &identity_ids, "2026-11-22-01")
            .person_ids
    };
    let forward = ids(&["1", "2", "3"], "aab");
    let backward = ids(&["3", "2", "1"], "baa");
    assert_eq!(forward, [backward[1], backward[0]]);
}

#[test]
fn growing_and_shrinking_keep_the_id() {
    let output = tempfile::tempdir().unwrap();
    let first = night(output.path(), 1, &["1", "2", "3"], "aab");
    let second = night(output.path(), 2, &["1", "3", "4"], "abb");
    assert_eq!(second.person_ids, first.person_ids);
    let mut expected = [(first.person_ids[0], ChangeKind::Shrunk), (first.person_ids[1], ChangeKind::Grown)];
    expected.sort();
    assert_eq!(kinds(&second), expected);
    assert_eq!(second.changes[0].from_run.as_deref(), Some("2026-11-01-01"));
}

#[test]
fn the_larger_part_of_a_split_keeps_the_id() {
    let output = tempfile::tempdir().unwrap();
    let first = night(output.path(), 1, &["1", "2", "3"], "aaa");
    let second = night(output.path(), 2, &["1", "2", "3"], "abb");
    assert_eq!(second.person_ids[1], first.person_ids[0]);
    let split = second.changes.iter().find(|change| change.kind == ChangeKind::Split).unwrap();
    assert_eq!(split.person_id, first.person_ids[0]);
    assert_eq!(split.into, [second.person_ids[1], second.person_ids[0]]);
    assert!(kinds(&second).contains(&(second.person_ids[0], ChangeKind::New)));
    assert_eq!(second.changes.len(), 2);
    assert_eq!(second.first_seen[0], jiff::civil::date(2026, 11, 2));
}

/// What was noted under the old id before concerns whoever left, too; from then on it does not.
#[test]
fn the_ledger_tells_whom_a_part_has_left() {
    let output = tempfile::tempdir().unwrap();
    let records = ["1", "2", "3", "4", "5"];
    let first = night(output.path(), 1, &records, "aaaaa");
    let second = night(output.path(), 2, &records, "abbbb");
    let (old, new) = (first.person_ids[0], second.person_ids[0]);
    let ledger = Ledger::open(output.path(), None).unwrap();
    let left = Chapter {
        run_id: "2026-11-02-01".into(),
        as_of: jiff::civil::date(2026, 11, 2),
        person_id: old,
        went_into: Some(vec![old, new]),
    };
    assert_eq!(ledger.parted_from(new), [left]);
    // Nobody went away: neither is the old one's story at an end, nor did it go into anybody.
    assert_eq!((ledger.story(old).len(), ledger.story(new).len()), (1, 1));
    assert_eq!((ledger.taken_in(new), ledger.taken_in(old), ledger.parted_from(old)), (vec![], vec![], vec![]));
    // A record that goes over to somebody who was there already.
    let third = night(output.path(), 3, &records, "aabbb");
    assert_eq!((third.person_ids[0], third.person_ids[1]), (new, old));
    let ledger = Ledger::open(output.path(), None).unwrap();
    assert_eq!(ledger.parted_from(new).len(), 2);
    assert_eq!(ledger.story(old).len(), 1);
}

#[test]
fn a_merge_keeps_the_oldest_and_forwards_the_other() {
    let output = tempfile::tempdir().unwrap();
    let first = night(output.path(), 1, &["1"], "a");
    let second = night(output.path(), 2, &["1", "2", "3"], "abb");
    assert_eq!(second.person_ids[0], first.person_ids[0]);
    let third = night(output.path(), 3, &["1", "2", "3"], "aaa");
    assert_eq!(third.person_ids, first.person_ids);
    let merged = third.changes.iter().find(|change| change.kind == ChangeKind::Merged).unwrap();
    assert_eq!((merged.person_id, merged.into.as_slice()), (second.person_ids[1], first.person_ids.as_slice()));
    assert!(kinds(&third).contains(&(first.person_ids[0], ChangeKind::Grown)));
}

#[test]
fn a_retired_id_is_never_issued_again() {
    let output = tempfile::tempdir().unwrap();
    let first = night(output.path(), 1, &["1", "2"], "ab");
    let second = night(output.path(), 2, &["2"], "b");
    assert_eq!(kinds(&second), [(first.person_ids[0], ChangeKind::Retired)]);
    let third = night(output.path(), 3, &["1", "2"], "ab");
    assert!(!first.person_ids.contains(&third.person_ids[0]));
    assert_eq!(third.person_ids[1], first.person_ids[1]);
}

#[test]
fn people_who_share_a_reused_record_id_keep_their_ids() {
    let output = tempfile::tempdir().unwrap();
    let rows = ["0"; 40];
    let letters: String = ('a'..='z').chain('A'..='N').collect();
    let first = night(output.path(), 1, &rows, &letters);
    let second = night(output.path(), 2, &rows, &letters);
    assert_eq!(first.person_ids, second.person_ids);
    assert_eq!(second.changes, []);
    let mut distinct = first.person_ids.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 40);
}

/// One night of a provider without record_ids: what its rows say, and the person of each as a letter.
fn numbered_night(output: &Path, number: u32, rows: &[&str], letters: &str) -> Identified {
    let mut job = numbering(example_job(), 0);
    job.as_of = jiff::civil::date(2026, 11, number as i8);
    let ledger = Ledger::open(output, None).unwrap();
    let numbers: Vec<String> = (1..=rows.len()).map(|number| number.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let said = |row: &&str| blake3::hash(row.as_bytes()).as_bytes()[..16].try_into().unwrap();
    let ids: Vec<[u8; 16]> = rows.iter().map(said).collect();
    let (of_record, _) = identities(rows.len());
    let run_id = format!("{}-01", job.as_of);
    let identified = assign(&ledger, &job, &plain(&numbers), &partition(letters), &of_record, &ids, &run_id);
    stage(output, &identified.next).unwrap();
    settle(output).unwrap();
    identified
}

#[test]
fn whoever_is_known_by_numbered_rows_keeps_the_id_when_a_row_comes_before_theirs() {
    let output = tempfile::tempdir().unwrap();
    let first = numbered_night(output.path(), 1, &["ann", "bob", "bob", "cat"], "abbc");
    let second = numbered_night(output.path(), 2, &["new", "ann", "bob", "bob", "cat"], "xabbc");
    assert_eq!(second.person_ids[1..], first.person_ids[..]);
    assert_eq!(kinds(&second), [(second.person_ids[0], ChangeKind::New)]);
    // However many rows of somebody say the same, it is one thing that is known of them.
    let third = numbered_night(output.path(), 3, &["cat", "bob", "bob", "bob", "ann"], "cbbba");
    let [ann, bob, cat] = first.person_ids[..] else { panic!("there are three") };
    assert_eq!(third.person_ids, [cat, bob, ann]);
    assert_eq!(kinds(&third), [(second.person_ids[0], ChangeKind::Retired)]);
    // What says something else is somebody else's.
    let fourth = numbered_night(output.path(), 4, &["cat", "bob", "eve"], "cbe");
    assert!(!first.person_ids.contains(&fourth.person_ids[2]));
    let mut expected = [(ann, ChangeKind::Retired), (fourth.person_ids[2], ChangeKind::New)];
    expected.sort();
    assert_eq!(kinds(&fourth), expected);
}

#[test]
fn equal_rows_of_several_people_never_change_places_unseen() {
    let output = tempfile::tempdir().unwrap();
    let first = numbered_night(output.path(), 1, &["baby", "baby", "ann"], "abc");
    let second = numbered_night(output.path(), 2, &["new", "baby", "baby", "ann"], "xabc");
    assert_eq!(second.person_ids[1..], first.person_ids[..]);
    assert_eq!(kinds(&second), [(second.person_ids[0], ChangeKind::New)]);
    // Which of three was one of the two nobody can tell: all are new, and it is told.
    let third = numbered_night(output.path(), 3, &["new", "baby", "baby", "baby", "ann"], "xabdc");
    assert_eq!((third.person_ids[0], third.person_ids[4]), (second.person_ids[0], first.person_ids[2]));
    assert!(third.person_ids[1..4].iter().all(|id| !first.person_ids.contains(id)));
    let of = |kind: ChangeKind| kinds(&third).into_iter().filter(move |change| change.1 == kind).count();
    assert_eq!((of(ChangeKind::New), of(ChangeKind::Retired), third.changes.len()), (3, 2, 5));
}

#[test]
fn a_provider_that_gets_record_ids_or_loses_them_loses_nobody() {
    let output = tempfile::tempdir().unwrap();
    let first = night(output.path(), 1, &["1", "2", "2"], "abb");
    let job = numbering(example_job(), 0);
    let mut ledger = Ledger::open(output.path(), None).unwrap();
    let none = std::collections::BTreeSet::new();
    assert_eq!(ledger.still_by_record_id(&job, &none), std::collections::BTreeSet::from(["gp".to_string()]));
    // What the rows said on the first night, and behind a new one on the second.
    let (of_record, ids) = identities(3);
    let before = [(0, "1", 0), (1, "2", 1), (2, "2", 1)].map(|(row, record_id, person): (usize, &str, usize)| {
        ledger.row_before("gp", record_id, &ids[row], first.person_ids[person])
    });
    ledger.know_by_content(["gp".to_string()].into(), &before).unwrap();
    let (of_record, ids) = ([vec![3], of_record].concat(), [ids, vec![[9; 16]]].concat());
    let people = partition("xabb");
    let second = assign(&ledger, &job, &plain(&["1", "2", "3", "4"]), &people, &of_record, &ids, "2026-11-22-01");
    assert_eq!(second.person_ids[1..], first.person_ids[..]);
    assert_eq!(kinds(&second), [(second.person_ids[0], ChangeKind::New)]);
    stage(output.path(), &second.next).unwrap();
    settle(output.path()).unwrap();
    // With record_ids again: known by what they say for the last time, and by these from then on.
    for run in ["2026-11-22-02", "2026-11-22-03"] {
        let ledger = Ledger::open(output.path(), None).unwrap();
        assert_eq!(ledger.still_by_record_id(&job, &none).is_empty(), run.ends_with("02"));
        let named = plain(&["d", "a", "b", "b"]);
        let tonight = assign(&ledger, &example_job(), &named, &people, &of_record, &ids, run);
        assert_eq!((tonight.person_ids, tonight.changes), (second.person_ids.clone(), vec![]));
        stage(output.path(), &tonight.next).unwrap();
        settle(output.path()).unwrap();
    }
}

#[test]
fn a_night_that_is_not_published_leaves_the_ledger_as_it_was() {
    let output = tempfile::tempdir().unwrap();
    night(output.path(), 1, &["1"], "a");
    let before = contents(output.path());
    drop(dry_night(output.path(), 2, &["1", "2"], "ab"));
    assert_eq!(contents(output.path()), before);
    let again = dry_night(output.path(), 3, &["1", "2"], "ab");
    stage(output.path(), &again.next).unwrap();
    assert_eq!(pending_run(output.path()).unwrap().as_deref(), Some("2026-11-03-01"));
    abandon(output.path()).unwrap();
    assert_eq!(contents(output.path()), before);
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn every_damaged_byte_and_every_missing_file_is_noticed() {
    let output = tempfile::tempdir().unwrap();
    night(output.path(), 1, &["1", "2"], "ab");
    night(output.path(), 2, &["1", "2", "3"], "aab");
    let ledger = output.path().join("state/ledger");
    for name in ["000001/issued", "000002/issued", "000002/assignment"] {
        let path = ledger.join(name);
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&path, damaged).unwrap();
            let failure = Ledger::open(output.path(), None).err().expect("damage is noticed");
            assert_eq!((failure.code.id, failure.code.exit), ("OF0410", Exit::Resource), "byte {place} of {name}");
        }
        for length in [0, 10, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(Ledger::open(output.path(), None).err().unwrap().code.id, "OF0410");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(Ledger::open(output.path(), None).err().unwrap().code.id, "OF0410");
        fs::write(&path, whole).unwrap();
    }
    fs::rename(ledger.join("000001"), ledger.join("elsewhere")).unwrap();
    assert_eq!(Ledger::open(output.path(), None).err().unwrap().code.id, "OF0410");
}

#[test]
fn a_ledger_is_never_begun_anew_behind_a_current_run() {
    let output = tempfile::tempdir().unwrap();
    night(output.path(), 1, &["1"], "a");
    fs::create_dir_all(output.path().join("runs/2026-11-01-01")).unwrap();
    std::os::unix::fs::symlink("runs/2026-11-01-01", output.path().join("current")).unwrap();
    assert!(Ledger::open(output.path(), None).is_ok());
    fs::rename(output.path().join("state/ledger"), output.path().join("state/elsewhere")).unwrap();
    assert_eq!(Ledger::open(output.path(), None).err().unwrap().code.id, "OF0411");
}

#[test]
fn keys_are_made_once_and_checked() {
    use std::os::unix::fs::PermissionsExt;
    let output = tempfile::tempdir().unwrap();
    night(output.path(), 1, &["1"], "a");
    let path = output.path().join("state/person_id.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(&path).unwrap();
    for (text, code) in [("not a key", "OF0413"), (&"00".repeat(32), "OF0412")] {
        fs::write(&path, text).unwrap();
        assert_eq!(Ledger::open(output.path(), None).err().unwrap().code.id, code);
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(Ledger::open(output.path(), None).err().unwrap().code.id, "OF0413");
    let elsewhere = output.path().join("key");
    fs::write(&elsewhere, key.to_uppercase()).unwrap();
    assert!(Ledger::open(output.path(), Some(&elsewhere)).is_ok());
    assert_eq!(Ledger::open(output.path(), Some(&output.path().join("absent"))).err().unwrap().code.id, "OF0413");
}

#[test]
fn no_record_id_stands_in_the_ledger() {
    let output = tempfile::tempdir().unwrap();
    night(output.path(), 1, &["SECRET-RECORD-ID"], "a");
    for bytes in contents(output.path()).values() {
        assert_eq!(memchr::memmem::find(bytes, b"SECRET-RECORD-ID"), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever happens to people over three nights: ids are distinct, known ids are used by whom they belong to, every change is true.
    #[test]
    fn ids_hold_over_any_nights(nights in prop::collection::vec(prop::collection::btree_map(0u8..12, 0u8..5, 1..12), 3)) {
        let output = tempfile::tempdir().unwrap();
        let mut before: BTreeMap<String, PersonId> = BTreeMap::new();
        for (number, people) in nights.iter().enumerate() {
            let record_ids: Vec<String> = people.keys().map(|record| record.to_string()).collect();
            let letters: String = people.values().map(|person| char::from(b'a' + person)).collect();
            let record_ids: Vec<&str> = record_ids.iter().map(String::as_str).collect();
            let tonight = night(output.path(), number as u32 + 1, &record_ids, &letters);

            let dense = partition(&letters).person;
            let id_of: BTreeMap<String, PersonId> =
                record_ids.iter().zip(&dense).map(|(record, person)| (record.to_string(), tonight.person_ids[*person as usize])).collect();
            let mut distinct = tonight.person_ids.clone();
            distinct.sort();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), tonight.person_ids.len());
            for (person, id) in tonight.person_ids.iter().enumerate() {
                let new = tonight.first_seen[person] == jiff::civil::date(2026, 11, number as i8 + 1);
                let known = before.values().any(|old| old == id);
                prop_assert_eq!(new, !known);
                prop_assert_eq!(new, kinds(&tonight).contains(&(*id, ChangeKind::New)));
                // A kept id still holds at least one of its records.
                prop_assert!(new || id_of.iter().any(|(record, now)| now == id && before.get(record) == Some(id)));
            }
            for old in before.values() {
                let gone = !tonight.person_ids.contains(old);
                let told = tonight.changes.iter().any(|change| change.person_id == *old && match change.kind {
                    ChangeKind::Merged | ChangeKind::Retired => true,
                    ChangeKind::Split => !change.into.contains(old),
                    _ => false,
                });
                prop_assert_eq!(gone, told);
            }
            before = id_of;
        }
    }

    /// The rule of DESIGN section 9, written down a second time: the part with most known records keeps the id, a merge keeps the oldest,
    /// no id comes back, and what went away forwards to whoever holds its records.
    #[test]
    fn ids_follow_the_rule_over_any_nights(nights in prop::collection::vec(prop::collection::btree_map(0u8..14, 0u8..4, 1..14), 5)) {
        let output = tempfile::tempdir().unwrap();
        let mut before: BTreeMap<String, PersonId> = BTreeMap::new();
        // Every id ever issued, with the night that issued it.
        let mut ever: BTreeMap<PersonId, usize> = BTreeMap::new();
        for (number, people) in nights.iter().enumerate() {
            let record_ids: Vec<String> = people.keys().map(|record| record.to_string()).collect();
            let letters: String = people.values().map(|person| char::from(b'a' + person)).collect();
            let ids: Vec<&str> = record_ids.iter().map(String::as_str).collect();
            let tonight = night(output.path(), number as u32 + 1, &ids, &letters);
            let dense = partition(&letters).person;
            let now: BTreeMap<&str, u32> = ids.iter().copied().zip(dense.iter().copied()).collect();

            // Records that each person of the night before shares with each of tonight.
            let mut shared: BTreeMap<PersonId, BTreeMap<u32, usize>> = BTreeMap::new();
            for (record, old) in &before {
                let parts = shared.entry(*old).or_default();
                if let Some(person) = now.get(record.as_str()) {
                    *parts.entry(*person).or_default() += 1;
                }
            }
            // Who may keep which id: a part that no other part is larger than.
            let mut sure: BTreeMap<u32, Vec<PersonId>> = BTreeMap::new();
            let mut may: BTreeMap<u32, Vec<PersonId>> = BTreeMap::new();
            for (old, parts) in &shared {
                let most = parts.values().max().copied().unwrap_or(0);
                let largest: Vec<u32> = parts.iter().filter(|(_, records)| **records == most).map(|(person, _)| *person).collect();
                largest.iter().for_each(|person| may.entry(*person).or_default().push(*old));
                if let [only] = largest[..] {
                    sure.entry(only).or_default().push(*old);
                }
            }
            for (person, id) in tonight.person_ids.iter().enumerate() {
                let (sure, may) = (sure.get(&(person as u32)), may.get(&(person as u32)));
                let age = |id: &PersonId| (ever[id], *id);
                match ever.get(id) {
                    None => prop_assert!(sure.is_none(), "an id that nobody else may keep is not given up"),
                    Some(_) => {
                        prop_assert!(may.is_some_and(|may| may.contains(id)), "only a largest part keeps an id");
                        let oldest = sure.and_then(|sure| sure.iter().map(age).min());
                        prop_assert!(oldest.is_none_or(|oldest| age(id) <= oldest), "a merge keeps the oldest");
                    }
                }
            }
            // Nobody gets an id that went away before last night.
            let yesterday: Vec<PersonId> = before.values().copied().collect();
            for id in &tonight.person_ids {
                prop_assert!(!ever.contains_key(id) || yesterday.contains(id));
                ever.entry(*id).or_insert(number);
            }
            let ledger = Ledger::open(output.path(), None).unwrap();
            for (old, parts) in shared.iter().filter(|(old, _)| !tonight.person_ids.contains(old)) {
                let last = ledger.story(*old).pop().unwrap();
                let mut into = last.went_into.expect("it went away");
                into.sort();
                let mut holders: Vec<PersonId> = parts.keys().map(|person| tonight.person_ids[*person as usize]).collect();
                holders.sort();
                prop_assert_eq!(into, holders);
                prop_assert_eq!(last.as_of, jiff::civil::date(2026, 11, number as i8 + 1));
            }
            before = now.into_iter().map(|(record, person)| (record.to_string(), tonight.person_ids[person as usize])).collect();
        }
    }
}
