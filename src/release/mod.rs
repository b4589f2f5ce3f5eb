//! Releases: what one recipient gets for one purpose, and nothing else.
//!
//! In: the people of a run, whoever has opted out, and the releases that the job defines. Out: `releases/<id>/` with data, manifest and
//! cover sheet for each that the policy lets out, and the rules that refuse the others. Always: a release holds the columns that were
//! asked for and no other; whoever has opted out of its purpose has no line in it, and no value that rests on what they opted out with;
//! lines stand in a keyed order, under
//! pseudonyms that no other release has; nothing is written of what is refused.

mod cohort;
mod cover;
mod crosswalk;
mod groups;
mod key;
mod lines;
mod manifest;
mod rotate;
#[cfg(test)]
mod tests;
mod write;

pub use manifest::Manifest;
pub use rotate::{Rotated, rotate_key};

use crate::audit::{self, Event, Note};
use crate::best_record::{self, People};
use crate::clustering::Partition;
use crate::consent::{self, OptedOut};
use crate::failure::{Code, Exit, Result};
use crate::identity::PersonId;
use crate::job::{Content, Identifiers, Job, Release};
use crate::policy::{self, Refusal, Standing};
use crate::records::Records;
use crate::summary::{self, disclosure::Control};
use serde::Serialize;
use std::cell::OnceCell;
use std::path::Path;

/// The codes this room raises (OF073x).
pub static CODES: &[&Code] =
    &[&RELEASE_KEY_UNUSABLE, &RELEASE_UNWRITABLE, &PSEUDONYMS_BEFORE_LOST, &SECRET_BEFORE_STANDS];

static RELEASE_KEY_UNUSABLE: Code = Code {
    id: "OF0730",
    exit: Exit::Resource,
    title: "the key of the pseudonyms cannot be used",
    next_step: "Restore state/release.key from a backup, or name the file with [policy] release_key_file, then run again",
    explanation: "Pseudonyms are made with a secret of 32 bytes, written as 64 hexadecimal characters, from the file that [policy] \
                  release_key_file names or else from state/release.key, which the first release makes. Without it everybody would get \
                  other pseudonyms, so it is not made anew once something was released.",
};

static RELEASE_UNWRITABLE: Code = Code {
    id: "OF0731",
    exit: Exit::Resource,
    title: "a release could not be written",
    next_step: "See to the file that the message names, then run again; nothing was published or released",
    explanation: "A file of releases/<id>/ could not be written, encrypted or removed.",
};

static PSEUDONYMS_BEFORE_LOST: Code = Code {
    id: "OF0732",
    exit: Exit::Resource,
    title: "a table from the pseudonyms before these cannot be made",
    next_step: "Restore the secret before this one as the file that the message names, or take overlap out of the release and have it approved anew, then run again",
    explanation: "`overlap = true` gives the recipient of a release a table from the pseudonyms that they had before to today's. Where \
                  `onefolk keys rotate` has made a new secret since, that needs the secret before, which it keeps beside the new one as \
                  release.key.previous. It is not there, is damaged, or is not the one that these pseudonyms were made with, and a table from \
                  pseudonyms that nobody has would be of no use. Nothing was published or released.",
};

static SECRET_BEFORE_STANDS: Code = Code {
    id: "OF0733",
    exit: Exit::JobWrong,
    title: "the secret before this one is still kept",
    next_step: "See that every recipient who is to follow people has their table, remove the file that the message names, then try again",
    explanation: "`onefolk keys rotate` keeps the secret that it replaces, since tables from old pseudonyms to new ones are made with it. \
                  It keeps one and never overwrites it: once it is gone no such table can be made any more. Nothing was changed.",
};

/// What releases are made from.
pub struct Source<'a> {
    pub job: &'a Job,
    pub run_id: &'a str,
    /// How counts that leave are protected.
    pub control: &'a Control,
    pub records: &'a Records,
    pub partition: &'a Partition,
    pub people: &'a People,
    /// By dense person.
    pub person_ids: &'a [PersonId],
    pub opted_out: &'a OptedOut,
    /// What linking says of each person, for best records that are made anew.
    pub linked: &'a dyn Fn() -> best_record::Linked,
    /// Name and bytes of each table of `summary/`.
    pub summary: &'a [(String, Vec<u8>)],
    /// Runs whose issued tables these could not be held against.
    pub lost_issues: &'a [String],
}

