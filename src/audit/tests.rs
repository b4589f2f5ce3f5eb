//! What was changed, removed or forged is found (here), and what a person is told (`told`).

mod told;

use super::*;
use crate::failure::Result;
use crate::identity::PersonId;
use crate::job::Job;
use std::path::Path;

/// A job whose output is below `folder`; nothing of it is run.
fn job(folder: &Path) -> Job {
    std::fs::write(folder.join("gp.csv"), "id,family\n1,Reed\n").expect("there is room");
    let text = "[job]\nas_of = 2026-11-22\n[[provider]]\nid = \"gp\"\nsetting = \"other\"\nfiles = [\"gp.csv\"]\n\
                [provider.columns]\nrecord_id = \"id\"\nfamily_name = \"family\"\n";
    std::fs::write(folder.join("job.toml"), text).expect("there is room");
    Job::read(&folder.join("job.toml")).expect("it is right")
}

fn note(nth: u64) -> Note {
    Note::new(Event::LookUp).about([format!("person{nth}")]).with("nth", nth)
}

fn faults(job: &Job) -> Vec<Fault> {
    verify(job, None).expect("it can be read").faults
}

fn log(job: &Job) -> std::path::PathBuf {
    Places::of(job).log
}

#[test]
fn what_is_noted_can_be_read_and_proved() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    assert_eq!((faults(&job), verify(&job, None)?.entries), (vec![], 0));
    add(&job, &[note(1), note(2)])?;
    let head = add(&job, &[note(3)])?;
    let verdict = verify(&job, None)?;
    assert_eq!((verdict.entries, &verdict.head, verdict.faults.len()), (3, &head, 0));
    let told = about(&job, None, Some(Event::LookUp))?;
    assert_eq!(told.entries.iter().map(|entry| entry.entry).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(about(&job, None, Some(Event::Run))?.entries.is_empty());
    // With the key of somebody else nothing is right.
    let other = crate::keys::new(&folder.path().join("other.key"))?;
    assert_eq!(verify(&job, Some(other))?.faults.len(), 4);
    Ok(())
}

#[test]
fn every_changed_byte_is_found() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    add(&job, &[note(1), note(2), note(3)])?;
    for path in [log(&job), Places::of(&job).head] {
        let whole = std::fs::read(&path).expect("it stands");
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            // One bit: a letter becomes a capital, a digit another, a brace a bracket.
            changed[at] ^= if changed[at].is_ascii_alphabetic() { 0x20 } else { 0x01 };
            std::fs::write(&path, &changed).expect("there is room");
            assert!(!faults(&job).is_empty(), "byte {at} of {} may be changed", path.display());
        }
        std::fs::write(&path, &whole).expect("there is room");
        assert!(faults(&job).is_empty());
    }
    Ok(())
}

#[test]
fn every_cut_end_is_found() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    add(&job, &[note(1), note(2)])?;
    let whole = std::fs::read(log(&job)).expect("it stands");
    for length in 0..whole.len() {
        std::fs::write(log(&job), &whole[..length]).expect("there is room");
        assert!(!faults(&job).is_empty(), "{length} bytes of {} pass for all", whole.len());
        assert_eq!(add(&job, &[note(3)]).expect_err("nothing is added to it").code.id, "OF0711");
    }
    std::fs::remove_file(log(&job)).expect("it stands");
    assert!(!faults(&job).is_empty());
    Ok(())
}

