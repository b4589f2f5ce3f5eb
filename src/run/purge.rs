//! Kept runs without whom a local objection has named since.
//!
//! After every published night each kept run that holds rows of somebody who objects now is written anew without them, and takes its own
//! place whole or not at all. Who has objected is known by what the lists name, by every row that tonight was withheld for it, and by the
//! NHS numbers of the rows that are named; a person of a kept run goes as a whole. Tables of two runs are written at a time, and those that several
//! runs are to have once; what is told of a run, to the audit and in its report, and its new place come one run after the other, oldest first.
//!
//! What that takes of memory is in no forecast, as it is less than what the night itself has held ([`After`]).

use super::INTERRUPTED;
use super::earlier::{self, ChangesLeft, Earlier, Rebuilt, Standing, Today};
use super::find_index;
use super::interrupt::Guard;
use super::metrics;
use super::night::Night;
use super::noted;
use super::progress::Progress;
use super::report;
use super::story;
use super::withhold::Objecting;
use crate::cohort::CohortCount;
use crate::consent::{self, Authority};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity::Ledger;
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crate::publish::{Draft, Lock, WrittenFile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// So many kept runs are written anew side by side: what each of them holds meanwhile is in memory, and both are on the disk. Where memory is limited
/// it is one.
const SIDE_BY_SIDE: usize = 2;

/// A kept run that was written anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purged {
    pub run_id: String,
    /// Rows that went from its crosswalk to its withheld.parquet.
    pub rows: u64,
    pub people: u64,
    /// Raw texts in its quarantine.parquet that were emptied.
    pub texts: u64,
}

/// What is left in memory of a night that stands: all that kept runs are looked through by.
///
/// A kept run is written anew in about 200 bytes for each of its people (who may stand, some 50; the index that `find` reads, 40 while it is gathered, as
/// many laid out, and names; ids, 16) and the row groups of three tables, of 128 Ki rows at most however many there are: of each table the columns that
/// are looked at in three groups, a column a thread of the group that is made anew, and what one or two are packed to. The night itself has held some
/// 600 bytes a row at its highest, and row groups of eight tables at once while it wrote these. Its records and best records go first: beside
/// them a night that has just had room would not have it for this. Raw texts in quarantine are as long as somebody has made them: of a group in which one is
/// emptied all are held, as the night that had read them has held them all.
pub(super) struct After {
    run_id: String,
    /// Every run that the ledger knew before it, oldest first.
    runs: Vec<String>,
    authority: Authority,
    objecting: Objecting,
}

impl After {
    /// Lets go of everything else.
    pub fn of(night: Night) -> After {
        let Night { run_id, runs, authority, objecting, .. } = night;
        After { run_id, runs, authority, objecting }
    }

    /// Takes whoever objects out of the kept runs; gives what was written anew, and what did not work.
    pub fn purge(
        &self,
        job: &Job,
        (lock, interrupt): (&Lock, &Guard),
        progress: &Progress,
    ) -> (Vec<Purged>, Vec<String>) {
        let After { run_id: by, runs, authority, objecting } = self;
        Purge { job, lock, by, runs, authority, objecting, interrupt }.kept_runs(progress)
    }
}

/// What a purge goes by.
pub(super) struct Purge<'a> {
    pub job: &'a Job,
    pub lock: &'a Lock,
    /// The run that has just been published.
    pub by: &'a str,
    /// Every run that the ledger knows, oldest first, `by` aside.
    pub runs: &'a [String],
    pub authority: &'a Authority,
    pub objecting: &'a Objecting,
    pub interrupt: &'a Guard,
}

/// state/purged.json: for which objections each kept run has been looked through.
#[derive(Default, Serialize, Deserialize)]
struct LookedThrough {
    /// By run; a keyed hash of the objections.
    runs: BTreeMap<String, String>,
}

/// Who may stand of a run; `None` where nothing of it goes.
type Judged = std::result::Result<Option<Standing>, String>;

/// Kept runs of the same tables, oldest first, of which something goes.
struct Losing<'r> {
    runs: &'r [PublishedRun],
    /// Who may stand of them, or why nobody can say.
    standing: std::result::Result<Standing, String>,
}

/// What kept runs of the same tables share: who may stand, and their tables written anew, with the index.
struct Tables {
    standing: Standing,
    rebuilt: Rebuilt,
}

