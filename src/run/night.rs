//! One night up to publishing: from what is at hand before an extract is read to people with their ids.

use super::accounts::Accounts;
use super::agreement::{self, Agreement};
use super::ceiling::Ceiling;
use super::changes::{Changed, ProviderChanges};
use super::checkpoint::{self, Checkpoints, Use};
use super::decided::Decided;
use super::gates::{self, Before, Extracts, Gates, RecordIds};
use super::imported::ModelFile;
use super::impossible::{self, Control};
use super::link::Linked;
use super::link_tables::{self, Begun};
use super::linked_night::{LinkedNight, Taken, link_night};
use super::model::{self, Known};
use super::objected::Objected;
use super::overlap;
use super::progress::Progress;
use super::segments;
use super::usable::{Usable, read_usable};
use super::withhold::{self, Objecting};
use super::{Finished, Options, keep, numbered, report};
use crate::audit;
use crate::best_record::{self, People};
use crate::clustering::as_probability;
use crate::consent::{self, Authority, Held, OptOuts, Withheld};
use crate::failure::Result;
use crate::identity::{self, Identified, Ledger};
use crate::intake::{FileReport, Quarantined};
use crate::job::Job;
use crate::model::Frozen;
use crate::publish::Lock;
use crate::records::{self, Cleaned, Records};
use crate::reference::{self, Reference};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything the stages have found, on its way to being published.
pub(super) struct Night<'a> {
    pub(super) job: &'a Job,
    pub(super) run_id: String,
    pub(super) files: Vec<FileReport>,
    pub(super) records: Records,
    pub(super) cleaned: Cleaned,
    pub(super) quarantined: Vec<Quarantined>,
    pub(super) withheld: Vec<Withheld>,
    pub(super) objecting: Objecting,
    /// How many people local objections are of.
    pub(super) objectors: u64,
    /// Who objects, for the nights to come.
    pub(super) objected: Objected,
    pub(super) authority: Authority,
    /// Every run that the ledger knows, oldest first.
    pub(super) runs: Vec<String>,
    /// Opt-outs that act on releases.
    pub(super) opt_outs: OptOuts,
    pub(super) replaced_numbers: u64,
    /// What humans have decided, and how far it was obeyed.
    pub(super) decided: Decided,
    pub(super) gates: Vec<gates::Outcome>,
    /// Providers that the job has no more, and of which all that is kept goes with this run.
    pub(super) left: BTreeSet<String>,
    /// What gates, the memory of the night before and checkpoints have to say.
    pub(super) warnings: Vec<String>,
    pub(super) extracts_before: Extracts,
    /// The record_ids of each extract, where its provider has sent several.
    pub(super) record_ids: Vec<Option<RecordIds>>,
    /// What providers that send only changes have sent.
    pub(super) provider_changes: Vec<ProviderChanges>,
    /// Bytes of columns and scored pairs that waited on disk while records were linked.
    pub(super) put_aside_bytes: u64,
    /// Stages of an earlier attempt at this night that were not done again.
    pub(super) reused: Vec<&'static str>,
    /// Linking is that of the night before, which has left all that the next one may take over.
    pub(super) linked_before: bool,
    pub(super) controls: Vec<Control>,
    pub(super) agreements: Vec<Agreement>,
    pub(super) accounts: Accounts,
    /// Without the links, which are written.
    pub(super) linked: Linked,
    /// Which people are in a pair that a human should look at.
    pub(super) in_review: Vec<bool>,
    /// What is kept of extracts, begun while records are linked.
    pub(super) keeping: keep::Meanwhile,
    /// What is to be published; `None` on a dry run.
    pub(super) begun: Option<Begun<'a>>,
    /// The job's own model file, where it names one.
    pub(super) model_file: Option<ModelFile>,
    /// What model.json holds; `None` where there was nothing to compare.
    pub(super) frozen: Option<Frozen>,
    /// The model that was there before; `None` where this night learnt it.
    pub(super) known: Option<Known>,
    pub(super) identified: Identified,
    pub(super) people: People,
    pub(super) reference: Option<Arc<Reference>>,
}

/// What a night has at hand before it reads an extract.
pub(super) struct Beginning<'a> {
    pub(super) job: &'a Job,
    run_id: String,
    ledger: Ledger,
    /// The job's own model file, where it names one of another tool.
    model_file: Option<ModelFile>,
    /// The model that was learnt before.
    known: Option<Known>,
    /// Nothing is taken from the night before.
    full: bool,
    /// Entries that the audit had before the decisions were read.
    audit_entries: u64,
    authority: Authority,
    opt_outs: OptOuts,
    gates: Gates<'a>,
    checkpoints: Checkpoints<'a>,
}

