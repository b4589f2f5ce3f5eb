//! The rules applied.

use super::{Agreed, built_in};
use crate::audit::Issue;
use crate::job::{
    Cohort, Confidentiality, Content, Field, FieldKind, Identifiers, Job, Provider, Purpose, RecipientKind, Release,
};
use crate::summary::disclosure::Preset;
use serde::Serialize;

/// Why a release is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The rule's id in the built-in policy.
    pub rule: &'static str,
    /// What of this release it objects to.
    pub why: String,
}

/// What is known of a release beyond its definition.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    pub agreed: &'a Agreed,
    /// Is there an answer of the national opt-out service, and none that is out of date? In words what is wrong otherwise.
    pub national: Result<(), String>,
    /// Runs whose issued tables others cannot be held against.
    pub lost_issues: &'a [String],
    /// All tables that were issued, of whichever release.
    pub issues: &'a [Issue],
}

type Objection = Option<String>;
type Apply = fn(&Job, &Release, &Known) -> Objection;

/// Every rule of the built-in policy, in its order.
pub(super) const RULES: [(&str, Apply); 15] = [
    ("no_sale", no_sale),
    ("company_needs_care_or_contract", company),
    ("public_gets_counts_only", public),
    ("nhs_number_where_the_law_says", nhs_number),
    ("names_need_nhs_number", names),
    ("record_ids_to_their_keeper", record_ids),
    ("column_justified", column),
    ("gaps_tell_of_nobody", gaps),
    ("basis_fits_purpose", basis),
    ("national_opt_out_known", national),
    ("repeated_tables_are_rounded", repeated),
    ("earlier_issues_known", earlier_issues),
    ("not_expired", expired),
    ("approved", approved),
    ("stricter_here", stricter),
];

/// The rules that refuse a release; it may be made where there is none.
pub fn judge(job: &Job, release: &Release, known: &Known) -> Vec<Refusal> {
    let objects = |&(rule, apply): &(&'static str, Apply)| apply(job, release, known).map(|why| Refusal { rule, why });
    RULES.iter().filter_map(objects).collect()
}

/// Ids of all rules, in their order: what a release that leaves was held against.
pub(crate) fn rule_ids() -> Vec<&'static str> {
    RULES.map(|(id, _)| id).to_vec()
}

fn no_sale(_: &Job, release: &Release, _: &Known) -> Objection {
    (release.purpose == Purpose::Commercial).then(|| "its purpose is commercial".into())
}

fn company(_: &Job, release: &Release, _: &Known) -> Objection {
    if !release.is_person_level() {
        return None;
    }
    let own_patients = release.purpose == Purpose::DirectCare && !release.patients_of.is_empty();
    match release.recipient_kind {
        RecipientKind::Company if !own_patients => {
            Some("the recipient is a company, and these are not its own patients".into())
        }
        RecipientKind::Processor if release.controller.is_none() || release.contract.is_none() => {
            Some("a processor's controller and contract must be named".into())
        }
        _ => None,
    }
}

fn public(_: &Job, release: &Release, _: &Known) -> Objection {
    let open = release.recipient_kind == RecipientKind::Public && release.is_person_level();
    open.then(|| "it holds lines about people".into())
}

fn nhs_number(job: &Job, release: &Release, _: &Known) -> Objection {
    let purpose = release.purpose.word();
    if built_in().of(release.purpose).nhs_number {
        return None;
    }
    if release.identifiers == Identifiers::NhsNumber {
        return Some(format!("its purpose is {purpose}"));
    }
    let held = held_as_fact(job, release, &[Field::NhsNumber])?;
    Some(format!("{held} is carried from the NHS number, and its purpose is {purpose}"))
}

fn names(job: &Job, release: &Release, _: &Known) -> Objection {
    if release.identifiers == Identifiers::NhsNumber {
        return None;
    }
    const TELLING: [&str; 4] = ["name", "contact", "service", "rule_on_names"];
    let tells = |column: &&String| TELLING.contains(&kind_in(job, column));
    if let Some(column) = release.columns.iter().find(tells) {
        return Some(format!("the column {column}{} tells who somebody is", origin(job, column)));
    }
    asked_of_cohort(job, release)
        .iter()
        .find(tells)
        .map(|column| format!("its cohort asks for {column}{}, which tells who somebody is", origin(job, column)))
}

