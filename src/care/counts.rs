//! How many people: packages of care as the summary counts them.

use super::{Packages, Problem, State};
use crate::job::{CareRule, Job};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is counted of one person: words of the columns of people.parquet.
#[derive(Debug, Clone, Default)]
pub struct PersonCare<'a> {
    /// Has any package on `as_of`.
    pub current: bool,
    pub needs: Vec<&'a str>,
    pub overlaps: Vec<&'a str>,
    pub ended: Vec<&'a str>,
    /// Ids of care rules.
    pub due: Vec<&'a str>,
    pub gaps: Vec<&'a str>,
}

/// Exact counts over the people who are registered or known here; each person once a need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CareCounts {
    /// People with any package on `as_of`.
    pub current: u64,
    /// People for whom two providers provide for one need.
    pub overlap: u64,
    /// People with a package that ended without a successor.
    pub ended: u64,
    pub needs: BTreeMap<String, NeedCount>,
    /// In the order of the job.
    pub rules: Vec<RuleCount>,
}

/// People by what a package is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NeedCount {
    pub current: u64,
    pub overlap: u64,
    pub ended: u64,
}

/// People by a rule of the job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleCount {
    pub id: String,
    pub name: String,
    pub need: String,
    /// People who should have a package for the need.
    pub due: u64,
    /// Of these, people who have none on `as_of`.
    pub gaps: u64,
}

/// One of the counts of a need.
type Kind = fn(&mut NeedCount) -> &mut u64;

impl CareCounts {
    /// Nobody yet.
    pub fn of_rules(rules: &[CareRule]) -> CareCounts {
        let rule = |rule: &CareRule| RuleCount {
            id: rule.id.clone(),
            name: rule.name.clone(),
            need: rule.need.clone(),
            ..RuleCount::default()
        };
        CareCounts { rules: rules.iter().map(rule).collect(), ..CareCounts::default() }
    }

    /// Counts one more person who is registered or known here.
    pub fn add(&mut self, person: &PersonCare) {
        self.current += u64::from(person.current);
        self.overlap += u64::from(!person.overlaps.is_empty());
        self.ended += u64::from(!person.ended.is_empty());
        let kinds: [(&[&str], Kind); 3] = [
            (&person.needs, |count| &mut count.current),
            (&person.overlaps, |count| &mut count.overlap),
            (&person.ended, |count| &mut count.ended),
        ];
        for (needs, kind) in kinds {
            for need in needs {
                match self.needs.get_mut(*need) {
                    Some(count) => *kind(count) += 1,
                    None => *kind(self.needs.entry(need.to_string()).or_default()) += 1,
                }
            }
        }
        for rule in &mut self.rules {
            rule.due += u64::from(person.due.contains(&rule.id.as_str()));
            rule.gaps += u64::from(person.gaps.contains(&rule.id.as_str()));
        }
    }
}

/// The packages of one provider, for run.json: how many, where they stand, and what is wrong with their dates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProviderPackages {
    pub provider: String,
    pub packages: u64,
    pub states: BTreeMap<&'static str, u64>,
    pub problems: BTreeMap<&'static str, u64>,
    /// Packages of which it is not known where they stand.
    pub unusable: u64,
}

impl ProviderPackages {
    /// One entry a provider that sends packages, in the order of the job.
    pub fn of(job: &Job, packages: &Packages) -> Vec<ProviderPackages> {
        let mut counted: Vec<ProviderPackages> = job
            .providers
            .iter()
            .map(|provider| ProviderPackages { provider: provider.id.clone(), ..ProviderPackages::default() })
            .collect();
        for package in &packages.rows {
            let count = &mut counted[usize::from(package.provider)];
            count.packages += 1;
            package.state.into_iter().for_each(|state: State| *count.states.entry(state.word()).or_default() += 1);
            if let Some(problem) = package.problem {
                *count.problems.entry(problem.word()).or_default() += 1;
                count.unusable += u64::from(Problem::leaves_it_open(problem));
            }
        }
        let sends = job.providers.iter().map(|provider| !provider.packages.is_empty());
        counted.into_iter().zip(sends).filter(|(_, sends)| *sends).map(|(count, _)| count).collect()
    }
}