impl<'a> Beginning<'a> {
    /// # Errors
    /// Where a list, the model or the run before cannot be read, or the date or a header breaks a gate.
    pub(super) fn of(job: &'a Job, run_id: String, ledger: Ledger, options: Options) -> Result<Beginning<'a>> {
        let model_file = ModelFile::of_job(job)?;
        let known = if model_file.is_some() { None } else { model::to_use(job)? };
        let how = Use { resume: options.resume, write: !options.dry_run };
        let settings = checkpoint::settings(job, known.as_ref(), model_file.as_ref(), options.full)?;
        let checkpoints = Checkpoints::new(job, how, settings);
        let audit_entries = audit::ready(job)?.entries;
        let authority = consent::read(job)?;
        numbered::judge_decisions(job, ledger.runs(), &authority.decisions)?;
        let opt_outs = consent::read_opt_outs(job, &authority)?;
        let mut gates = Gates::new(job, Before::of(job, ledger.runs())?, options.waived);
        gates.held = Some(Held::of(&authority, &opt_outs, gates.before.lists.day));
        gates.judge_decisions(&authority.decisions)?;
        let last = ledger.runs().len().checked_sub(1).map(|run| ledger.as_of(run));
        let now = Timestamp::now();
        gates.judge_beginning(last, now.to_zoned_datetime(TimeZone::UTC).date())?;
        gates.date_behind(now);
        let full = options.full;
        Ok(Beginning {
            job,
            run_id,
            ledger,
            model_file,
            known,
            full,
            audit_entries,
            authority,
            opt_outs,
            gates,
            checkpoints,
        })
    }
}

/// Everything up to publishing; what is published is begun where there is the `lock` for it.
pub(super) fn prepare<'a>(
    job: &'a Job,
    beginning: Beginning<'a>,
    mut changed: Changed,
    lock: Option<&'a Lock>,
    progress: &Progress,
) -> Result<Night<'a>> {
    let audit_entries = beginning.audit_entries;
    let Beginning { run_id, ledger, model_file, known, full, authority, opt_outs, mut gates, mut checkpoints, .. } =
        beginning;
    let extracts_before = gates.before.extracts.clone();
    let ceiling = Ceiling::of(job);
    let usable = match checkpoints.reading(progress) {
        Some(usable) => usable,
        None => {
            ceiling.judge_extracts(job)?;
            let mut usable = read_usable(job, &authority, known.as_ref().and_then(Known::formats), progress)?;
            usable.forget_sent(model_file.as_ref());
            usable
        }
    };
    let judge = || -> Result<Objecting> {
        let Usable { files, records, cleaned, quarantined, .. } = &usable;
        keep::verify(job, files)?;
        gates.judge_extracts(files, quarantined, &cleaned.quality, records, &changed)?;
        Ok(Objecting::named(job, records, &authority))
    };
    // Whatever a gate says of them: once it is waived nobody has to read the extracts again.
    let ((), objecting) = overlap::both(job, || checkpoints.keep_reading(&usable, progress), judge);
    let objecting = objecting?;
    let Usable { mut files, mut records, mut cleaned, mut quarantined, replaced_numbers } = usable;
    changed.quarantine(&mut files, &mut quarantined);
    ceiling.judge_reading(&records)?;
    let taken = Taken { file: model_file.as_ref(), known: known.as_ref(), full };
    let (mut accounts, mut keeping) = (Accounts::default(), keep::Meanwhile::default());
    let (night, mut memory_warnings) = link_night(
        job,
        (&mut records, &cleaned.formats),
        &authority,
        taken,
        (&mut checkpoints, &ceiling),
        progress,
        |records, withheld| {
            accounts = Accounts::draw_up(&files, records, &quarantined, withheld)?;
            records::count_left(job, records, &mut cleaned.quality);
            keeping = lock.map_or_else(Default::default, |_| keep::Meanwhile::begin(job, &files, withheld));
            Ok(())
        },
    )?;
    memory_warnings.extend(model_file.iter().flat_map(|file| file.unread(&records)));
    let LinkedNight { withheld, gone, objectors, objected, mut linked, learnt } = night;
    let objecting = objecting.withheld(job, &withheld);
    withhold::empty_texts(&mut quarantined, &authority, &objecting);
    let frozen = known.as_ref().map(|known| known.as_used(job)).or(learnt);
    let in_review = in_review(&linked);
    let stage = progress.stage("Writing links", None);
    let begun = link_tables::begin(lock, &run_id, &records, &linked)?;
    // They are written: nothing needs them any more.
    linked.clustering.links = Vec::new();
    // Pairs are gone: there is room for the columns that have waited.
    ceiling.bring_back(&mut records)?;
    let settled = authority.settled(job, &records);
    let decided = Decided::of(&authority.decisions, audit_entries, settled.gone + gone, &linked.clustering.refused);
    stage.done(format!("{} for review", linked.clustering.review.len()));
    let stage = progress.stage("Best records", None);
    let partition = &linked.clustering.partition;
    let (of_record, ids) = (&linked.identities.of_record, &linked.identities.hash);
    let (identified, (controls, agreements)) = rayon::join(
        || identity::assign(&ledger, job, &records, partition, of_record, ids, &run_id),
        || (impossible::controls(job, &records, partition), agreement::agreements(job, &records, partition)),
    );
    let found = u64::from(partition.people);
    gates.judge_people(&ledger, found, &identified.changes, &controls, &agreements)?;
    let reference = reference::read(job, &records)?.map(Arc::new);
    let said = told(&linked, &in_review, &identified, reference.as_ref());
    let people = best_record::combine(job, &records, &linked.clustering.partition, said);
    segments::part_everybody(&people)?;
    stage.done(format!("{} people", people.len()));
    let linked_before = checkpoints.was_linked_before();
    let (reused, checkpoint_warnings) = checkpoints.outcome();
    Ok(Night {
        job,
        run_id,
        files,
        records,
        cleaned,
        quarantined,
        withheld,
        objecting,
        objectors,
        objected,
        authority,
        runs: ledger.runs().to_vec(),
        opt_outs,
        replaced_numbers,
        decided,
        warnings: gates.warnings().chain(memory_warnings).chain(checkpoint_warnings).collect(),
        extracts_before,
        record_ids: std::mem::take(&mut gates.record_ids),
        left: std::mem::take(&mut gates.left),
        provider_changes: changed.providers,
        put_aside_bytes: ceiling.put_aside_bytes(),
        gates: gates.into_outcomes(),
        reused,
        linked_before,
        controls,
        agreements,
        accounts,
        linked,
        in_review,
        keeping,
        begun,
        model_file,
        frozen,
        known,
        identified,
        people,
        reference,
    })
}