/// Where a fact comes from that tells who somebody is, in words.
fn origin(job: &Job, column: &str) -> String {
    let field = carried_from(job, column).into_iter().find_map(Field::word);
    field.map(|field| format!(", carried from what is mapped to {field}")).unwrap_or_default()
}

/// A column of the release that is a fact carried from one of these fields.
fn held_as_fact<'r>(job: &Job, release: &'r Release, fields: &[Field]) -> Option<&'r String> {
    let from_them = |column: &&String| carried_from(job, column).iter().any(|field| fields.contains(field));
    release.columns.iter().find(from_them)
}

/// Whether a carried fact of this name holds what tells who somebody is.
pub(crate) fn holds_identifier(job: &Job, fact: &str) -> bool {
    !carried_from(job, fact).is_empty()
}

/// The fields that tell who somebody is and whose values a carried fact holds.
fn carried_from(job: &Job, fact: &str) -> Vec<Field> {
    let mut fields = Vec::new();
    for provider in &job.providers {
        for carry in provider.carry.iter().filter(|carry| carry.name == fact && carry.holds_values()) {
            fields.extend(mapped_to(job, provider, &carry.column));
        }
    }
    fields
}

/// The fields that tell who somebody is and that some provider reads from a column of this name.
fn mapped_to(job: &Job, keeper: &Provider, column: &str) -> Vec<Field> {
    let read = job.providers.iter().flat_map(|provider| provider.fields_read_from(keeper, column));
    read.filter(|field| identifies(job, *field)).collect()
}

/// Does a field tell who somebody is?
fn identifies(job: &Job, field: Field) -> bool {
    match field {
        Field::RecordId | Field::LocalId | Field::NhsNumber => true,
        Field::FullName | Field::GivenName | Field::MiddleName | Field::FamilyName | Field::PreviousFamilyName => true,
        Field::DateOfBirth | Field::DateOfDeath | Field::GpPractice => true,
        Field::Address | Field::Postcode | Field::Uprn | Field::Phone | Field::Email => true,
        Field::Custom(at) => job
            .custom_fields
            .get(usize::from(at))
            .is_some_and(|custom| matches!(custom.kind, FieldKind::Identifier | FieldKind::Name)),
        _ => false,
    }
}

/// The cohort of a release.
pub(crate) fn cohort_of<'a>(job: &'a Job, release: &Release) -> Option<&'a Cohort> {
    let named = release.cohort.as_ref()?;
    job.cohorts.iter().find(|cohort| cohort.id == named.id)
}

/// The columns that decide who is in the release: to be in it tells what they hold.
fn asked_of_cohort(job: &Job, release: &Release) -> Vec<String> {
    cohort_of(job, release).map(|cohort| cohort.asks_for().cloned().collect()).unwrap_or_default()
}

fn record_ids(job: &Job, release: &Release, _: &Known) -> Objection {
    let purpose = release.purpose.word();
    if built_in().of(release.purpose).nhs_number {
        return None;
    }
    if release.content == Content::Crosswalk {
        return Some(format!("{purpose} does not need record_ids, which tell who somebody is"));
    }
    let held = held_as_fact(job, release, &[Field::RecordId, Field::LocalId])?;
    Some(format!("{purpose} does not need {held}, which is carried from ids that tell who somebody is"))
}

/// The kind of a column in this job: places that its [reference] gives decide who is in a cohort and are no columns of a release, small ones
/// with what tells who somebody is; a carried fact of such a name is a fact, or what the field is that it is carried from.
fn kind_in(job: &Job, column: &str) -> &'static str {
    match column {
        "lsoa" | "ward" if job.reference.columns().contains(&column) => "rule_on_names",
        "icb" | "imd_decile" if job.reference.columns().contains(&column) => "rule",
        _ => match built_in().kind_of(column) {
            "fact" => kind_of_fact(job, column),
            kind => kind,
        },
    }
}

/// `fact`, or the kind of the field whose values the fact holds: of several the one that fewer purposes need.
fn kind_of_fact(job: &Job, fact: &str) -> &'static str {
    let kinds = carried_from(job, fact).into_iter().map(kind_of_field);
    kinds.max_by_key(|kind| *kind != "name").unwrap_or("fact")
}

