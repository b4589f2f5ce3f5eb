use super::*;
use crate::failure::Result;
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
    // Killed before there was any head.
    std::fs::remove_file(Places::of(&job).head).expect("it stands");
    std::fs::write(log(&job), &before).expect("there is room");
    assert!(faults(&job).is_empty());
    assert_eq!(add(&job, &[note(2)])?.entries, 2);
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
fn what_names_nobody_is_of_everybody_where_records_were_shown() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let look_up = |command: &str| Note::new(Event::LookUp).with("command", command);
    let notes = [
        note(1),
        look_up("export"),
        look_up("evaluate"),
        look_up("backtest"),
        // A question that nobody answers to, and one that somebody does.
        look_up("find"),
        look_up("find").about(["person1".to_string()]),
        Note::new(Event::Decryption).with("what", "runs"),
        Note::new(Event::Run),
        Note::new(Event::Release).with("release", "tables"),
    ];
    add(&job, &notes)?;
    assert_eq!(about(&job, None, None)?.everybody, [2, 3, 4, 7]);
    assert_eq!(about(&job, None, Some(Event::Decryption))?.everybody, [7]);
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
