//! approvals.csv: who has agreed to which definition of a release.

use super::{APPROVALS_UNUSABLE, NO_SUCH_RELEASE, NOT_AN_APPROVER};
use crate::audit::{self, Event, Note};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::{Approver, Job, Release};
use crate::keys::{self, PrivateKey, PublicKey};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::path::Path;

const PURPOSE: &str = "approval";
/// What an approver's own signature is for.
const OWN_PURPOSE: &str = "agreement";

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub release: String,
    pub who: String,
    pub role: String,
    /// When, as 2026-11-22.
    pub date: String,
    /// Hash of the definition that was agreed to.
    pub definition: String,
    /// Of the governance lead, over all the rest; empty until they have signed.
    pub signature: String,
    /// Of the approver, where the job names a key of theirs; else empty.
    #[serde(default)]
    pub own_signature: String,
}

impl Approval {
    /// What the approver signs.
    fn own_text(&self) -> String {
        let Approval { release, who, role, date, definition, .. } = self;
        [release, who, role, date, definition].map(|part| part.replace('\n', " ")).join("\n")
    }

    /// What the lead signs: that, and by whose hand.
    fn signed_text(&self) -> String {
        match self.own_signature.is_empty() {
            true => self.own_text(),
            false => format!("{}\n{}", self.own_text(), self.own_signature),
        }
    }

    fn is_signed_by_the_approver(&self, key: &PublicKey) -> bool {
        key.verifies(OWN_PURPOSE, &self.own_text(), &self.own_signature)
    }

    /// Is it the same agreement, whoever has signed it so far?
    fn is_of(&self, other: &Approval) -> bool {
        self.own_text() == other.own_text()
    }
}

/// All lines of the file.
#[derive(Debug, Clone, Default)]
pub struct Approvals {
    lines: Vec<Approval>,
}

/// Who has agreed to a release as it is defined today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Agreed {
    /// Agreements that count.
    pub approvals: Vec<Approval>,
    /// Agreements by approvers to what the release was before.
    pub of_other_definitions: usize,
    /// Lines of this release whose signature, name or date does not count.
    pub void: usize,
}

impl Agreed {
    /// The roles that have agreed.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.approvals.iter().map(|approval| approval.role.as_str())
    }
}

impl Approvals {
    /// Reads the file of a job; there is none before the first agreement.
    ///
    /// # Errors
    /// OF0720 where a line cannot be read.
    pub fn read(job: &Job) -> Result<Approvals> {
        let path = &job.policy.approvals_file;
        let text = match disk::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Approvals::default()),
            text => text.map_err(|error| Failure::from_io(&error, path, &APPROVALS_UNUSABLE))?,
        };
        let wrong = |line: u64| Failure::new(&APPROVALS_UNUSABLE, format!("{} line {line}", path.display()));
        let mut lines = Vec::new();
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(&text[..]);
        for (row, line) in reader.deserialize::<Approval>().zip(2..) {
            lines.push(row.map_err(|_| wrong(line))?);
        }
        Ok(Approvals { lines })
    }

    /// Who has agreed to `release` up to the job's `as_of`, checked with the governance lead's key, and with the approver's own where the job names one.
    ///
    /// # Errors
    /// OF0700 where an approver's key cannot be read.
    pub fn agreed(&self, job: &Job, release: &Release, key: Option<&PublicKey>) -> Result<Agreed> {
        let definition = release.definition_hash(job);
        let mut agreed = Agreed::default();
        for line in self.lines.iter().filter(|line| line.release == release.id) {
            let is_theirs = |approver: &&Approver| approver.name == line.who && approver.role == line.role;
            let approver = job.approvers.iter().find(is_theirs);
            let own = approver.and_then(|approver| approver.key.as_deref()).map(keys::read_public).transpose()?;
            let named = approver.is_some() && own.is_none_or(|own| line.is_signed_by_the_approver(&own));
            let signed = key.is_some_and(|key| key.verifies(PURPOSE, &line.signed_text(), &line.signature));
            let dated = line.date.parse::<Date>().is_ok_and(|date| date <= job.as_of);
            match named && signed && dated {
                false => agreed.void += 1,
                true if line.definition != definition => agreed.of_other_definitions += 1,
                true => agreed.approvals.push(line.clone()),
            }
        }
        Ok(agreed)
    }
}

/// The private keys that an agreement is signed with: at least one of the two.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hands<'k> {
    /// The governance lead's.
    pub lead: Option<&'k Path>,
    /// The approver's own.
    pub own: Option<&'k Path>,
}