/// The kind of a field that tells who somebody is; of what is no column of people, as ids are, that of names.
fn kind_of_field(field: Field) -> &'static str {
    match field.word().map(|word| built_in().kind_of(word)) {
        Some(kind @ ("contact" | "service")) => kind,
        _ => "name",
    }
}

/// Columns that hang on what [care] and [end_of_life] say.
const OF_OTHER_TABLES: [&str; 7] = [
    "packages_ended",
    "packages_due",
    "package_gaps",
    "wishes_recorded",
    "wishes_known_to_last",
    "died_where_wished",
    "late_unplanned_admissions",
];

fn column(job: &Job, release: &Release, _: &Known) -> Objection {
    let kinds = &built_in().of(release.purpose).kinds;
    let carried =
        |column: &str| job.providers.iter().flat_map(|provider| &provider.carry).any(|fact| fact.name == column);
    for column in &release.columns {
        let kind = kind_in(job, column);
        if kind.starts_with("rule") {
            return Some(format!("{column} may decide who is in a cohort, but is no column of a release"));
        }
        if kind == "fact" && !carried(column) {
            return Some(format!("there is no column {column}"));
        }
        if !kinds.iter().any(|known| known == kind) {
            return Some(format!("{} does not need {column}, which is of the kind {kind}", release.purpose.word()));
        }
    }
    let unjustified = |column: &&String| !kinds.iter().any(|known| known == kind_in(job, column));
    let asked = asked_of_cohort(job, release);
    // Nobody has agreed to the rules of a segment set: they stand outside the release and its cohort.
    if let Some(column) = asked.iter().find(|column| job.segment_sets.iter().any(|set| set.id == **column)) {
        return Some(format!("its cohort asks for {column}, whose segments are not part of what is agreed to"));
    }
    // Nor to other tables of the job.
    if let Some(column) = asked.iter().find(|column| OF_OTHER_TABLES.contains(&column.as_str())) {
        return Some(format!(
            "its cohort asks for {column}, which hangs on [care] or [end_of_life], and these are not part of what is agreed to"
        ));
    }
    asked
        .iter()
        .find(unjustified)
        .map(|column| format!("{} does not need a cohort by {column}", release.purpose.word()))
}

/// Columns that are empty for whoever is marked sensitive and for nobody else: elsewhere a gap is what it is for many.
const EMPTY_FOR_THE_MARKED_ALONE: [&str; 5] =
    ["providers", "provider_count", "sectors", "other_addresses", "package_overlaps"];

/// A release that is limited to `patients_of` lists nobody who is marked, so that it has no such gap.
fn gaps(job: &Job, release: &Release, _: &Known) -> Objection {
    if !release.patients_of.is_empty() {
        return None;
    }
    let tells = |column: &str| EMPTY_FOR_THE_MARKED_ALONE.contains(&column);
    if let Some(column) = release.columns.iter().find(|column| tells(column)) {
        return Some(format!("a gap in {column} tells of whom something is hidden, and it names no patients_of"));
    }
    let asked = cohort_of(job, release)?.rule.asks_whether_known();
    asked.into_iter().find(|column| tells(column)).map(|column| {
        format!("its cohort asks whether {column} is known, which tells of whom something is hidden, and it names no patients_of")
    })
}

fn basis(_: &Job, release: &Release, _: &Known) -> Objection {
    match release.legal_basis.confidentiality {
        Confidentiality::ImpliedConsent if release.purpose != Purpose::DirectCare => {
            Some(format!("implied consent does not carry {}", release.purpose.word()))
        }
        Confidentiality::NotConfidential if release.is_person_level() => {
            Some("lines about people are confidential".into())
        }
        _ => None,
    }
}

fn national(_: &Job, release: &Release, known: &Known) -> Objection {
    match acts_national(release) {
        true => known.national.clone().err(),
        false => None,
    }
}

/// Does the national data opt-out act on this release?
pub(crate) fn acts_national(release: &Release) -> bool {
    release.is_person_level() && built_in().of(release.purpose).national && release.national_exemption.is_none()
}