#[test]
fn removed_swapped_doubled_and_forged_entries_are_found() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    add(&job, &(1..=5).map(note).collect::<Vec<_>>())?;
    let text = std::fs::read_to_string(log(&job)).expect("it stands");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let find = |lines: &[&str]| {
        std::fs::write(log(&job), lines.concat()).expect("there is room");
        faults(&job)
    };
    for at in 0..lines.len() {
        let mut less = lines.clone();
        less.remove(at);
        assert!(!find(&less).is_empty(), "entry {at} can be removed");
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        assert!(!find(&twice).is_empty(), "entry {at} can stand twice");
        let mut swapped = lines.clone();
        swapped.swap(at, (at + 1) % lines.len());
        assert!(!find(&swapped).is_empty(), "entry {at} can change places");
    }
    // Another audit's entry, right in itself but signed with another key.
    let elsewhere = tempfile::tempdir().expect("a folder for the test");
    let other = self::job(elsewhere.path());
    add(&other, &[note(1), note(2), note(3)])?;
    let forged = std::fs::read_to_string(log(&other)).expect("it stands");
    let mut replaced = lines.clone();
    replaced[2] = forged.split_inclusive('\n').nth(2).expect("the third");
    assert_eq!(find(&replaced).iter().map(|fault| fault.line).collect::<Vec<_>>()[0], 3);
    assert!(find(&lines).is_empty());
    Ok(())
}

#[test]
fn after_a_kill_it_is_whole() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    add(&job, &[note(1)])?;
    let head = std::fs::read(Places::of(&job).head).expect("it stands");
    let before = std::fs::read(log(&job)).expect("it stands");
    add(&job, &[note(2)])?;
    let after = std::fs::read(log(&job)).expect("it stands");
    // Killed while the second line was written, and between the line and the head.
    for length in before.len()..=after.len() {
        std::fs::write(log(&job), &after[..length]).expect("there is room");
        std::fs::write(Places::of(&job).head, &head).expect("there is room");
        assert!(faults(&job).is_empty(), "{length}");
        let entries = add(&job, &[note(3)])?.entries;
        assert_eq!(entries, if length == after.len() { 3 } else { 2 }, "{length}");
        assert!(faults(&job).is_empty(), "{length}");
    }
    Ok(())
}

#[test]
fn a_missing_head_is_found_however_few_lines_there_are_and_no_kill_leaves_that() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    // What a run that notes nothing leaves, or one that is killed before its first line.
    assert_eq!(add(&job, &[])?.entries, 0);
    let place = Places::of(&job).head;
    let first = std::fs::read(&place).expect("it is there before the first line");
    assert!(faults(&job).is_empty());
    add(&job, &[note(1)])?;
    std::fs::remove_file(&place).expect("it stands");
    assert_eq!(faults(&job).len(), 1);
    assert_eq!(add(&job, &[note(2)]).expect_err("nothing is added to it").code.id, "OF0711");
    // Killed between the very first line and its head.
    std::fs::write(&place, first).expect("there is room");
    assert!(faults(&job).is_empty());
    assert_eq!(add(&job, &[note(2)])?.entries, 2);
    Ok(())
}

#[test]
fn a_head_that_was_kept_elsewhere_finds_what_was_put_back() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let (head, kept) = (Places::of(&job).head, folder.path().join("kept.head"));
    let read = |path: &Path| std::fs::read(path).expect("it stands");
    let put = |path: &Path, bytes: &[u8]| std::fs::write(path, bytes).expect("there is room");
    let since = |kept: &Path| verify_since(&job, None, Some(kept));
    add(&job, &[note(1)])?;
    let (old_log, old_head) = (read(&log(&job)), read(&head));
    add(&job, &[note(2)])?;
    put(&kept, &read(&head));
    let verdict = since(&kept)?;
    assert_eq!((verdict.earlier_head, verdict.faults), (Some(2), vec![]));
    let (new_log, new_head) = (read(&log(&job)), read(&head));
    put(&log(&job), &old_log);
    put(&head, &old_head);
    // In itself it is right; the head that was kept knows of one entry more.
    assert!(faults(&job).is_empty());
    assert!(since(&kept)?.faults.iter().any(|fault| fault.what.contains("1 are missing")));
    // Nor does another entry in its place pass.
    add(&job, &[note(3)])?;
    assert_eq!(since(&kept)?.faults.len(), 1);
    put(&log(&job), &new_log);
    put(&head, &new_head);
    add(&job, &[note(3)])?;
    assert!(since(&kept)?.faults.is_empty());
    let text = String::from_utf8(read(&kept)).expect("it is text");
    put(&kept, text.replace("\"entries\":2", "\"entries\":1").as_bytes());
    assert_eq!(since(&kept)?.faults.len(), 1);
    assert_eq!(code(since(&folder.path().join("none"))), Some("OF0710"));
    Ok(())
}

