//! One package of care, and where it stands.

use serde::{Deserialize, Serialize};

/// A start so many days after `as_of` is a mistake: nobody plans further.
const PLANNED_DAYS_MAX: i32 = 2 * 365;
/// An end so many days after `as_of` stands for none (31/12/2099, 31/12/9999).
const END_DAYS_MAX: i32 = 20 * 365;
/// 1 January 1900: nobody who has a package has it from before.
const EARLIEST_START: i32 = -25_567;

/// One package, as one row of one provider tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Dense number.
    pub person: u32,
    /// Row of the records.
    pub row: u32,
    /// Index into the job's providers.
    pub provider: u16,
    /// Codes of [`super::Packages::words`], or `MISSING`.
    pub service: u32,
    pub need: u32,
    pub because: u32,
    /// Days since 1970.
    pub start: Option<i32>,
    /// The last day as it was sent; `None` where it goes on, or where the end that was sent stands for none.
    pub end: Option<i32>,
    pub planned_until: Option<i32>,
    /// The last day it can have been there: the end, and never after death.
    pub until: Option<i32>,
    /// `None` where a problem leaves it open.
    pub state: Option<State>,
    pub problem: Option<Problem>,
}

/// Where a package stands on `as_of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Current,
    Ended,
    Planned,
}

impl State {
    pub const ALL: [State; 3] = [State::Current, State::Ended, State::Planned];

    /// The word of packages.parquet.
    pub fn word(self) -> &'static str {
        match self {
            State::Current => "current",
            State::Ended => "ended",
            State::Planned => "planned",
        }
    }
}

/// What is wrong with the dates of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    NoStart,
    StartUnreadable,
    /// Before 1900, or more than two years after `as_of`.
    StartImplausible,
    StartAfterDeath,
    EndUnreadable,
    EndBeforeStart,
    /// More than twenty years after `as_of`: it stands for none, and the package goes on.
    EndFarAway,
}

impl Problem {
    pub const ALL: [Problem; 7] = [
        Problem::NoStart,
        Problem::StartUnreadable,
        Problem::StartImplausible,
        Problem::StartAfterDeath,
        Problem::EndUnreadable,
        Problem::EndBeforeStart,
        Problem::EndFarAway,
    ];

    /// The word of packages.parquet and run.json.
    pub fn word(self) -> &'static str {
        match self {
            Problem::NoStart => "no_start",
            Problem::StartUnreadable => "start_unreadable",
            Problem::StartImplausible => "start_implausible",
            Problem::StartAfterDeath => "start_after_death",
            Problem::EndUnreadable => "end_unreadable",
            Problem::EndBeforeStart => "end_before_start",
            Problem::EndFarAway => "end_far_away",
        }
    }

    /// Can nothing be said of where the package stands?
    pub fn leaves_it_open(self) -> bool {
        self != Problem::EndFarAway
    }
}

/// A date as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Nothing,
    Unreadable,
    Day(i32),
}

impl Sent {
    fn day(self) -> Option<i32> {
        match self {
            Sent::Day(day) => Some(day),
            Sent::Nothing | Sent::Unreadable => None,
        }
    }
}

/// Dates, state and problem of a package of somebody who died on `died`, if so; all other parts stay as they are.
pub(super) fn judge(package: &mut Package, start: Sent, end: Sent, as_of: i32, died: Option<i32>) {
    let far_away = end.day().is_some_and(|end| end > as_of + END_DAYS_MAX);
    package.start = start.day();
    package.end = end.day().filter(|_| !far_away);
    package.until = package.end.into_iter().chain(died).min();
    package.problem = problem(start, end, as_of, died).or(far_away.then_some(Problem::EndFarAway));
    let open = package.problem.is_some_and(Problem::leaves_it_open);
    package.state = package.start.filter(|_| !open).map(|start| match package.until {
        _ if died.is_some() => State::Ended,
        _ if start > as_of => State::Planned,
        Some(until) if until < as_of => State::Ended,
        _ => State::Current,
    });
}

/// The first thing that leaves open where a package stands.
fn problem(start: Sent, end: Sent, as_of: i32, died: Option<i32>) -> Option<Problem> {
    let start = match start {
        Sent::Nothing => return Some(Problem::NoStart),
        Sent::Unreadable => return Some(Problem::StartUnreadable),
        Sent::Day(day) => day,
    };
    match end {
        _ if !(EARLIEST_START..=as_of + PLANNED_DAYS_MAX).contains(&start) => Some(Problem::StartImplausible),
        Sent::Unreadable => Some(Problem::EndUnreadable),
        Sent::Day(end) if end < start => Some(Problem::EndBeforeStart),
        _ if died.is_some_and(|died| died < start) => Some(Problem::StartAfterDeath),
        _ => None,
    }
}
