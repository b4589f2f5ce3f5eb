//! A night that is to stand: written, published by one rename, and then everything that only a published night may leave or take away, but for what
//! goes from the runs before it (`purge`).

use super::link_tables::Begun;
use super::night::Night;
use super::overlap;
use super::progress::{Parts, Progress};
use super::released::{self, Released};
use super::{
    Finished, changes, checkpoint, counted, find_index, interrupt, issued, keep, memory, metrics, model, noted, report,
    story,
};
use crate::audit::{self, Head};
use crate::cohort;
use crate::consent::Held;
use crate::failure::Result;
use crate::model::Frozen;
use crate::publish::published::PublishedRun;
use crate::publish::{Draft, Outputs, WrittenFile};
use crate::release::Outcome;

/// Publishes a night, and tells `finished` of it; gives how many of its warnings the run itself tells, as they were known before it stood.
pub(super) fn publish(
    night: &Night,
    finished: &mut Finished,
    (Begun { draft, written }, keeping): (Begun, keep::Meanwhile),
    interrupt: &interrupt::Guard,
    progress: &Progress,
    story: &story::Story,
) -> Result<usize> {
    let job = night.job;
    let stage = progress.stage("Publishing", None);
    if let Some(frozen) = night.frozen.as_ref().filter(|_| night.known.is_none()) {
        model::keep_frequencies(job, frozen)?;
    }
    let remove = draft.beyond(job.keep_runs, &night.runs)?;
    let head = noted::settle(job, &night.runs)?;
    let (run_json, released) = write(night, finished, (&draft, written), &remove, &head, progress, story)?;
    let told = finished.warnings.len();
    interrupt.hold();
    noted::about_to_publish(night, &released, &run_json)?;
    let committed = draft.commit(&night.identified.next, &remove);
    let published = committed.inspect_err(|_| noted::withdrawn(job, &night.run_id))?;
    stage.done(format!("{} files", std::fs::read_dir(&published.folder).map_or(0, |entries| entries.count())));
    finished.warnings.extend(published.warnings);
    finished.warnings.extend(audit::remove_unnamed_members(job));
    finished.warnings.extend(issued::tidy(job));
    finished.warnings.extend(changes::promote(job, &night.left));
    keep::remove_left(job, &night.left);
    finished.warnings.extend(memory::leave(job, night.linked_before));
    if let Err(error) = checkpoint::remove(&job.output) {
        finished.warnings.push(format!("the checkpoints could not be removed: {}", error.kind()));
    }
    finished.warnings.extend(keep_without_objectors(night, keeping));
    let place = model::place(job);
    if let Some(frozen) = night.frozen.as_ref().filter(|_| night.known.as_ref().is_none_or(|known| known.from != place))
    {
        // The run stands; the next one takes its model where this one cannot be kept.
        finished.warnings.extend(model::write(job, &place, frozen).err().map(|failure| failure.to_string()));
        finished.model = Some(place);
    }
    finished.folder = Some(published.folder);
    Ok(told)
}

/// Keeps what the next nights may have to read, without the rows of people who object; gives what did not work.
fn keep_without_objectors(night: &Night, keeping: keep::Meanwhile) -> Vec<String> {
    let job = night.job;
    // Only what is known by heart may go: what else is theirs is found through these rows.
    if let Err(error) = night.objected.write(job) {
        return vec![format!("what is kept of extracts may still have rows of people who object: {}", error.kind())];
    }
    let mut warnings = keep::keep(job, &night.files, &night.withheld, keeping);
    warnings.extend(changes::purge(job, &night.run_id, &night.files, &night.withheld));
    warnings
}