/// A kept run whose run.json says `told`, noted as `event` where there is one.
fn kept_run(job: &Job, run_id: &str, told: &str, event: Option<Event>) -> Result<()> {
    let folder = job.output.join("runs").join(run_id);
    std::fs::create_dir_all(&folder).expect("there is room");
    std::fs::write(folder.join("run.json"), told).expect("there is room");
    let hash = blake3::hash(told.as_bytes()).to_hex().to_string();
    let note = |event| Note::new(event).of_run(run_id).with("run_json_blake3", hash.as_str());
    add(job, &event.map(note).into_iter().collect::<Vec<_>>()).map(|_| ())
}

#[test]
fn a_kept_run_that_is_not_what_its_entry_says_or_has_none_is_found() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let begun = r#"{"audit":{"entries":0,"bytes":0,"hash":""}}"#;
    let run = "2026-11-22-01";
    kept_run(&job, run, begun, Some(Event::Run))?;
    // Of a version that had no audit.
    kept_run(&job, "2026-11-21-01", "{}", None)?;
    let verdict = verify(&job, None)?;
    assert_eq!((verdict.witnesses, verdict.unnoted, verdict.faults), (1, 1, vec![]));
    // What it says of the audit is taken out, or anything else of it is changed.
    for changed in ["{}", r#"{"audit":{"entries":0,"bytes":0,"hash":""},"people":1}"#, "no JSON"] {
        kept_run(&job, run, changed, None)?;
        assert_eq!(faults(&job).len(), 1, "{changed}");
    }
    kept_run(&job, run, begun, None)?;
    // A run whose entry was cut off with what it said of the audit.
    for told in ["{}", begun] {
        kept_run(&job, "2026-11-23-01", told, None)?;
        let found = faults(&job);
        assert!(found.len() == 1 && found[0].what.contains("noted by no entry"), "{found:?}");
    }
    Ok(())
}

#[test]
fn a_kept_run_whose_run_json_is_damaged_is_named_with_what_is_to_be_done() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let run = "2026-11-22-01";
    kept_run(&job, run, r#"{"audit":{"entries":0,"bytes":0,"hash":""}}"#, Some(Event::Run))?;
    let kept = job.output.join("runs").join(run);
    let told = |way_out: &str| {
        let found = faults(&job);
        let what = &found[0].what;
        let names = what.contains(&format!("{}: its run.json cannot be read", kept.display()));
        assert!(found.len() == 1 && names && what.contains(way_out), "{found:?}");
    };
    std::fs::write(kept.join("run.json"), r#"{"audit":{"entr"#).expect("there is room");
    told("or remove the folder");
    std::fs::remove_file(kept.join("run.json")).expect("it stands");
    told("or remove the folder");
    std::os::unix::fs::symlink(Path::new("runs").join(run), job.output.join("current")).expect("there is room");
    told("or roll back to a kept run that is whole");
    std::fs::remove_dir_all(kept).expect("it stands");
    assert_eq!(faults(&job), []);
    Ok(())
}

#[test]
fn decisions_that_a_run_may_have_read_and_that_are_taken_back_are_counted() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let run = |run_id: &str| Note::new(Event::Run).of_run(run_id);
    let back = || Note::new(Event::DecisionTakenBack);
    assert_eq!(taken_back(&job, "2026-11-22-01", None)?, 0);
    let first = [back(), run("2026-11-22-01"), back(), run("2026-11-22-02"), back(), run("2026-11-22-03"), back()];
    add(&job, &first)?;
    // Of an earlier version each has read the decisions before it was noted, and after the one before.
    let at_most = |run_id: &str| taken_back(&job, run_id, None);
    assert_eq!((at_most("2026-11-22-02")?, at_most("2026-11-22-03")?), (3, 2));
    // What was taken back before a run has read them it has not read.
    let since = |read_at: u64| taken_back(&job, "2026-11-22-02", Some(read_at));
    assert_eq!((since(2)?, since(3)?, since(6)?, since(7)?), (3, 2, 1, 0));

    // Nor has it read what was decided since, which is taken back first.
    let decided = || Note::new(Event::Decision);
    add(&job, &[decided(), decided(), back(), back(), back(), decided()])?;
    assert_eq!((since(7)?, since(10)?, since(12)?), (1, 2, 0));
    Ok(())
}

