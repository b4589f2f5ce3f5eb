//! The ledger of person_ids: `state/ledger/NNNNNN/` below the output, one folder a run, only ever added to.
//!
//! Each folder holds `issued` (the ids that the run issued, and where ids that went away forward to) and, in the latest folder only,
//! `assignment` (which record belongs to which person_id). Both are sealed with a checksum, and `issued` names the checksum of the
//! `issued` before it. A run's folder is first written as `pending` and renamed when the run has been published.

mod pending;
mod sealed;

use super::person_id::{Deriver, PersonId};
use super::{LEDGER_DAMAGED, LEDGER_MISSING, LEDGER_OF_OTHER_KEY, LEDGER_UNWRITABLE, key};
use crate::disk;
use crate::failure::{Failure, Result};
use jiff::civil::Date;
use sealed::{SealedFile, read_sealed};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(crate) use pending::{abandon, pending_run, settle, stage};

const LEDGER_FOLDER: &str = "state/ledger";
const ISSUED_FILE: &str = "issued";
const ASSIGNMENT_FILE: &str = "assignment";
const VERSION: u32 = 1;
/// id, keyed hash of the first record, attempt.
const ISSUED_ENTRY_BYTES: usize = 16 + 8 + 4;

/// One person_id, ever issued. Its place in the ledger is its *ordinal*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Issued {
    pub(super) id: PersonId,
    /// `as_of` of the run that issued it.
    pub(super) first_seen: Date,
    /// Keyed hash of the person's first record.
    pub(super) first_record: u64,
    pub(super) attempt: u32,
}

/// (keyed hash of the record, ordinal of its person_id), sorted, each once.
pub(super) type Assignment = Vec<(u64, u32)>;

/// Where a person_id that went away forwards to: ordinals; empty where nothing replaced it. One that was split and stays with a part is among
/// those itself.
pub(super) type Forward = (u32, Vec<u32>);

/// Everything the ledger knows, checked.
pub struct Ledger {
    pub(super) deriver: Deriver,
    /// Key of the hashes by which records are recognised.
    pub(super) record_key: [u8; 32],
    key_fingerprint: String,
    pub(super) issued: Vec<Issued>,
    pub(super) assignment: Assignment,
    /// Providers whose rows the assignment knows by what they say.
    pub(super) by_content: BTreeSet<String>,
    /// By provider whose rows were ever known so: how many runs came before. What these had for its record_ids may be the numbers of rows, as
    /// versions before knew every row by its record_id.
    pub(super) named_since: BTreeMap<String, u32>,
    /// Every published run, oldest first.
    runs: Vec<String>,
    /// What each run did to the ids, in the same order.
    pub(super) chapters: Vec<Chapter>,
    /// Checksum of the latest `issued`; empty before the first run.
    head: String,
}

/// What one run did to the ids.
pub(super) struct Chapter {
    pub(super) as_of: Date,
    /// Ordinals from here on, up to the next chapter's, were issued by this run.
    pub(super) first_issued: u32,
    pub(super) forwards: Vec<Forward>,
}