/// Adds an agreement to the file, or a signature to one that is there; it is noted in the audit first. Where the job names a key of the
/// approver, theirs comes first, or both together: the lead countersigns what the approver has signed.
///
/// # Errors
/// OF0722 where there is no such release, OF0721 where the agreement would not count, OF0720 where it cannot be written.
pub fn approve(job: &Job, release: &str, [who, role]: [&str; 2], date: Date, hands: Hands) -> Result<Approval> {
    let none = || Failure::new(&NO_SUCH_RELEASE, format!("{} releases are defined", job.releases.len()));
    let release = job.releases.iter().find(|known| known.id == release).ok_or_else(none)?;
    let Some(approver) = job.approvers.iter().find(|approver| approver.name == who && approver.role == role) else {
        return refuse("the job names no such [[approver]]");
    };
    if !release.approvals.iter().chain(&job.policy.approvals).any(|needed| needed == role) {
        return refuse("the release does not need an agreement of this role");
    }
    let mut lines = Approvals::read(job)?.lines;
    let mut approval = unsigned(job, release, [who, role], date);
    let before = lines.iter().position(|line| line.is_of(&approval));
    if let Some(before) = before {
        approval = lines.remove(before);
    }
    sign_own(&mut approval, approver, hands)?;
    if let Some(lead) = hands.lead {
        let Some(public) = &job.policy.governance_lead_key else {
            return refuse("[policy] names no governance_lead_key");
        };
        let private = keys::read_private(lead)?;
        if private.public() != keys::read_public(public)? {
            return refuse("the key is not the governance lead's");
        }
        approval.signature = private.sign(PURPOSE, &approval.signed_text());
    }
    lines.insert(before.unwrap_or(lines.len()), approval.clone());
    let note = Note::new(Event::Approval)
        .with("release", release.id.as_str())
        .with("who", who)
        .with("role", role)
        .with("definition", approval.definition.as_str())
        .with("countersigned", hands.lead.is_some());
    audit::add(job, &[note])?;
    write(&job.policy.approvals_file, &lines)?;
    Ok(approval)
}

/// Signs with the approver's own key, or sees that it has been done where it must be.
fn sign_own(approval: &mut Approval, approver: &Approver, hands: Hands) -> Result<()> {
    let named = approver.key.as_deref().map(keys::read_public).transpose()?;
    match (hands.own, named) {
        (Some(_), None) => refuse("the job names no key of this [[approver]]"),
        (Some(own), Some(named)) => {
            let private = keys::read_private(own)?;
            if private.public() != named {
                return refuse("the key is not the approver's own");
            }
            approval.own_signature = private.sign(OWN_PURPOSE, &approval.own_text());
            // The lead has countersigned what was there before.
            approval.signature.clear();
            Ok(())
        }
        (None, Some(named)) if !approval.is_signed_by_the_approver(&named) => {
            refuse("the approver has not signed it yet: they do so first, with --own-key")
        }
        (None, None) if hands.lead.is_none() => refuse("nobody signs it: name --key, --own-key or both"),
        _ => Ok(()),
    }
}

fn refuse<T>(why: &str) -> Result<T> {
    Err(Failure::new(&NOT_AN_APPROVER, why.to_string()))
}

/// An agreement to `release` as it is defined, on the job's day, countersigned.
pub(crate) fn signed(job: &Job, release: &Release, names: [&str; 2], lead: &PrivateKey) -> Approval {
    let mut approval = unsigned(job, release, names, job.as_of);
    approval.signature = lead.sign(PURPOSE, &approval.signed_text());
    approval
}

fn unsigned(job: &Job, release: &Release, [who, role]: [&str; 2], date: Date) -> Approval {
    Approval {
        release: release.id.clone(),
        who: who.to_string(),
        role: role.to_string(),
        date: date.to_string(),
        definition: release.definition_hash(job),
        signature: String::new(),
        own_signature: String::new(),
    }
}

/// The whole file anew, in one rename: a kill leaves the old one or the new one. Where nobody has a key of their own it has no column for it.
pub(crate) fn write(path: &Path, lines: &[Approval]) -> Result<()> {
    const COLUMNS: [&str; 7] = ["release", "who", "role", "date", "definition", "signature", "own_signature"];
    let columns = if lines.iter().any(|line| !line.own_signature.is_empty()) { 7 } else { 6 };
    let values = |line: &Approval| {
        let Approval { release, who, role, date, definition, signature, own_signature } = line.clone();
        [release, who, role, date, definition, signature, own_signature]
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&COLUMNS[..columns]).expect("a line in memory can be written");
    for line in lines {
        writer.write_record(&values(line)[..columns]).expect("a line in memory can be written");
    }
    let bytes = writer.into_inner().expect("a file in memory can be written");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = disk::replace(path, &bytes).and_then(|()| disk::sync_folder(folder));
    written.map_err(|error| Failure::from_io(&error, path, &APPROVALS_UNUSABLE))
}
