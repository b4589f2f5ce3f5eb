//! One pair as agglomeration sees it: its weight, and what is held against it.

use super::guards::Verdict;
use super::merges::LOWEST;
use super::{Evidence, ReviewReason};
use crate::comparison::Pattern;

/// Bits taken from a pair of records that one provider says are two people (`one_record_per_person`).
const SAME_PROVIDER_BITS: i64 = 8 * 1024;
/// What a guard holds against a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// On a never-link list.
    NeverLink,
    /// Two people, as a human has decided.
    TwoPeople,
    /// Two verified NHS numbers.
    TwoNumbers,
    /// Probably relatives, of which kind.
    Relatives(ReviewReason),
}

/// One pair, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    pub pattern: Pattern,
    /// The evidence alone, in 1/1024 bit.
    pub weight: i64,
    pub guard: Option<Guard>,
    /// What the guard takes from the weight, in 1/1024 bit.
    pub guard_takes: i64,
    /// What is taken because one provider sends one record a person, in 1/1024 bit.
    pub provider_takes: i64,
    /// What the pair counts in averages, in 1/1024 bit: the weight less what is taken, and never below `LOWEST`: one damaged record must not outvote
    /// ten good ones.
    pub in_average: i64,
}

impl Judged {
    /// Whether no evidence can join the pair.
    pub fn forbidden(&self) -> bool {
        matches!(self.guard, Some(Guard::NeverLink | Guard::TwoPeople | Guard::TwoNumbers))
    }
}

/// Judges two identities, left ≤ right.
pub fn judge(evidence: &Evidence, left: u32, right: u32) -> Judged {
    judge_pattern(evidence, left, right, evidence.pattern(left, right))
}

/// Judges two identities whose pattern is known.
pub fn judge_pattern(evidence: &Evidence, left: u32, right: u32, pattern: Pattern) -> Judged {
    let verdict = evidence.guards.judge(evidence, left, right, pattern);
    let weight = evidence.scorer.weight(pattern);
    let guard_takes = verdict.penalty();
    let same_provider = evidence.guards.share_strict_provider(evidence, left, right);
    let provider_takes = if same_provider { SAME_PROVIDER_BITS } else { 0 };
    let guard = match verdict {
        Verdict::Clear => None,
        Verdict::NeverLink => Some(Guard::NeverLink),
        Verdict::TwoPeople => Some(Guard::TwoPeople),
        Verdict::TwoNumbers => Some(Guard::TwoNumbers),
        Verdict::Relatives(reason, _) => Some(Guard::Relatives(reason)),
    };
    let in_average = (weight - guard_takes - provider_takes).max(LOWEST);
    Judged { pattern, weight, guard, guard_takes, provider_takes, in_average }
}