/// The ledger's entry for a run that is not yet published.
pub struct NextEntry {
    pub(super) header: IssuedHeader,
    pub(super) issued: Vec<Issued>,
    pub(super) forwards: Vec<Forward>,
    pub(super) assignment: Assignment,
    pub(super) by_content: BTreeSet<String>,
    pub(super) named_since: BTreeMap<String, u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IssuedHeader {
    kind: String,
    version: u32,
    sequence: u32,
    run_id: String,
    as_of: String,
    /// Tells one key from another without giving it away.
    key: String,
    previous: String,
    entries: u64,
    /// Length of the forwards, in 32-bit words.
    forward_words: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct AssignmentHeader {
    kind: String,
    version: u32,
    /// Checksum of the `issued` it belongs to.
    issued: String,
    entries: u64,
    /// Providers whose rows have keys of what they say. Versions before knew every record by its record_id.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    by_content: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    named_since: BTreeMap<String, u32>,
}

impl Ledger {
    /// Opens the ledger below `output`, or an empty one on the first run, together with its key: `key_file`, or else
    /// `state/person_id.key`, which is made where neither it nor a ledger exists.
    ///
    /// Fails with OF041x where anything does not check out, or where the ledger does not reach up to the current run.
    pub fn open(output: &Path, key_file: Option<&Path>) -> Result<Ledger> {
        let folder = output.join(LEDGER_FOLDER);
        let count = count_entries(&folder)?;
        let key = own_key(output, key_file, count)?;
        let mut ledger = Ledger {
            deriver: Deriver::new(&key),
            record_key: blake3::derive_key("onefolk 2026 recognition of records over nights", &key),
            key_fingerprint: hex(&blake3::derive_key("onefolk 2026 fingerprint of the person_id key", &key)[..8]),
            issued: Vec::new(),
            assignment: Vec::new(),
            by_content: BTreeSet::new(),
            named_since: BTreeMap::new(),
            runs: Vec::new(),
            chapters: Vec::new(),
            head: String::new(),
        };
        for sequence in 1..=count {
            ledger.read_issued(&entry_folder(&folder, sequence).join(ISSUED_FILE), sequence)?;
        }
        if count > 0 {
            ledger.read_assignment(&entry_folder(&folder, count).join(ASSIGNMENT_FILE))?;
        }
        ledger.check_reaches_current(output)?;
        Ok(ledger)
    }

    /// A key that is derived from that of the person_ids, for hashes of values that a model keeps; the key is made as [`Ledger::open`] makes it.
    ///
    /// # Errors
    /// OF0413 where there is no key although there must be one, OF041x where it cannot be made.
    pub fn value_key(output: &Path, key_file: Option<&Path>) -> Result<[u8; 32]> {
        let key = own_key(output, key_file, count_entries(&output.join(LEDGER_FOLDER))?)?;
        Ok(blake3::derive_key("onefolk 2026 hashes of values in a model", &key))
    }

    /// Is there a key to open the ledger with? `false` only before the first run, which makes it; nothing is made here.
    ///
    /// # Errors
    /// OF0413 where the key is absent, though there is a ledger or a file is named, or where it is no key.
    pub fn key_is_there(output: &Path, key_file: Option<&Path>) -> Result<bool> {
        let own_key = output.join("state/person_id.key");
        if key_file.is_none() && !own_key.exists() && count_entries(&output.join(LEDGER_FOLDER))? == 0 {
            return Ok(false);
        }
        key::read(key_file.unwrap_or(&own_key)).map(|_| true)
    }

    /// How many person_ids were ever issued.
    pub fn ever_issued(&self) -> usize {
        self.issued.len()
    }

    /// Every published run, oldest first.
    pub fn runs(&self) -> &[String] {
        &self.runs
    }

    /// The date of the run at this place of [`runs`](Ledger::runs).
    pub fn as_of(&self, run: usize) -> Date {
        self.chapters[run].as_of
    }

    /// How many people the latest run had; `None` before the first. For the gate on the number of people.
    pub fn people_of_latest_run(&self) -> Option<u64> {
        self.runs.last()?;
        let mut people: Vec<u32> = self.assignment.iter().map(|&(_, ordinal)| ordinal).collect();
        people.sort_unstable();
        people.dedup();
        Some(people.len() as u64)
    }

    pub(super) fn next_header(&self, run_id: &str, as_of: Date) -> IssuedHeader {
        IssuedHeader {
            kind: ISSUED_FILE.to_string(),
            version: VERSION,
            sequence: self.runs.len() as u32 + 1,
            run_id: run_id.to_string(),
            as_of: as_of.to_string(),
            key: self.key_fingerprint.clone(),
            previous: self.head.clone(),
            entries: 0,
            forward_words: 0,
        }
    }

    fn read_issued(&mut self, path: &Path, sequence: u32) -> Result<()> {
        let (header, body, seal): (IssuedHeader, _, _) = read_sealed(path)?;
        if header.kind != ISSUED_FILE || header.version != VERSION || header.sequence != sequence {
            return Err(damaged(path, "it is another file than its place says"));
        }
        if header.previous != self.head {
            return Err(damaged(path, "it does not follow the entry before it"));
        }
        if header.key != self.key_fingerprint {
            return Err(Failure::new(&LEDGER_OF_OTHER_KEY, path.display().to_string()));
        }
        let length = header.entries as usize * ISSUED_ENTRY_BYTES + header.forward_words as usize * 4;
        if body.len() != length {
            return Err(damaged(path, "its length is wrong"));
        }
        let first_seen: Date = header.as_of.parse().map_err(|_| damaged(path, "its date cannot be read"))?;
        let (entries, words) = body.split_at(header.entries as usize * ISSUED_ENTRY_BYTES);
        let first_issued = self.issued.len() as u32;
        for entry in entries.chunks_exact(ISSUED_ENTRY_BYTES) {
            let id = PersonId::from_bytes(entry[..16].try_into().expect("16 bytes"))
                .ok_or_else(|| damaged(path, "it holds something that is no person_id"))?;
            let first_record = u64::from_le_bytes(entry[16..24].try_into().expect("8 bytes"));
            let attempt = u32::from_le_bytes(entry[24..28].try_into().expect("4 bytes"));
            self.issued.push(Issued { id, first_seen, first_record, attempt });
        }
        let forwards = read_forwards(words, self.issued.len())
            .ok_or_else(|| damaged(path, "where ids went that went away cannot be read"))?;
        self.chapters.push(Chapter { as_of: first_seen, first_issued, forwards });
        self.runs.push(header.run_id);
        self.head = seal;
        Ok(())
    }

    fn read_assignment(&mut self, path: &Path) -> Result<()> {
        let (header, body, _): (AssignmentHeader, _, _) = read_sealed(path)?;
        if header.kind != ASSIGNMENT_FILE || header.version != VERSION || header.issued != self.head {
            return Err(damaged(path, "it does not belong to the ledger's latest entry"));
        }
        if body.len() != header.entries as usize * 12 {
            return Err(damaged(path, "its length is wrong"));
        }
        let (keys, ordinals) = body.split_at(header.entries as usize * 8);
        let keys = keys.chunks_exact(8).map(|key| u64::from_le_bytes(key.try_into().expect("8 bytes")));
        let ordinals = ordinals.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes")));
        self.assignment = keys.zip(ordinals).collect();
        let within = self.assignment.iter().all(|&(_, ordinal)| (ordinal as usize) < self.issued.len());
        if !within || !self.assignment.is_sorted() {
            return Err(damaged(path, "its entries are out of order or name nobody"));
        }
        self.by_content = header.by_content;
        self.named_since = header.named_since;
        self.named_since = self.named_from(&self.by_content);
        Ok(())
    }

    /// A current run that the ledger does not know means that the ledger, or its tail, was removed.
    fn check_reaches_current(&self, output: &Path) -> Result<()> {
        let Ok(target) = fs::read_link(output.join("current")) else { return Ok(()) };
        let run = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if self.runs.contains(&run) {
            return Ok(());
        }
        Err(Failure::new(
            &LEDGER_MISSING,
            format!("{} knows nothing of run {run}", output.join(LEDGER_FOLDER).display()),
        ))
    }
}

impl NextEntry {
    pub fn run_id(&self) -> &str {
        &self.header.run_id
    }

    fn write(&self, folder: &Path) -> std::io::Result<()> {
        let mut header = self.header.clone();
        header.entries = self.issued.len() as u64;
        header.forward_words = self.forwards.iter().map(|(_, into)| 2 + into.len() as u64).sum();
        let mut issued = SealedFile::create(&folder.join(ISSUED_FILE), &header)?;
        for entry in &self.issued {
            issued.write(&entry.id.to_bytes())?;
            issued.write(&entry.first_record.to_le_bytes())?;
            issued.write(&entry.attempt.to_le_bytes())?;
        }
        for (from, into) in &self.forwards {
            for word in [*from, into.len() as u32].iter().chain(into) {
                issued.write(&word.to_le_bytes())?;
            }
        }
        let seal = issued.finish()?;

        let kind = ASSIGNMENT_FILE.to_string();
        let entries = self.assignment.len() as u64;
        let (by_content, named_since) = (self.by_content.clone(), self.named_since.clone());
        let header = AssignmentHeader { kind, version: VERSION, issued: seal, entries, by_content, named_since };
        let mut assignment = SealedFile::create(&folder.join(ASSIGNMENT_FILE), &header)?;
        for (key, _) in &self.assignment {
            assignment.write(&key.to_le_bytes())?;
        }
        for (_, ordinal) in &self.assignment {
            assignment.write(&ordinal.to_le_bytes())?;
        }
        assignment.finish()?;
        disk::sync_folder(folder)
    }
}

/// Forwards as words: the ordinal that went away, how many follow, and those; `None` where one names nobody of `issued` ids.
fn read_forwards(bytes: &[u8], issued: usize) -> Option<Vec<Forward>> {
    let mut words = bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes")));
    let known = |ordinal: u32| ((ordinal as usize) < issued).then_some(ordinal);
    let mut forwards = Vec::new();
    while let Some(from) = words.next() {
        let count = words.next()? as usize;
        let into: Option<Vec<u32>> = words.by_ref().take(count).map(known).collect();
        forwards.push((known(from)?, into.filter(|into| into.len() == count)?));
    }
    Some(forwards)
}

/// The key that `key_file` names, or that in `state/`, which is made where neither it nor an entry of a ledger exists.
fn own_key(output: &Path, key_file: Option<&Path>, entries: u32) -> Result<[u8; 32]> {
    let own_key = output.join("state/person_id.key");
    match key_file {
        Some(path) => key::read(path),
        None if entries == 0 && !own_key.exists() => key::make(&own_key),
        None => key::read(&own_key),
    }
}

fn entry_folder(ledger: &Path, sequence: u32) -> PathBuf {
    ledger.join(format!("{sequence:06}"))
}

/// How many entries there are; they must be numbered without a gap.
fn count_entries(folder: &Path) -> Result<u32> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(Failure::from_io(&error, folder, &LEDGER_UNWRITABLE)),
    };
    let mut numbers = Vec::new();
    for entry in listing {
        let entry = entry.map_err(|error| Failure::from_io(&error, folder, &LEDGER_UNWRITABLE))?;
        let name = entry.file_name();
        let digits = name.to_string_lossy();
        if digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            numbers
                .push(digits.parse::<u32>().map_err(|_| damaged(folder, "a folder has a number that is too large"))?);
        }
    }
    numbers.sort_unstable();
    let gap = numbers.iter().zip(1..).any(|(&number, expected)| number != expected);
    if gap { Err(damaged(folder, "an entry between others is missing")) } else { Ok(numbers.len() as u32) }
}

fn damaged(path: &Path, why: &str) -> Failure {
    Failure::new(&LEDGER_DAMAGED, format!("{}: {why}", path.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
