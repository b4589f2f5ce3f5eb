//! What somebody is told who asks what was done with a person's data, whatever the nights made of their records.

use super::*;
use crate::identity::example::{identities, partition, plain};
use crate::identity::{self, Ledger};

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

/// A night as the ledger and the audit have it: record_ids, and the person of each as a letter. Gives the id of each person.
fn night(job: &Job, day: i8, record_ids: &[&str], letters: &str) -> Result<Vec<PersonId>> {
    let job = Job { as_of: jiff::civil::date(2026, 11, day), ..job.clone() };
    let ledger = Ledger::open(&job.output, None)?;
    let (of_record, ids) = identities(record_ids.len());
    let run_id = format!("{}-01", job.as_of);
    let people = partition(letters);
    let identified = identity::assign(&ledger, &job, &plain(record_ids), &people, &of_record, &ids, &run_id);
    add(&job, &[Note::new(Event::Run).of_run(&run_id)])?;
    identity::stage(&job.output, &identified.next)?;
    identity::settle(&job.output)?;
    Ok(identified.person_ids)
}

fn look_up(job: &Job, person: PersonId) -> Result<u64> {
    Ok(add(job, &[Note::new(Event::LookUp).about([person.to_string()])])?.entries)
}

fn numbers(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.entry).collect()
}

#[test]
fn whoever_was_parted_from_a_record_is_told_what_was_done_with_it_until_then() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let records = ["1", "2", "3"];
    let old = night(&job, 21, &records, "aaa")?[0];
    let seen = look_up(&job, old)?;
    release(&job, "2026-11-21-01", &[old])?;
    // What the night hands out that parts them is noted before the night is, and is not of the old record any more.
    release(&job, "2026-11-22-01", &[old])?;
    let second = night(&job, 22, &records, "abb")?;
    let new = second[0];
    assert_eq!(second[1], old);
    let seen_later = look_up(&job, old)?;
    let seen_apart = look_up(&job, new)?;
    let told = about(&job, Some(new), None)?;
    assert_eq!(numbers(&told.entries), [seen, seen + 1, seen_apart]);
    assert_eq!(told.person_ids, [new.to_string()]);
    let [parted] = &told.parted_from[..] else { panic!("{:?}", told.parted_from) };
    assert_eq!((&parted.person_id, &*parted.run_id, &*parted.as_of), (&old.to_string(), "2026-11-22-01", "2026-11-22"));
    assert_eq!(parted.entries, [seen, seen + 1]);
    // Whoever keeps the id is told all that was noted under it, and nothing of the other one.
    let told = about(&job, Some(old), None)?;
    assert_eq!(numbers(&told.entries), [seen, seen + 1, seen + 2, seen_later]);
    assert_eq!(told.parted_from, []);
    Ok(())
}

#[test]
fn whoever_was_put_into_a_record_and_taken_out_again_is_told_of_both() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let records = ["1", "2", "3"];
    let first = night(&job, 21, &records, "aab")?;
    let (others, theirs) = (first[0], first[1]);
    let (seen_before, of_others) = (look_up(&job, theirs)?, look_up(&job, others)?);
    let joined = night(&job, 22, &records, "aaa")?;
    let seen_together = look_up(&job, joined[0])?;
    let apart = night(&job, 23, &records, "aab")?;
    look_up(&job, apart[0])?;
    let told = about(&job, Some(apart[1]), None)?;
    let until = |id: PersonId| told.parted_from.iter().find(|parted| parted.person_id == id.to_string());
    assert!(numbers(&told.entries).contains(&seen_together) && numbers(&told.entries).contains(&seen_before));
    assert!(told.parted_from.iter().all(|parted| parted.run_id == "2026-11-23-01"), "{:?}", told.parted_from);
    assert!(until(joined[0]).is_some_and(|parted| parted.entries.contains(&seen_together)));
    // What was noted of the others before they were one record is told as well: which records were whose then the ledger does not keep.
    assert!(numbers(&told.entries).contains(&of_others));
    Ok(())
}
