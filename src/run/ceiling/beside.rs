//! What is linked beside the nights, by a backtest or an evaluation. Neither holds the lock of the output, and the next night clears away what waits
//! below it: nothing may wait on disk for them. All that they hold fits into memory, or they end before they link.

use super::need::BLOCK_IDENTITY_BYTES;
use super::{CanWait, Ceiling, Held, Linking, Need, TOO_LITTLE_MEMORY, enough, shown};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::records::Records;
use crate::run::machine;
use std::sync::atomic::Ordering;

/// What is done beside the nights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    Backtest,
    Evaluation,
    /// One that links again without each part of the recipe.
    Ablation,
}

impl Beside {
    /// So many times what a night holds that links the same with nothing on disk. An evaluation keeps blocks and pairs, and joins these once more at
    /// every cut: of a million records it took 1.05 GB where a night took 660 MiB (docs/measurements.md). What is linked again stands beside that.
    pub(super) fn times(self) -> f64 {
        match self {
            Beside::Backtest => 1.0,
            Beside::Evaluation => 1.5,
            Beside::Ablation => 2.5,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Beside::Backtest => "to link",
            Beside::Evaluation => "to link and measure",
            Beside::Ablation => "to link, measure and link again",
        }
    }
}

impl Ceiling {
    /// The ceiling of what is done beside the nights.
    pub(crate) fn beside(job: &Job, what: Beside) -> Ceiling {
        Ceiling { beside: Some(what), ..Ceiling::of(job) }
    }

    /// Ends what is done beside the nights before it makes blocks of so many identities, where these alone have no room; bytes of blocks that are
    /// `there` already do not count.
    ///
    /// # Errors
    /// OF0440.
    pub(in crate::run) fn judge_blocks(&self, records: &Records, identities: usize, there: u64) -> Result<()> {
        // Where the system does not tell, columns are most of what is held.
        let held = machine::memory_bytes().map(|held| held.saturating_sub(there));
        let before = held.unwrap_or_else(|| self.can_wait(records).all());
        self.before.store(before, Ordering::Relaxed);
        let need = before + (identities as f64 * BLOCK_IDENTITY_BYTES) as u64;
        self.allow(need, "at least ", identities as u64)
    }

    /// The same once there are blocks, before a pair is compared; what linking needs is asked only where the job names a limit.
    ///
    /// # Errors
    /// OF0440.
    pub(in crate::run) fn judge_linking(&self, linking: impl FnOnce() -> Linking) -> Result<()> {
        let Some(what) = self.beside.filter(|_| self.limit.is_some()) else { return Ok(()) };
        let before = self.before.load(Ordering::Relaxed);
        let blocked = machine::memory_bytes().unwrap_or(before);
        let (held, linking) = (Held { before, blocked, can_wait: CanWait::default() }, linking());
        let need = Need::of(held, linking).whole as f64 * what.times();
        // What is only around some records compares no pairs yet.
        let at_least = if linking.pairs == 0 { "at least " } else { "" };
        self.allow(need as u64, at_least, linking.identities)
    }

    fn allow(&self, need: u64, at_least: &str, identities: u64) -> Result<()> {
        let limit = self.limit.filter(|limit| need > *limit);
        let Some((limit, what)) = limit.zip(self.beside) else { return Ok(()) };
        let need = if at_least.is_empty() { enough(need) } else { need };
        let (need, limit, doing) = (shown(need), shown(limit), what.words());
        let what = format!(
            "{at_least}{need} are needed {doing} {identities} identities with nothing on disk, and {limit} are allowed"
        );
        Err(Failure::new(&TOO_LITTLE_MEMORY, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example;
    use crate::job::Setting;

    /// What a ceiling of so many bytes says to linking that takes 24 GiB and more.
    fn told(limit: u64, what: Beside) -> Option<String> {
        let job = example::job(&[("gp", Setting::GeneralPractice, 4)]);
        let ceiling = Ceiling::beside(&Job { memory_limit: Some(limit), ..job }, what);
        let linking = || Linking { identities: 2, pairs: 1_000_000_000, forms: 0 };
        let judged = ceiling.judge_blocks(&example::plain(&["1", "2"]), 2, 0);
        let judged = judged.and_then(|()| ceiling.judge_linking(linking));
        assert_eq!(ceiling.put_aside_bytes(), 0);
        judged.err().map(|failure| {
            assert_eq!(failure.code.id, "OF0440");
            failure.what
        })
    }

    #[test]
    fn what_is_linked_beside_the_nights_fits_or_ends_with_the_figure() {
        const GIB: u64 = 1 << 30;
        let all = [Beside::Backtest, Beside::Evaluation, Beside::Ablation];
        let [night, more, most] = all.map(|what| {
            assert_eq!(told(1 << 20 << 20, what), None);
            let told = told(20 * GIB, what).expect("20 GiB are too little");
            assert!(told.ends_with("2 identities with nothing on disk, and 20480 MiB are allowed"), "{told}");
            let figure = told.split(' ').next().and_then(|figure| figure.parse::<f64>().ok());
            figure.unwrap_or_else(|| panic!("no figure: {told}"))
        });
        // What the tests beside this one hold differs by little of it.
        assert!((more / night - 1.5).abs() < 0.1 && (most / night - 2.5).abs() < 0.2, "{night} {more} {most}");
        let told = told(1, Beside::Backtest).expect("a byte is too little");
        assert!(told.starts_with("at least ") && told.contains(" MiB are needed to link 2 identities"), "{told}");
    }
}