/// A kept run whose tables are written anew.
struct Begun<'a> {
    draft: Draft<'a>,
    earlier: Earlier,
    own: Own,
}

/// What a run shares with no other.
struct Own {
    changes: ChangesLeft,
    cohorts: Vec<CohortCount>,
    written: Vec<WrittenFile>,
}

/// What came of a kept run, or why it may still hold rows of people who object.
type Outcome = std::result::Result<Option<Purged>, String>;

type Outcomes<'r> = Vec<(&'r PublishedRun, Outcome)>;

impl Purge<'_> {
    /// Looks through every kept run that was not yet held against tonight's objections. The published run stands whatever happens: what
    /// does not work is told as a warning, and done again by the next night.
    pub fn kept_runs(&self, progress: &Progress) -> (Vec<Purged>, Vec<String>) {
        let (mut purged, mut warnings) = (Vec::new(), Vec::new());
        if let Err(failure) = self.each_kept(progress, &mut purged, &mut warnings) {
            warnings.push(format!("kept runs may still hold rows of people who object: {failure}"));
        }
        (purged, warnings)
    }

    fn each_kept(&self, progress: &Progress, purged: &mut Vec<Purged>, warnings: &mut Vec<String>) -> Result<()> {
        let Some(objections) = self.fingerprint()? else { return Ok(()) };
        let before = self.looked_through();
        let mut now = LookedThrough::default();
        now.runs.insert(self.by.to_string(), objections.clone());
        let mut kept = PublishedRun::all_kept(self.lock.output())?;
        kept.retain(|run| run.run_id != self.by);
        let stage = progress.stage("Objections, kept runs", None);
        let is_done = |run: &PublishedRun| before.runs.get(&run.run_id) == Some(&objections);
        let (done, others): (Vec<PublishedRun>, Vec<PublishedRun>) = kept.into_iter().partition(is_done);
        now.runs.extend(done.into_iter().map(|run| (run.run_id, objections.clone())));
        let at_once = if self.job.memory_limit.is_some() { 1 } else { SIDE_BY_SIDE.min(rayon::current_num_threads()) };
        for (run, outcome) in self.looked_at(&others, at_once) {
            match outcome {
                Ok(gone) => {
                    now.runs.insert(run.run_id.clone(), objections.clone());
                    purged.extend(gone);
                }
                Err(why) => {
                    warnings.push(format!("run {} may still hold rows of people who object: {why}", run.run_id));
                }
            }
        }
        self.remember(&now);
        stage.done(format!("{} rows of people who object", purged.iter().map(|run| run.rows).sum::<u64>()));
        Ok(())
    }

    /// Looks through runs, so many at a time; gives what came of each, in their order. Who goes is judged first, so that a run of which nobody goes
    /// keeps no other from being written beside the next one.
    fn looked_at<'r>(&self, runs: &'r [PublishedRun], at_once: usize) -> Outcomes<'r> {
        let today = Today::objecting(self.authority, self.objecting);
        let mut groups = earlier::alike(runs).into_iter();
        let (mut losing, mut outcomes): (Vec<Losing<'r>>, Outcomes<'r>) = (Vec::new(), Vec::new());
        loop {
            let some: Vec<&'r [PublishedRun]> = groups.by_ref().take(at_once - losing.len()).collect();
            let is_end = some.is_empty();
            let judge = |group: &&[PublishedRun]| self.judged(&group[0], &today);
            let judged: Vec<Judged> = some.par_iter().with_max_len(1).map(judge).collect();
            for (group, judged) in some.into_iter().zip(judged) {
                match judged.transpose() {
                    Some(standing) => losing.push(Losing { runs: group, standing }),
                    None => outcomes.extend(group.iter().map(|run| (run, Ok(None)))),
                }
            }
            if is_end || losing.len() == at_once {
                outcomes.extend(self.written_anew(std::mem::take(&mut losing), &today));
            }
            if is_end {
                break;
            }
        }
        outcomes.sort_by_key(|(run, _)| runs.iter().position(|known| known.run_id == run.run_id));
        outcomes
    }

    /// Who may stand of a run, where anybody or anything of it goes.
    fn judged(&self, run: &PublishedRun, today: &Today) -> Judged {
        if self.interrupt.asked() {
            return Err("a signal came".to_string());
        }
        let judge = || -> Result<Option<Standing>> {
            let standing = Standing::of(run, today)?;
            let goes = standing.somebody_is_gone() || earlier::texts_object(run, today)?;
            Ok(goes.then_some(standing))
        };
        judge().map_err(|failure| failure.to_string())
    }

    /// Writes the tables of some anew side by side, and puts the runs in their places one after the other. What fails beside others, or as one of several
    /// of the same tables, is done again alone and from its own: there may be room for one and not for two.
    fn written_anew<'r>(&self, losing: Vec<Losing<'r>>, today: &Today) -> Outcomes<'r> {
        let is_one = losing.iter().map(|losing| losing.runs.len()).sum::<usize>() == 1;
        let begin = |Losing { runs, standing }: Losing<'r>| {
            let begin = |standing| self.begin(&runs[0], standing, today).map_err(|failure| failure.to_string());
            (runs, standing.and_then(begin))
        };
        let begun: Vec<_> = losing.into_par_iter().with_max_len(1).map(begin).collect();
        let mut outcomes: Outcomes<'r> = Vec::new();
        for (runs, begun) in begun {
            outcomes.extend(self.in_their_places(runs, begun));
        }
        if !is_one && !self.interrupt.asked() {
            let failed = outcomes.iter_mut().filter(|(_, outcome)| outcome.is_err());
            failed.for_each(|(run, outcome)| *outcome = self.alone(run, today));
        }
        outcomes
    }

    /// Puts runs of the same tables in their places: the first as it is begun, then each of the others with the tables that the first one holds by now.
    fn in_their_places<'r>(
        &self,
        runs: &'r [PublishedRun],
        begun: std::result::Result<(Begun, Tables), String>,
    ) -> Outcomes<'r> {
        let (begun, tables) = match begun {
            Ok(begun) => begun,
            Err(why) => return runs.iter().map(|run| (run, Err(why.clone()))).collect(),
        };
        let first = &runs[0];
        let done = outcome(self.finish(first, begun, &tables));
        let like = |run: &PublishedRun| {
            self.begin_like(run, first, &tables).and_then(|begun| self.finish(run, begun, &tables))
        };
        let others = runs[1..].iter().map(|run| (run, done.clone().and_then(|_| outcome(like(run)))));
        let others: Outcomes<'r> = others.collect();
        [(first, done)].into_iter().chain(others).collect()
    }

    /// One run from beginning to end, by nothing but its own tables.
    fn alone(&self, run: &PublishedRun, today: &Today) -> Outcome {
        let Some(standing) = self.judged(run, today)? else { return Ok(None) };
        outcome(self.begin(run, standing, today).and_then(|(begun, tables)| self.finish(run, begun, &tables)))
    }

    /// Writes the tables of one run anew.
    fn begin(&self, run: &PublishedRun, standing: Standing, today: &Today) -> Result<(Begun<'_>, Tables)> {
        let (earlier, draft) = self.draft(run)?;
        let index = || find_index::write(self.job, &draft, self.authority);
        let (tables, own) = rayon::join(
            || earlier::write_then(self.job, run, &draft, &standing, today, &earlier, index),
            || self.own(run, &draft, &standing, &earlier),
        );
        let (mut rebuilt, index) = tables?;
        rebuilt.written.push(index?);
        let own = own?;
        Ok((Begun { draft, earlier, own }, Tables { standing, rebuilt }))
    }

    /// The same of a run of the same tables as `first`, which stands with `tables` by now.
    fn begin_like(&self, run: &PublishedRun, first: &PublishedRun, tables: &Tables) -> Result<Begun<'_>> {
        let (earlier, draft) = self.draft(run)?;
        let (taken, own) = rayon::join(
            || draft.take_over(first, &tables.rebuilt.written),
            || self.own(run, &draft, &tables.standing, &earlier),
        );
        taken?;
        let own = own?;
        Ok(Begun { draft, earlier, own })
    }

    fn draft(&self, run: &PublishedRun) -> Result<(Earlier, Draft<'_>)> {
        if self.interrupt.asked() {
            return Err(Failure::new(&INTERRUPTED, "a signal came"));
        }
        Ok((Earlier::read(run)?, Draft::create_beside(self.lock, &run.run_id)?))
    }

    /// Writes what a run shares with no other: what it has changed, and its cohorts.
    fn own(&self, run: &PublishedRun, draft: &Draft, standing: &Standing, earlier: &Earlier) -> Result<Own> {
        let (changed, changes) = earlier::write_changes(run, draft, standing)?;
        let (cohorts, cohort_changes) = self.cohorts(run, draft, standing, earlier)?;
        Ok(Own { changes, cohorts, written: [changed].into_iter().chain(cohort_changes).collect() })
    }

    fn cohorts(
        &self,
        run: &PublishedRun,
        draft: &Draft,
        standing: &Standing,
        earlier: &Earlier,
    ) -> Result<(Vec<CohortCount>, Option<WrittenFile>)> {
        let mut cohorts = earlier::write_cohorts(self.job, run, draft, standing, earlier)?;
        let changed = earlier::write_cohort_changes(run, draft, standing, &mut cohorts, earlier)?;
        Ok((cohorts, changed))
    }

    /// Writes what is told of a run whose tables are written anew, and puts it in its place. What it had released is not kept: recipients have it,
    /// and it holds people who object.
    fn finish(&self, run: &PublishedRun, begun: Begun, Tables { rebuilt, .. }: &Tables) -> Result<Purged> {
        let Begun { draft, earlier, own: Own { changes, cohorts, written: own } } = begun;
        let as_of = earlier.as_of;
        let mut run_json = earlier.purged(self.by, self.job.as_of, rebuilt, changes.len());
        run_json["cohorts"] = json!(cohorts);
        let at = self.runs.iter().position(|known| *known == run.run_id);
        let before = at.and_then(|at| at.checked_sub(1)).map(|at| self.runs[at].as_str());
        let mut written: Vec<WrittenFile> = rebuilt.written.iter().cloned().chain(own).collect();
        written.extend(earlier::write_summary(self.job, as_of, (run, &draft), &mut run_json, changes.counts(before))?);
        written.push(draft.write_bytes("model.json", &run.bytes("model.json")?)?);
        written.push(draft.write_bytes("onefolk.prom", metrics::of(&run_json).as_bytes())?);
        run_json["outputs"] = report::outputs(&written);
        let (rows, run_json) = (rebuilt.rows_withheld_anew(), format!("{run_json:#}\n").into_bytes());
        draft.write_bytes("run.json", &run_json)?;
        draft.write_bytes(story::LOG, &run.bytes(story::LOG)?)?;
        noted::about_to_purge(self.job, &run.run_id, self.by, rows, &run_json)?;
        draft.replace()?;
        let purged = Purged { run_id: run.run_id.clone(), rows, people: rebuilt.gone, texts: rebuilt.texts };
        tracing::info!(run_id = purged.run_id, rows, people = purged.people, texts = purged.texts, "was purged");
        Ok(purged)
    }

    /// Tells tonight's objections from others without holding any of them; `None` where nobody objects.
    fn fingerprint(&self) -> Result<Option<String>> {
        let records = self.objecting.records.keys().map(|(provider, record)| (provider.as_str(), record.as_str()));
        let numbers = self.objecting.numbers.iter().map(|number| ("", number.as_str()));
        let all: Vec<(&str, &str)> = self.authority.objections().chain(records).chain(numbers).collect();
        if all.is_empty() {
            return Ok(None);
        }
        let key = Ledger::value_key(self.lock.output(), self.job.id_key_file.as_deref())?;
        Ok(Some(blake3::Hash::from_bytes(consent::fingerprint(&key, all)).to_hex().to_string()))
    }

    fn place(&self) -> PathBuf {
        self.lock.output().join("state/purged.json")
    }

    /// Where it cannot be read, every run is looked through again.
    fn looked_through(&self) -> LookedThrough {
        let bytes = disk::read(&self.place()).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn remember(&self, looked_through: &LookedThrough) {
        let bytes = format!("{:#}\n", json!(looked_through));
        if let Err(error) = disk::replace(&self.place(), bytes.as_bytes()) {
            tracing::warn!(reason = %error.kind(), "which runs were looked through could not be kept");
        }
    }
}

fn outcome(done: Result<Purged>) -> Outcome {
    done.map(Some).map_err(|failure| failure.to_string())
}
