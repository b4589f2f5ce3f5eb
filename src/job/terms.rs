//! What a job makes of a release beyond the release's own keys: whoever agrees to it agrees to this too.

use super::{CARE_COLUMNS, Carry, CarryKind, Combine, Content, Disclosure, Job, Provider, Release, Within};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Nothing is here where all is as it is built in and no fact is named, so that such a definition is the release alone.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Terms<'a> {
    /// The minimum that `[policy]` has raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_count: Option<u32>,
    /// Of tables: the preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    disclosure: Option<&'static str>,
    /// What the facts are that its columns and its cohort name, by name and provider.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<FactTerm<'a>>,
    /// What the packages are that its cohort asks for, by provider.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packages: Vec<PackageTerm<'a>>,
}

/// What a fact is with one provider: under its name any column could be carried.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct FactTerm<'a> {
    fact: &'a str,
    provider: &'a str,
    column: &'a str,
    kind: CarryKind,
    combine: Combine,
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<Within>,
    place: bool,
}

/// Where a provider's packages stand.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct PackageTerm<'a> {
    provider: &'a str,
    parts: BTreeMap<&'static str, PackagePartTerm<'a>>,
}

/// The columns that a part of a package is read from, and what their codes mean.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct PackagePartTerm<'a> {
    columns: &'a [String],
    values: &'a BTreeMap<String, String>,
}

impl<'a> Terms<'a> {
    pub fn of(release: &Release, job: &'a Job) -> Terms<'a> {
        let other_preset = release.content == Content::Summary && job.disclosure != Disclosure::BUILT_IN;
        let named = named(release, job);
        Terms {
            minimum_count: release.raised_minimum(&job.policy),
            disclosure: other_preset.then(|| job.disclosure.word()),
            facts: facts(job, &named),
            packages: if named.iter().any(|name| CARE_COLUMNS.contains(name)) { packages(job) } else { Vec::new() },
        }
    }
}

/// The columns that it holds, and those that decide who is in it.
fn named<'n>(release: &'n Release, job: &'n Job) -> BTreeSet<&'n str> {
    let id = release.cohort.as_ref().map(|cohort| &cohort.id);
    let cohort = job.cohorts.iter().filter(|cohort| Some(&cohort.id) == id);
    release.columns.iter().chain(cohort.flat_map(|cohort| cohort.asks_for())).map(String::as_str).collect()
}

fn facts<'a>(job: &'a Job, named: &BTreeSet<&str>) -> Vec<FactTerm<'a>> {
    let mut facts: Vec<FactTerm> = Vec::new();
    for provider in &job.providers {
        let meant = provider.carry.iter().filter(|carry| named.contains(carry.name.as_str()));
        facts.extend(meant.map(|carry| fact(provider, carry)));
    }
    facts.sort_by_key(|term| (term.fact, term.provider));
    facts
}

fn fact<'a>(provider: &'a Provider, carry: &'a Carry) -> FactTerm<'a> {
    FactTerm {
        fact: &carry.name,
        provider: &provider.id,
        column: &carry.column,
        kind: carry.kind,
        combine: carry.combine,
        within: carry.within,
        place: carry.place,
    }
}

fn packages(job: &Job) -> Vec<PackageTerm<'_>> {
    let mut packages: Vec<PackageTerm> = Vec::new();
    for provider in &job.providers {
        packages.extend(provider.packages.iter().map(|package| {
            let parts = package.parts.iter().map(|(part, source)| {
                (part.word(), PackagePartTerm { columns: &source.columns, values: &source.values })
            });
            PackageTerm { provider: &provider.id, parts: parts.collect() }
        }));
    }
    packages.sort_by_key(|term| term.provider);
    packages
}