/// Writes every file of the run that is not `written` yet into the draft; gives run.json and what was released. What there is to warn of its tables and
/// releases is added to the warnings of `finished`, which run.json and the log have as they are then. `head` is where the audit ends before this run.
fn write(
    night: &Night,
    finished: &mut Finished,
    (draft, mut written): (&Draft, Vec<WrittenFile>),
    remove: &[String],
    head: &Head,
    progress: &Progress,
    story: &story::Story,
) -> Result<(Vec<u8>, Released)> {
    let clustering = &night.linked.clustering;
    let outputs = Outputs {
        job: night.job,
        files: &night.files,
        records: &night.records,
        partition: &clustering.partition,
        identity_of_record: &night.linked.identities.of_record,
        identity_ids: &night.linked.identities.hash,
        person_ids: &night.identified.person_ids,
        people: &night.people,
        quarantined: &night.quarantined,
        withheld: &night.withheld,
        changes: &night.identified.changes,
    };
    let mut parts = Parts::begin();
    // The index is read and written mostly by one thread: beside other tables, or else beside what is counted for the report.
    let index = || find_index::write(night.job, draft, &night.authority);
    let (tables, early) = draft.write_tables_then(&outputs, || overlap::may_overlap(night.job).then(index))?;
    written.extend(tables);
    let newest = PublishedRun::newest(night.job, &night.runs);
    let past = report::past(newest.as_ref(), &night.run_id)?;
    // The changes are against the ledger's latest run: with them no other one can be compared.
    let latest = newest.filter(|run| night.identified.previous_run.as_ref() == Some(&run.run_id));
    let before = cohort::Before::of(latest, &night.identified.changes)?;
    let (index, reported) = rayon::join(
        || early.unwrap_or_else(index),
        || -> Result<_> {
            let (cohorts, tables) =
                cohort::write(night.job, &night.people, &night.identified.person_ids, &before, draft.folder())?;
            parts.done("tables");
            let (control, against) = counted::control_of(night.job, &night.run_id)?;
            let summary = report::summary(night, &control, &cohorts, past);
            let files = summary.files().map(|(name, bytes)| draft.write_bytes(&name, bytes));
            let files = files.collect::<Result<Vec<_>>>()?;
            issued::keep(night.job, &night.run_id, &summary.issued, &against)?;
            parts.done("report");
            Ok((cohorts, [tables, files], control, against, summary))
        },
    );
    let (cohorts, [tables, files], control, against, summary) = reported?;
    written.extend(tables);
    written.push(index?);
    written.extend(files);
    // As long as the report had to wait for it.
    parts.done("index");
    let released = released::release(night, &control, (&summary.csv, &against.lost), draft)?;
    parts.done("releases");
    let transparency = released::transparency(night, &control, &released, &summary)?;
    written.push(draft.write_bytes("transparency.html", transparency.html.as_bytes())?);
    written.push(draft.write_bytes("transparency.md", transparency.markdown.as_bytes())?);
    parts.done("transparency");
    let model = match &night.model_file {
        Some(file) => file.text.clone().into_bytes(),
        None => night.frozen.as_ref().map_or(b"null\n".to_vec(), Frozen::to_json),
    };
    written.push(draft.write_bytes("model.json", &model)?);
    let mut run_json = report::run_json(night, remove, &progress.timings());
    run_json["publishing_seconds"] = serde_json::json!(parts.seconds);
    run_json["cohorts"] = serde_json::json!(cohorts);
    run_json["segment_sets"] = report::segment_sets_in_brief(night.job);
    run_json["audit"] = serde_json::json!(head);
    let held = Held::of(&night.authority, &night.opt_outs, None);
    run_json["lists"] = serde_json::json!(held);
    run_json["lists_by_file"] = serde_json::json!(held.by_file);
    run_json["opt_outs"] = released.opt_outs(night);
    run_json["releases"] = serde_json::json!(released.outcomes);
    run_json["tables"] = against.told(&summary.issued);
    finished.warnings.extend(against.warnings(&summary.issued));
    finished.warnings.extend(released.outcomes.iter().filter_map(Outcome::warning));
    run_json["warnings"] = serde_json::json!(finished.warnings);
    written.push(draft.write_bytes("onefolk.prom", metrics::of(&run_json).as_bytes())?);
    run_json["outputs"] = report::outputs(&written);
    story::outcome(&run_json);
    let run_json = format!("{run_json:#}\n").into_bytes();
    draft.write_bytes("run.json", &run_json)?;
    draft.write_bytes(story::LOG, &story.so_far())?;
    Ok((run_json, released))
}