/// Which people are in a pair that a human should look at.
fn in_review(linked: &Linked) -> Vec<bool> {
    let clustering = &linked.clustering;
    let mut in_review = vec![false; clustering.partition.people as usize];
    for &(at, _) in &clustering.review {
        let edge = &clustering.links[at as usize];
        for identity in [edge.left, edge.right] {
            for &record in linked.identities.members(identity) {
                in_review[clustering.partition.person[record as usize] as usize] = true;
            }
        }
    }
    in_review
}

/// What linking says of each person, for the best record.
pub(super) fn told(
    linked: &Linked,
    in_review: &[bool],
    identified: &Identified,
    reference: Option<&Arc<Reference>>,
) -> best_record::Linked {
    let clustering = &linked.clustering;
    best_record::Linked {
        reference: reference.cloned(),
        weakest_probability: clustering.weakest.iter().map(|weight| weight.map(as_probability)).collect(),
        in_review: in_review.to_vec(),
        bare: clustering.bare.clone(),
        first_seen: identified.first_seen.clone(),
    }
}

impl Night<'_> {
    /// What somebody should know of a model that was not learnt tonight.
    pub(super) fn told_of_the_model(&self) -> Vec<String> {
        let left_out = self.model_file.iter().flat_map(|file| &file.unmapped).map(ToString::to_string);
        let of_a_known = |known: &Known| {
            let linked = &self.linked;
            let outgrown = model::outgrown(known, &linked.rules, linked.identities.len(), linked.limits);
            model::differing(known, self.job).into_iter().chain(outgrown)
        };
        left_out.chain(self.known.iter().flat_map(of_a_known)).collect()
    }

    /// Packages whose dates leave open where they stand, in one line.
    fn told_of_packages(&self) -> Option<String> {
        let providers: Vec<String> = report::packages(self)
            .iter()
            .filter(|count| count.unusable > 0)
            .map(|count| format!("{} {} of {}", count.provider, count.unusable, count.packages))
            .collect();
        let told =
            || format!("packages of care whose dates cannot be right are judged by nobody: {}", providers.join(", "));
        (!providers.is_empty()).then(told)
    }

    /// What the run says of itself, before it is published.
    pub(super) fn finished(&self) -> Finished {
        let totals = self.accounts.totals();
        let people = u64::from(self.linked.clustering.partition.people);
        Finished {
            run_id: self.run_id.clone(),
            folder: None,
            rows: totals.rows,
            people,
            duplicates: totals.crosswalk - people,
            quarantined: totals.quarantined(),
            withheld: totals.withheld(),
            review: self.linked.clustering.review.len() as u64,
            changes: self.identified.changes.len() as u64,
            identities: self.linked.identities.len() as u64,
            pairs_compared: self.linked.clustering.counts.pairs_compared,
            recalled: self.linked.recalled,
            learnt: self.known.is_none() && self.frozen.is_some(),
            model: match &self.model_file {
                Some(_) => self.job.model_file.clone(),
                None => self.known.as_ref().map(|known| known.from.clone()),
            },
            purged: Vec::new(),
            seconds: 0.0,
            reused_stages: self.reused.clone(),
            stages: Vec::new(),
            warnings: self
                .told_of_the_model()
                .into_iter()
                .chain(self.decided.warning())
                .chain(keep::warnings(self.job))
                .chain(self.warnings.clone())
                .chain(self.told_of_packages())
                .chain(self.provider_changes.iter().filter_map(ProviderChanges::warning))
                .collect(),
        }
    }
}
