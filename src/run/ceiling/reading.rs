//! What a night is told before it links: as long as it reads nothing yet, and once it has read. It ends there only where it clearly cannot fit; but what
//! it is told then is what so many records usually take with all that comes after reading, so that whoever allows as much is not refused again.

use super::need::{BLOCK_IDENTITY_BYTES, CanWait, Held, Linking, Need};
use super::{Ceiling, TOO_LITTLE_MEMORY, enough, foretold, shown};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::model::Frozen;
use crate::records::Records;
use crate::run::{imported, machine, model};

/// Bytes of what is found of a record before there are blocks.
const GROUPED_RECORD_BYTES: u64 = 130;
/// Bytes that stay with each thread of what it has worked on.
const THREAD_BYTES: u64 = 6 << 20;
/// Pairs that a record usually meets by the rules of an imported model.
const IMPORTED_PAIRS_USUAL: u64 = 6;

/// How the records of a night will be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Learning,
    Known,
    Imported,
}

impl How {
    /// As far as the files say that stand where the job has its model.
    pub fn of(job: &Job) -> How {
        match &job.model_file {
            Some(file) if file.exists() && !Frozen::stands_at(file) => How::Imported,
            _ if model::place(job).exists() => How::Known,
            _ => How::Learning,
        }
    }

    /// What a night needs that holds so many bytes once it has read so many records.
    fn need(self, held: u64, records: u64, can_wait: CanWait) -> Need {
        let threads = rayon::current_num_threads() as u64 * THREAD_BYTES;
        let before = held + records * GROUPED_RECORD_BYTES + threads;
        if self == How::Imported {
            let bytes = before + imported::added(records * IMPORTED_PAIRS_USUAL);
            return Need { whole: bytes, least: bytes };
        }
        let blocked = before + (records as f64 * BLOCK_IDENTITY_BYTES) as u64;
        Need::of(Held { before, blocked, can_wait }, Linking::usual(records, u64::from(self == How::Learning)))
    }
}

impl Ceiling {
    /// Ends a night before it reads an extract, where tonight's clearly cannot be read: by what reading took on the run that stands, or, before there is
    /// one, by how many rows they hold.
    ///
    /// # Errors
    /// OF0440.
    pub(in crate::run) fn judge_extracts(&self, job: &Job) -> Result<()> {
        let Some(limit) = self.limit else { return Ok(()) };
        if let Some(reading) = foretold::clearly_beyond(job, limit) {
            let need = self.usual(reading, foretold::rows(job).unwrap_or(0), CanWait::default());
            let what = format!(
                "of which reading the extracts takes {} at the least, by what that took on the run that stands,",
                shown(reading)
            );
            return Err(refused(need, &what, limit));
        }
        let Some(extracts) = foretold::clearly_too_many(job, limit) else { return Ok(()) };
        let need = self.usual(extracts.reading(), extracts.rows, CanWait::default());
        Err(refused(need, &format!("to read and link the some {} rows of the extracts,", extracts.rows), limit))
    }

    /// Ends a night that has taken more than it may before there is anything to put aside.
    ///
    /// # Errors
    /// OF0440.
    pub(in crate::run) fn judge_reading(&self, records: &Records) -> Result<()> {
        let taken = machine::peak_memory_bytes().unwrap_or(0);
        let Some(limit) = self.limit.filter(|limit| taken > *limit) else { return Ok(()) };
        let need = self.usual(taken, records.len() as u64, self.can_wait(records));
        Err(refused(need, &format!("of which reading the extracts took {},", shown(taken)), limit))
    }

    /// Bytes that a night usually needs that holds so many once it has read so many records.
    fn usual(&self, held: u64, records: u64, can_wait: CanWait) -> u64 {
        let Need { whole, least } = self.how.need(held, records, can_wait);
        self.beside.map_or(least, |what| (whole as f64 * what.times()) as u64)
    }
}

fn refused(need: u64, what: &str, limit: u64) -> Failure {
    let (need, limit) = (shown(enough(need)), shown(limit));
    Failure::new(&TOO_LITTLE_MEMORY, format!("about {need} are needed, {what} and {limit} are allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example;
    use crate::job::Setting;
    use crate::run::ceiling::Beside;

    const MIB: u64 = 1 << 20;

    /// Nights on two threads: what was held once they had read, of how many records, and the MiB that were enough for all of them in the end.
    #[test]
    fn what_is_named_after_reading_is_enough_for_the_night() {
        let nights = [
            (How::Learning, 94, 97_555, 189),
            (How::Learning, 84, 34_663, 198),
            (How::Learning, 50, 9_834, 97),
            (How::Learning, 39, 1_187, 64),
            (How::Imported, 99, 97_555, 144),
        ];
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
        for (how, held, records, taken) in nights {
            let need = pool.install(|| how.need(held * MIB, records, CanWait::default()));
            let named = enough(need.least).div_ceil(MIB);
            assert!((taken..taken * 13 / 10).contains(&named), "{named} of {taken} for {records} records");
        }
        let known = How::Known.need(94 * MIB, 97_555, CanWait::default());
        assert!(known.least < How::Learning.need(94 * MIB, 97_555, CanWait::default()).least);
    }

    #[test]
    fn a_night_that_has_read_is_told_what_all_of_it_needs() {
        let job = example::job(&[("gp", Setting::GeneralPractice, 4)]);
        let records = example::plain(&["1", "2"]);
        let told = |limit: u64, beside: Option<Beside>| {
            let ceiling = Ceiling { beside, ..Ceiling::of(&Job { memory_limit: Some(limit), ..job.clone() }) };
            ceiling.judge_reading(&records).err().map(|failure| failure.what)
        };
        assert_eq!(told(1 << 50, None), None);
        let Some(night) = told(MIB, None) else {
            eprintln!("this system does not tell how much memory is resident");
            return;
        };
        assert!(night.contains("of which reading the extracts took "), "{night}");
        assert!(night.ends_with(", and 1 MiB are allowed"), "{night}");
        let figures = |told: &str| -> Vec<u64> { told.split(' ').filter_map(|word| word.parse().ok()).collect() };
        let [need, taken, 1] = figures(&night)[..] else { panic!("{night}") };
        assert!(night.starts_with(&format!("about {need} MiB are needed, ")) && need > taken + 20, "{night}");
        let more = told(MIB, Some(Beside::Ablation)).expect("a MiB is too little");
        assert!(figures(&more)[0] > need * 2, "{more}");
    }
}
