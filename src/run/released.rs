//! The releases of a night.

use super::{Night, told};
use crate::consent::{self, OptOuts, OptedOut};
use crate::failure::Result;
use crate::publish::Draft;
use crate::release::{self, Outcome, Source};
use serde_json::{Value, json};

/// What the night has released, and whom it has left out.
#[derive(Default)]
pub(super) struct Released {
    pub outcomes: Vec<Outcome>,
    opted_out: OptedOut,
    type_1_rows: u64,
}

/// Makes every release of the job in the draft of the night.
pub(super) fn release(
    night: &Night,
    opt_outs: &OptOuts,
    summary: &[(String, Vec<u8>)],
    draft: &Draft,
) -> Result<Released> {
    let partition = &night.linked.clustering.partition;
    let opted_out = opt_outs.people(night.job, &night.records, partition);
    let left = consent::without_type_1(night.job, &night.records, partition, &opted_out.type_1);
    let linked = || told(&night.linked, &night.identified);
    let source = Source {
        job: night.job,
        run_id: &night.run_id,
        records: &night.records,
        partition,
        people: &night.people,
        person_ids: &night.identified.person_ids,
        opted_out: &opted_out,
        linked: &linked,
        summary,
    };
    let outcomes = release::all(&source, draft.folder())?;
    Ok(Released { outcomes, type_1_rows: left.map_or(0, |(_, rows)| rows), opted_out })
}

impl Released {
    /// How many opt-outs were honoured, by kind, for run.json.
    pub fn opt_outs(&self, night: &Night) -> Value {
        let people = |marks: &[bool]| marks.iter().filter(|marked| **marked).count();
        let objections = ["local_objection", "local_objection_linked"];
        let local = night.withheld.iter().filter(|row| objections.contains(&row.reason.word())).count();
        json!({
            "local_rows": local,
            "type_1_people": people(&self.opted_out.type_1),
            "type_1_rows": self.type_1_rows,
            "national_people": people(&self.opted_out.national),
        })
    }
}