#[test]
fn a_run_that_was_to_be_written_anew_when_the_process_was_killed_is_no_fault() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let (run, begun) = ("2026-11-22-01", r#"{"audit":{"entries":0,"bytes":0,"hash":""}}"#);
    let anew = r#"{"audit":{"entries":0,"bytes":0,"hash":""},"purged":[]}"#;
    kept_run(&job, run, begun, Some(Event::Run))?;
    kept_run(&job, run, anew, Some(Event::Purge))?;
    let verdict = verify(&job, None)?;
    assert_eq!((verdict.witnesses, verdict.unfinished, verdict.faults), (1, 0, vec![]));
    kept_run(&job, run, begun, None)?;
    let verdict = verify(&job, None)?;
    assert_eq!((verdict.witnesses, verdict.unfinished, verdict.faults), (0, 1, vec![]));
    Ok(())
}

#[test]
fn without_its_key_it_is_not_gone_on_with() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    add(&job, &[note(1)])?;
    std::fs::remove_file(Places::of(&job).key).expect("it stands");
    assert_eq!(add(&job, &[note(2)]).expect_err("there is no key").code.id, "OF0712");
    // It can still be checked, with the public key.
    assert!(faults(&job).is_empty());
    Ok(())
}

#[test]
fn whether_something_can_be_noted_is_known_before_it_is() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    ready(&job)?;
    assert!(!job.output.exists(), "nothing was made");
    add(&job, &[note(1)])?;
    ready(&job)?;
    // A command was killed after its line, before the head, and another one in the middle of its line.
    let Places { log, head, key, .. } = Places::of(&job);
    let [before, known] = [&head, &log].map(|path| std::fs::read(path).expect("it stands"));
    add(&job, &[note(2)])?;
    std::fs::write(&head, before).expect("there is room");
    ready(&job)?;
    let mut lines = std::fs::read(&log).expect("it stands");
    lines.extend_from_slice(b"{\"entry\":3,");
    std::fs::write(&log, &lines).expect("there is room");
    ready(&job)?;
    assert_eq!(std::fs::read(&log).expect("it stands"), lines, "nothing was cut off");
    lines[known.len() + 20] ^= 1;
    std::fs::write(&log, &lines).expect("there is room");
    assert_eq!(code(ready(&job)), Some("OF0711"));
    std::fs::write(&log, &known[1..]).expect("there is room");
    assert_eq!(code(ready(&job)), Some("OF0711"));
    std::fs::write(&log, &known).expect("there is room");
    ready(&job)?;
    std::fs::write(&key, "onefolk-private-key 12").expect("there is room");
    assert_eq!(code(ready(&job)), Some("OF0712"));
    std::fs::remove_file(&head).expect("it stands");
    std::fs::remove_file(&key).expect("it stands");
    assert_eq!(code(ready(&job)), Some("OF0711"));
    Ok(())
}

#[test]
fn the_last_run_is_the_one_that_was_not_withdrawn() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    assert_eq!(last_run(&job)?, None);
    add(&job, &[Note::new(Event::Run).of_run("2026-11-22-01"), note(1)])?;
    assert_eq!(last_run(&job)?.as_deref(), Some("2026-11-22-01"));
    add(&job, &[Note::new(Event::RunWithdrawn).of_run("2026-11-22-01")])?;
    assert_eq!(last_run(&job)?, None);
    Ok(())
}