/// What became of one release.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub id: String,
    pub recipient: String,
    pub purpose: &'static str,
    /// Hash of the definition.
    pub definition: String,
    #[serde(flatten)]
    pub fate: Fate,
}

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Fate {
    Released {
        lines: u64,
        files: Vec<ReleasedFile>,
        /// The members file of the audit: whose lines they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        members: Option<String>,
        /// The mark by which the audit tells these pseudonyms from those of another secret or generation.
        #[serde(skip_serializing_if = "Option::is_none")]
        pseudonyms: Option<String>,
        /// Of tables: the day of issue.
        #[serde(skip_serializing_if = "Option::is_none")]
        issue: Option<String>,
    },
    Refused {
        refusals: Vec<Refusal>,
    },
    /// Tables that are not issued on this day, or were already.
    NotDue {
        next: Option<String>,
    },
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleasedFile {
    pub file: String,
    pub bytes: u64,
    pub blake3: String,
}

impl Outcome {
    /// What the audit is told; nothing of what is not due.
    pub fn note(&self, run_id: &str) -> Option<Note> {
        let event = match &self.fate {
            Fate::Released { .. } => Event::Release,
            Fate::Refused { .. } => Event::Refusal,
            Fate::NotDue { .. } => return None,
        };
        let note = Note::new(event)
            .of_run(run_id)
            .with("release", self.id.as_str())
            .with("recipient", self.recipient.as_str())
            .with("purpose", self.purpose)
            .with("definition", self.definition.as_str());
        Some(match &self.fate {
            Fate::Released { lines, files, members, pseudonyms, issue } => {
                let note = note.with("lines", *lines).with("files", serde_json::json!(files));
                let told = [("members", members), ("pseudonyms", pseudonyms), ("issue", issue)];
                let known = told.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
                known.fold(note, |note, (name, value)| note.with(name, value))
            }
            Fate::Refused { refusals } => note.with("refusals", serde_json::json!(refusals)),
            Fate::NotDue { .. } => note,
        })
    }

    /// A sentence for whoever ran it, where it is refused.
    pub fn warning(&self) -> Option<String> {
        let Fate::Refused { refusals } = &self.fate else { return None };
        let rules: Vec<String> = refusals.iter().map(|refusal| format!("{} ({})", refusal.rule, refusal.why)).collect();
        Some(format!("release {} is refused by {}", self.id, rules.join(", ")))
    }
}

/// Makes every release of the job below `folder`, as `releases/<id>/`.
///
/// # Errors
/// OF0720 for the approvals, OF0730 and OF0732 for the key, OF0731 and the disk's where something cannot be written.
pub fn all(source: &Source, folder: &Path) -> Result<Vec<Outcome>> {
    let maker = Maker { source, without_type_1: OnceCell::new() };
    let standing = policy::standing(source.job, source.lost_issues)?;
    source
        .job
        .releases
        .iter()
        .zip(standing)
        .map(|(release, standing)| maker.outcome(release, standing, folder))
        .collect()
}

/// The rows that are left of a run, and everybody as these say.
struct Left {
    partition: Partition,
    people: People,
}

/// Does a release of tables among those of the job leave today? Then these have to be counted as things are today.
///
/// # Errors
/// OF0720 for the approvals; OF0710 where the audit cannot be read.
pub fn issues_tables(job: &Job, lost_issues: &[String]) -> Result<bool> {
    for (release, standing) in job.releases.iter().zip(policy::standing(job, lost_issues)?) {
        let may_leave = release.content == Content::Summary && standing.refusals.is_empty();
        if may_leave && due(job, release)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The day of issue of a release of tables that has come and of which nothing was issued yet.
fn due<'r>(job: &Job, release: &'r Release) -> Result<Option<&'r String>> {
    let today = job.as_of.to_string();
    let issued = audit::issues(job, &release.id)?;
    let last = release.issued_on.iter().rfind(|day| **day <= today);
    Ok(last.filter(|day| !issued.contains(day.as_str())))
}

/// What all releases of a run share.
struct Maker<'a> {
    source: &'a Source<'a>,
    /// What is left without what type 1 opt-outs are of; made where the first release needs it.
    without_type_1: OnceCell<Option<Left>>,
}

