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
    /// Of the governance lead, over all the rest.
    pub signature: String,
}

impl Approval {
    fn signed_text(&self) -> String {
        let Approval { release, who, role, date, definition, .. } = self;
        [release, who, role, date, definition].map(|part| part.replace('\n', " ")).join("\n")
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
        let text = match std::fs::read(path) {
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

    /// Who has agreed to `release` up to `as_of`, checked with the governance lead's key.
    pub fn agreed(&self, release: &Release, approvers: &[Approver], key: Option<&PublicKey>, as_of: Date) -> Agreed {
        let definition = release.definition_hash();
        let mut agreed = Agreed::default();
        for line in self.lines.iter().filter(|line| line.release == release.id) {
            let named = approvers.iter().any(|approver| approver.name == line.who && approver.role == line.role);
            let signed = key.is_some_and(|key| key.verifies(PURPOSE, &line.signed_text(), &line.signature));
            let dated = line.date.parse::<Date>().is_ok_and(|date| date <= as_of);
            match named && signed && dated {
                false => agreed.void += 1,
                true if line.definition != definition => agreed.of_other_definitions += 1,
                true => agreed.approvals.push(line.clone()),
            }
        }
        agreed
    }
}

/// Adds an agreement to the file, countersigned with the private key in `key`; it is noted in the audit first.
///
/// # Errors
/// OF0722 where there is no such release, OF0721 where the agreement would not count, OF0720 where it cannot be written.
pub fn approve(job: &Job, release: &str, [who, role]: [&str; 2], date: Date, key: &Path) -> Result<Approval> {
    let none = || Failure::new(&NO_SUCH_RELEASE, format!("{} releases are defined", job.releases.len()));
    let release = job.releases.iter().find(|known| known.id == release).ok_or_else(none)?;
    let refuse = |why: &str| Err(Failure::new(&NOT_AN_APPROVER, why.to_string()));
    if !job.approvers.iter().any(|approver| approver.name == who && approver.role == role) {
        return refuse("the job names no such [[approver]]");
    }
    if !release.approvals.iter().chain(&job.policy.approvals).any(|needed| needed == role) {
        return refuse("the release does not need an agreement of this role");
    }
    let Some(public) = &job.policy.governance_lead_key else { return refuse("[policy] names no governance_lead_key") };
    let private = keys::read_private(key)?;
    if private.public() != keys::read_public(public)? {
        return refuse("the key is not the governance lead's");
    }
    let approval = signed(release, [who, role], date, &private);
    let mut lines = Approvals::read(job)?.lines;
    lines.push(approval.clone());
    let note = Note::new(Event::Approval)
        .with("release", release.id.as_str())
        .with("who", who)
        .with("role", role)
        .with("definition", approval.definition.as_str());
    audit::add(job, &[note])?;
    write(&job.policy.approvals_file, &lines)?;
    Ok(approval)
}

/// An agreement to `release` as it is defined, countersigned.
pub(crate) fn signed(release: &Release, [who, role]: [&str; 2], date: Date, lead: &PrivateKey) -> Approval {
    let mut approval = Approval {
        release: release.id.clone(),
        who: who.to_string(),
        role: role.to_string(),
        date: date.to_string(),
        definition: release.definition_hash(),
        signature: String::new(),
    };
    approval.signature = lead.sign(PURPOSE, &approval.signed_text());
    approval
}

/// The whole file anew, in one rename: a kill leaves the old one or the new one.
pub(crate) fn write(path: &Path, lines: &[Approval]) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    lines.iter().for_each(|line| writer.serialize(line).expect("a line in memory can be written"));
    let bytes = writer.into_inner().expect("a file in memory can be written");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = disk::replace(path, &bytes).and_then(|()| disk::sync_folder(folder));
    written.map_err(|error| Failure::from_io(&error, path, &APPROVALS_UNUSABLE))
}