/// Notes that a release held a line of each of these people.
fn release(job: &Job, run_id: &str, people: &[PersonId]) -> Result<()> {
    let members = keep_members(job, "planning", people.iter())?;
    let note = Note::new(Event::Release).of_run(run_id).with("release", "planning").with("members", members);
    add(job, &[note]).map(|_| ())
}

#[test]
fn changed_removed_and_added_lists_of_releases_are_found() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let people: Vec<PersonId> = (1..=40).map(PersonId::example).collect();
    // A whole list, and one that says who came since.
    release(&job, "2026-11-22-01", &people[..39])?;
    release(&job, "2026-11-23-01", &people)?;
    let verdict = verify(&job, None)?;
    assert_eq!((verdict.lists, verdict.unlisted, verdict.unnamed, verdict.faults), (2, 0, 0, vec![]));
    let lists = job.output.join("state/releases");
    let files: Vec<std::path::PathBuf> =
        std::fs::read_dir(&lists).expect("it stands").flatten().map(|file| file.path()).collect();
    let whole: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).expect("it stands")).collect();
    let somebody_less = zstd::encode_all(people[1].as_str().as_bytes(), 0).expect("memory can be written");
    for (at, path) in files.iter().enumerate() {
        for changed in [&whole[1 - at][..], &somebody_less[..], &whole[at][..whole[at].len() / 2], &[][..]] {
            std::fs::write(path, changed).expect("there is room");
            let found = faults(&job);
            assert!(found.len() == 1 && found[0].line > 0 && found[0].what.contains("was changed"), "{found:?}");
        }
        std::fs::remove_file(path).expect("it stands");
        let found = faults(&job);
        assert!(found.len() == 1 && found[0].line > 0 && found[0].what.contains("is missing"), "{found:?}");
        assert_eq!(code(verify(&job, None)?.or_failure()), Some("OF0711"));
        std::fs::write(path, &whole[at]).expect("there is room");
        assert_eq!(faults(&job), []);
    }
    for name in ["notes.txt".to_string(), format!("{}.zst", "0".repeat(64))] {
        std::fs::write(lists.join(&name), &whole[0]).expect("there is room");
        let found = faults(&job);
        assert!(found.len() == 1 && found[0].what.contains("was added"), "{found:?}");
        std::fs::remove_file(lists.join(&name)).expect("it stands");
    }
    Ok(())
}

fn code<T>(result: Result<T>) -> Option<&'static str> {
    result.err().map(|failure| failure.code.id)
}

#[test]
fn what_a_killed_night_leaves_is_no_fault_and_what_an_old_version_kept_cannot_be_checked() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let people: Vec<PersonId> = (1..=4).map(PersonId::example).collect();
    let of = |run: &str| Note::new(Event::Release).of_run(run).with("release", "planning");
    // Before lists were kept; and tables, which are of nobody in particular.
    add(&job, &[of("2026-11-21-01").with("lines", 4), of("2026-11-21-01").with("issue", "2026-11-21")])?;
    release(&job, "2026-11-22-01", &people)?;
    // Kept, and killed before the audit was told.
    keep_members(&job, "planning", people[..1].iter())?;
    std::fs::write(job.output.join("state/releases/x.zst.partial"), "half").expect("there is room");
    let verdict = verify(&job, None)?;
    assert_eq!((verdict.lists, verdict.unlisted, verdict.unnamed, verdict.faults), (1, 1, 2, vec![]));
    assert_eq!(remove_unnamed_members(&job), None);
    let verdict = verify(&job, None)?;
    assert_eq!((verdict.lists, verdict.unlisted, verdict.unnamed, verdict.faults), (1, 1, 0, vec![]));
    Ok(())
}