/// Do type 1 opt-outs act on this release?
pub(crate) fn acts_type_1(release: &Release) -> bool {
    release.is_person_level() && built_in().of(release.purpose).type_1
}

fn repeated(job: &Job, release: &Release, known: &Known) -> Objection {
    if release.is_person_level() || Preset::of(job.disclosure).rounds() {
        return None;
    }
    let exact = format!("[policy] disclosure = \"{}\" does not round", job.disclosure.word());
    if release.issued_on.len() > 1 {
        return Some(exact);
    }
    let is_own = |issue: &Issue| issue.release == release.id && release.issued_on.contains(&issue.day);
    if known.issues.iter().any(is_own) {
        return None;
    }
    let earlier = known.issues.iter().find(|issue| is_of_another_night(issue, job, release));
    let earlier = earlier.map(|issue| format!("{exact}, and tables of run {} were issued", issue.run_id));
    earlier.or_else(|| {
        let other = job.releases.iter().find(|other| is_on_another_day(other, job, release))?;
        Some(format!("{exact}, and {} is issued on another day", other.id))
    })
}

/// Were these tables of another night than those that `release` would be of today? A run is named by its day.
fn is_of_another_night(issue: &Issue, job: &Job, release: &Release) -> bool {
    let night = issue.run_id.rsplit_once('-').map_or("", |(day, _)| day);
    !release.issued_on.contains(&issue.day) || night != job.as_of.to_string()
}

/// May tables of this other release leave on a day that is none of `release`?
fn is_on_another_day(other: &Release, job: &Job, release: &Release) -> bool {
    let may_leave = other.id != release.id && !other.is_person_level() && other.valid_until() >= job.as_of;
    may_leave && other.issued_on.iter().any(|day| !release.issued_on.contains(day))
}

fn earlier_issues(_: &Job, release: &Release, known: &Known) -> Objection {
    let lost = known.lost_issues.iter().filter(|run| !release.issues_lost.contains(run));
    let lost: Vec<&str> = lost.map(String::as_str).collect();
    (!release.is_person_level() && !lost.is_empty())
        .then(|| format!("what was issued of run {} cannot be read in state/tables", lost.join(", ")))
}

fn expired(job: &Job, release: &Release, _: &Known) -> Objection {
    (release.valid_until() < job.as_of).then(|| format!("it was valid until {}", release.valid_until))
}

fn approved(job: &Job, release: &Release, known: &Known) -> Objection {
    if job.policy.governance_lead_key.is_none() {
        return Some("[policy] names no governance_lead_key".into());
    }
    let mut needed: Vec<&String> = release.approvals.iter().chain(&job.policy.approvals).collect();
    needed.sort_unstable();
    needed.dedup();
    if needed.is_empty() {
        return Some("neither it nor [policy] names a role that must have agreed".into());
    }
    let missing: Vec<&str> = needed
        .into_iter()
        .filter(|role| !known.agreed.roles().any(|has| has == role.as_str()))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let other = match known.agreed.of_other_definitions {
        0 => String::new(),
        1 => "; 1 agreement is of another definition".into(),
        more => format!("; {more} agreements are of another definition"),
    };
    Some(format!("nobody has agreed as {}{other}", missing.join(", ")))
}

fn stricter(job: &Job, release: &Release, _: &Known) -> Objection {
    let policy = &job.policy;
    if policy.forbidden_purposes.contains(&release.purpose) {
        return Some(format!("{} is among forbidden_purposes", release.purpose.word()));
    }
    if policy.forbidden_recipients.contains(&release.recipient_kind) {
        return Some(format!("{} is among forbidden_recipients", release.recipient_kind.word()));
    }
    let mut columns = release.given_columns();
    columns.extend(asked_of_cohort(job, release));
    if let Some(column) = columns.iter().find(|column| policy.forbidden_columns.contains(column)) {
        return Some(format!("{column} is among forbidden_columns"));
    }
    let (least, own) = (policy.minimum_count, release.minimum_count);
    if release.is_person_level() && least.zip(own).is_some_and(|(least, own)| own < least) {
        return Some("its minimum_count is below that of [policy]".into());
    }
    let open = policy.encryption && release.is_person_level() && release.encrypt_to.is_empty();
    open.then(|| "[policy] encryption asks for encrypt_to".into())
}