impl Maker<'_> {
    fn outcome(&self, release: &Release, standing: Standing, folder: &Path) -> Result<Outcome> {
        let Standing { id, recipient, purpose, definition, agreed, refusals } = standing;
        let fate = match release.content {
            _ if !refusals.is_empty() => Fate::Refused { refusals },
            Content::People => self.people(release, &agreed, folder)?,
            Content::Cohort => self.cohort(release, &agreed, folder)?,
            Content::Crosswalk => self.crosswalk(release, &agreed, folder)?,
            Content::Summary => self.summary(release, &agreed, folder)?,
        };
        Ok(Outcome { id, recipient, purpose, definition, fate })
    }

    fn people(&self, release: &Release, agreed: &policy::Agreed, folder: &Path) -> Result<Fate> {
        let keys = key::Keys::of(self.source.job, release)?;
        let (partition, people) = self.seen_by(release);
        let chosen = lines::choose(self.source, (partition, people), release, &keys, None);
        let table = lines::table(self.source, people, release, &chosen, &keys);
        self.hand_out(release, agreed, (&chosen, &keys), ("people", &table), folder)
    }

    fn cohort(&self, release: &Release, agreed: &policy::Agreed, folder: &Path) -> Result<Fate> {
        let keys = key::Keys::of(self.source.job, release)?;
        let (partition, people) = self.seen_by(release);
        let cohort = policy::cohort_of(self.source.job, release).expect("the check lets no other through");
        let chosen = cohort::choose(self.source, (partition, people), release, &keys, cohort);
        let table = lines::table(self.source, people, release, &chosen, &keys);
        self.hand_out(release, agreed, (&chosen, &keys), ("cohort", &table), folder)
    }

    fn crosswalk(&self, release: &Release, agreed: &policy::Agreed, folder: &Path) -> Result<Fate> {
        let keys = key::Keys::of(self.source.job, release)?;
        let (partition, people) = self.seen_by(release);
        let rows = crosswalk::choose(self.source, partition, release, &keys);
        let table = crosswalk::table(self.source, people, release, &rows, &keys);
        self.hand_out(release, agreed, (&rows.chosen, &keys), ("crosswalk", &table), folder)
    }

    /// Writes lines about people and what goes with them; `name` is the file's.
    fn hand_out(
        &self,
        release: &Release,
        agreed: &policy::Agreed,
        (chosen, keys): (&lines::Chosen, &key::Keys),
        (name, table): (&str, &[lines::Column]),
        folder: &Path,
    ) -> Result<Fate> {
        let place = write::Place::new(folder, release)?;
        let mut files = place.table(name, table)?;
        let people = chosen.distinct();
        if release.overlap {
            files.extend(place.table("overlap", &lines::overlap(self.source, &people, keys))?);
        }
        let ids = people.iter().map(|&at| &self.source.person_ids[at as usize]);
        let members = audit::keep_members(self.source.job, &release.id, ids)?;
        let control = self.source.control;
        let left_out = |kind: &str, people: u64| control.single(&format!("{}|{kind}", release.id), people).plain();
        let left_out = manifest::LeftOut {
            national: policy::acts_national(release).then(|| left_out("national", chosen.national)),
            type_1: policy::acts_type_1(release).then(|| left_out("type_1", chosen.type_1)),
        };
        let lines = chosen.people.len() as u64;
        let manifest = Manifest::of(self.source, release, agreed, &files, lines, left_out);
        files.extend(place.papers(&manifest)?);
        let pseudonyms = (release.identifiers == Identifiers::Pseudonym).then(|| keys.mark());
        Ok(Fate::Released { lines, files, members: Some(members), pseudonyms, issue: None })
    }

    /// The rows that the purpose may see, and best records of these.
    fn seen_by(&self, release: &Release) -> (&Partition, &People) {
        let left = if policy::acts_type_1(release) { self.without_type_1() } else { None };
        left.map_or((self.source.partition, self.source.people), |left| (&left.partition, &left.people))
    }

    /// What is left where general practice rows of people with a type 1 opt-out are left out; `None` where these have none.
    fn without_type_1(&self) -> Option<&Left> {
        let made = self.without_type_1.get_or_init(|| {
            let Source { job, records, partition, people, opted_out, linked, .. } = self.source;
            let (partition, _) = consent::without_type_1(job, records, partition, &opted_out.type_1)?;
            let people = best_record::combine_left(job, records, &partition, linked(), people);
            Some(Left { partition, people })
        });
        made.as_ref()
    }

    fn summary(&self, release: &Release, agreed: &policy::Agreed, folder: &Path) -> Result<Fate> {
        let Some(due) = due(self.source.job, release)? else {
            let today = self.source.job.as_of.to_string();
            return Ok(Fate::NotDue { next: release.issued_on.iter().find(|day| **day > today).cloned() });
        };
        let place = write::Place::new(folder, release)?;
        let mut files = Vec::new();
        for (name, bytes) in summary::for_others(self.source.summary) {
            files.extend(place.issued(name, &bytes)?);
        }
        let manifest = Manifest::of(self.source, release, agreed, &files, 0, manifest::LeftOut::default());
        files.extend(place.papers(&manifest)?);
        Ok(Fate::Released { lines: 0, files, members: None, pseudonyms: None, issue: Some(due.clone()) })
    }
}
