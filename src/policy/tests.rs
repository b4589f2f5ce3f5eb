//! What the rules refuse (here), and what was agreed to (`agreement`).

mod agreement;

use super::approvals::Agreed;
use super::rules::RULES;
use super::*;
use crate::audit::Issue;
use crate::job::{Carry, CarryKind, Combine, Field, Identifiers, RecipientKind, Release, Source};
use std::collections::BTreeSet;
use std::path::Path;

/// A job that releases something for planning, with what `change` makes of the release's text.
fn job(folder: &Path, release: &str, rest: &str) -> crate::job::Job {
    std::fs::write(folder.join("gp.csv"), "id,family,DM\n1,Reed,1\n").expect("there is room");
    let text = format!(
        "[job]\nas_of = 2026-11-22\n[[provider]]\nid = \"gp\"\nsetting = \"general_practice\"\nfiles = [\"gp.csv\"]\n\
         [provider.columns]\nrecord_id = \"id\"\nfamily_name = \"family\"\n\
         [provider.carry]\ndiabetes = {{ column = \"DM\", kind = \"flag\", combine = \"any\" }}\n\
         [[provider.package]]\nservice = \"DM\"\nstart = \"DM\"\n\
         [[approver]]\nname = \"Ann\"\nrole = \"governance_lead\"\n[[approver]]\nname = \"Bo\"\nrole = \"lay_partner\"\n\
         {rest}\n[[release]]\nid = \"one\"\nvalid_until = 2026-12-31\n\
         legal_basis = {{ article_6 = \"6(1)(e)\", article_9 = \"9(2)(h)\", confidentiality = \"section_251\", agreement = \"A1\" }}\n\
         {release}\n"
    );
    std::fs::write(folder.join("job.toml"), text).expect("there is room");
    crate::job::Job::read(&folder.join("job.toml")).unwrap_or_else(|failure| panic!("{}", failure.report()))
}

const PLANNING: &str = "recipient = \"The council\"\nrecipient_kind = \"local_authority\"\npurpose = \"planning\"\n\
                        content = \"people\"\nidentifiers = \"pseudonym\"\ncolumns = [\"sex\", \"diabetes\"]\n\
                        approvals = [\"governance_lead\"]\n";

/// The rules that object, with nobody's agreement missing and the national opt-out known.
fn objections(release: &str, rest: &str) -> Vec<&'static str> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path(), release, rest);
    let release = &job.releases[0];
    let known = Known { agreed: &Agreed::default(), national: Ok(()), lost_issues: &[], issues: &[] };
    let objected = judge(&job, release, &known).into_iter().map(|refusal| refusal.rule);
    objected.filter(|rule| *rule != "approved").collect()
}

fn with(from: &str, to: &str) -> Vec<&'static str> {
    assert!(PLANNING.contains(from), "{from}");
    objections(&PLANNING.replace(from, to), "")
}

#[test]
fn the_built_in_policy_is_applied_whole() {
    let told: Vec<&str> = built_in().rule.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(told, RULES.map(|(id, _)| id));
    let purposes: BTreeSet<&str> = built_in().purpose.iter().map(|purpose| purpose.id.as_str()).collect();
    assert_eq!(purposes, Purpose::WORDS.iter().copied().collect());
    let kinds: BTreeSet<&str> = built_in().kind.iter().map(|kind| kind.id.as_str()).chain(["fact"]).collect();
    for purpose in &built_in().purpose {
        assert!(purpose.kinds.iter().all(|kind| kinds.contains(kind.as_str())), "{}", purpose.id);
    }
}

#[test]
fn what_is_right_passes_and_each_rule_refuses_what_it_is_for() {
    assert_eq!(with("", ""), [] as [&str; 0]);
    let rules = |from: &str, to: &str, rule: &str| assert!(with(from, to).contains(&rule), "{to} passes {rule}");
    rules("\"planning\"", "\"commercial\"", "no_sale");
    rules("\"local_authority\"", "\"company\"", "company_needs_care_or_contract");
    rules("\"local_authority\"", "\"processor\"", "company_needs_care_or_contract");
    rules("\"local_authority\"", "\"public\"", "public_gets_counts_only");
    rules("\"pseudonym\"", "\"nhs_number\"", "nhs_number_where_the_law_says");
    for column in ["date_of_birth", "postcode", "uprn", "family_name", "gp_practice", "providers", "phone"] {
        rules("\"sex\"", &format!("\"{column}\""), "names_need_nhs_number");
    }
    rules("\"sex\"", "\"weakest_probability\"", "column_justified");
    for unknown in ["record_id", "source_row", "person_id", "sensitivity", "other_addresses", "favourite_colour"] {
        rules("\"sex\"", &format!("\"{unknown}\""), "column_justified");
    }
    let processor = "\"processor\"\ncontroller = \"The council\"\ncontract = \"C7\"";
    assert_eq!(with("\"local_authority\"", processor), [] as [&str; 0]);
    // A company may have its own patients for their care, and no others.
    let care = |more: &str| {
        let text = PLANNING.replace("\"local_authority\"", "\"company\"").replace("\"planning\"", "\"direct_care\"");
        objections(&(text + more), "")
    };
    assert_eq!(care(""), ["company_needs_care_or_contract"]);
    assert_eq!(care("patients_of = [\"gp\"]\n"), [] as [&str; 0]);
}

#[test]
fn record_ids_go_to_care_only() {
    let crosswalk = |purpose: &str, rest: &str| {
        let text = PLANNING.replace("content = \"people\"", "content = \"crosswalk\"\npatients_of = [\"gp\"]");
        let text = text.replace("columns = [\"sex\", \"diabetes\"]\n", "");
        objections(&text.replace("\"planning\"", &format!("\"{purpose}\"")), rest)
    };
    for purpose in ["direct_care", "safeguarding", "statutory_return"] {
        assert_eq!(crosswalk(purpose, ""), [] as [&str; 0], "{purpose}");
    }
    for purpose in ["planning", "research", "audit"] {
        assert_eq!(crosswalk(purpose, ""), ["record_ids_to_their_keeper"], "{purpose}");
    }
    assert_eq!(crosswalk("direct_care", "[policy]\nforbidden_columns = [\"record_id\"]\n"), ["stricter_here"]);
}

#[test]
fn a_cohort_is_held_against_what_decides_who_is_in_it() {
    let cohort = |rule: &str, purpose: &str, rest: &str| {
        let text = PLANNING.replace("content = \"people\"", "content = \"cohort\"\ncohort = \"some\"");
        let text = text.replace("\"planning\"", &format!("\"{purpose}\""));
        let identifiers = if purpose == "direct_care" { "nhs_number" } else { "pseudonym" };
        let text = text.replace("\"pseudonym\"", &format!("\"{identifiers}\""));
        let table = format!("[[cohort]]\nid = \"some\"\nwhere = \"{rule}\"\npurpose = \"planning\"\n");
        objections(&text, &format!("{rest}{table}"))
    };
    for rule in ["diabetes", "age >= 75 && 'acute' in sectors", "sex == 'female'"] {
        assert_eq!(cohort(rule, "planning", ""), [] as [&str; 0], "{rule}");
    }
    // To be in it would tell what the release may not say.
    for rule in
        ["postcode.startsWith('NW1')", "family_name == 'Reed'", "nhs_number == '9990000018'", "'gp' in providers"]
    {
        assert_eq!(cohort(rule, "planning", ""), ["names_need_nhs_number", "column_justified"], "{rule}");
        assert_eq!(cohort(rule, "direct_care", ""), [] as [&str; 0], "{rule}");
    }
    assert_eq!(cohort("weakest_probability < 0.5", "planning", ""), ["column_justified"]);
    assert_eq!(cohort("diabetes", "planning", "[policy]\nforbidden_columns = [\"diabetes\"]\n"), ["stricter_here"]);
    // A segment may be made of anything, and agreement to a release is not agreement to its rules.
    let set = "[[segment_set]]\nid = \"band\"\npreset = \"frailty\"\n";
    assert_eq!(cohort("band == 'severe'", "planning", set), ["column_justified"]);
    // Nor to what [care] says of packages; the packages themselves may decide.
    assert_eq!(cohort("packages_current > 0", "planning", ""), [] as [&str; 0]);
    assert_eq!(cohort("size(packages_ended) > 0", "planning", ""), ["column_justified"]);
    // What may decide is not thereby a column.
    assert!(with("\"sex\"", "\"age\"").contains(&"column_justified"));
}

/// Every record has a provider: no provider is said of nobody but those of whom it is hidden.
#[test]
fn no_gap_of_a_release_tells_of_whom_something_is_hidden() {
    let care = |columns: &str, more: &str| {
        let text = PLANNING.replace("\"planning\"", "\"direct_care\"").replace("\"pseudonym\"", "\"nhs_number\"");
        objections(&format!("{}{more}", text.replace("\"sex\", \"diabetes\"", columns)), "")
    };
    let (asked, own) = ("\"family_name\", \"providers\"", "patients_of = [\"gp\"]\n");
    assert_eq!(care(asked, ""), ["gaps_tell_of_nobody"]);
    assert_eq!(care(asked, own), [] as [&str; 0]);
    assert_eq!(care("\"family_name\", \"gp_practice\"", ""), [] as [&str; 0]);
    let cohort = |rule: &str, more: &str| {
        let text = PLANNING.replace("content = \"people\"", "content = \"cohort\"\ncohort = \"some\"");
        let table = format!("[[cohort]]\nid = \"some\"\nwhere = \"{rule}\"\npurpose = \"planning\"\n");
        objections(&format!("{text}{more}"), &table)
    };
    for rule in ["!has(sectors)", "diabetes || provider_count == null", "!(age > 3 && has(package_overlaps))"] {
        assert_eq!(cohort(rule, ""), ["gaps_tell_of_nobody"], "{rule}");
        assert_eq!(cohort(rule, own), [] as [&str; 0], "{rule}");
    }
    for rule in ["'acute' in sectors", "has(age)", "size(package_overlaps) > 0"] {
        assert_eq!(cohort(rule, ""), [] as [&str; 0], "{rule}");
    }
}

#[test]
fn exact_tables_are_issued_once() {
    let tables = |days: &str, disclosure: &str| {
        let text = PLANNING.replace("content = \"people\"", &format!("content = \"summary\"\nissued_on = [{days}]"));
        let text = text.replace("identifiers = \"pseudonym\"\ncolumns = [\"sex\", \"diabetes\"]\n", "");
        objections(&text, &format!("[policy]\ndisclosure = \"{disclosure}\"\n"))
    };
    let (once, twice) = ("\"2026-11-22\"", "\"2026-11-22\", \"2026-12-22\"");
    for disclosure in ["hes", "mhsds", "cld"] {
        assert_eq!(tables(twice, disclosure), [] as [&str; 0], "{disclosure}");
    }
    for disclosure in ["hes_legacy", "tre10", "ons_5"] {
        assert_eq!(tables(once, disclosure), [] as [&str; 0], "{disclosure}");
        assert_eq!(tables(twice, disclosure), ["repeated_tables_are_rounded"], "{disclosure}");
    }
}

/// Whoever has the tables of two releases can subtract them as well as if they were of one.
#[test]
fn exact_tables_are_not_issued_again_by_another_release_or_on_a_changed_day() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let text = PLANNING.replace("content = \"people\"", "content = \"summary\"\nissued_on = [\"2026-11-22\"]");
    let text = text.replace("identifiers = \"pseudonym\"\ncolumns = [\"sex\", \"diabetes\"]\n", "");
    let mut job = job(folder.path(), &text, "[policy]\ndisclosure = \"ons_5\"\n");
    let other = |day: &str| Release { id: "other".into(), issued_on: vec![day.into()], ..job.releases[0].clone() };
    let (same, later) = (other("2026-11-22"), other("2026-12-22"));
    let refused = |job: &crate::job::Job, issues: &[Issue]| {
        let known = Known { agreed: &Agreed::default(), national: Ok(()), lost_issues: &[], issues };
        judge(job, &job.releases[0], &known).iter().any(|refusal| refusal.rule == "repeated_tables_are_rounded")
    };
    let issue = |release: &str, day: &str, run_id: &str| {
        vec![Issue { release: release.into(), day: day.into(), run_id: run_id.into() }]
    };
    assert!(!refused(&job, &[]));
    // Of tonight's run, or issued already: nothing more is told.
    assert!(!refused(&job, &issue("other", "2026-11-22", "2026-11-22-01")));
    assert!(!refused(&job, &issue("one", "2026-11-22", "2026-11-20-01")));
    // Of another night, whether its release is still there or not, and of this one before its day was changed.
    assert!(refused(&job, &issue("other", "2026-11-20", "2026-11-20-01")));
    assert!(refused(&job, &issue("other", "2026-11-22", "2026-11-21-01")));
    assert!(refused(&job, &issue("one", "2026-10-22", "2026-10-22-01")));
    job.releases.push(same);
    assert!(!refused(&job, &[]));
    job.releases.push(later);
    assert!(refused(&job, &[]));
    assert!(!refused(&job, &issue("one", "2026-11-22", "2026-11-22-01")), "it was issued: the other one is refused");
    // What may not be made any more is in nobody's way, and rounded tables are not either.
    job.releases[2].valid_until = "2026-11-21".into();
    assert!(!refused(&job, &[]));
    job.disclosure = crate::job::Disclosure::Hes;
    assert!(!refused(&job, &issue("other", "2026-11-20", "2026-11-20-01")));
}

#[test]
fn a_job_makes_it_stricter() {
    for rest in [
        "[policy]\nforbidden_purposes = [\"planning\"]\n",
        "[policy]\nforbidden_recipients = [\"local_authority\"]\n",
        "[policy]\nforbidden_columns = [\"diabetes\"]\n",
        "[policy]\nencryption = true\n",
    ] {
        assert_eq!(objections(PLANNING, rest), ["stricter_here"], "{rest}");
    }
    let few = format!("{PLANNING}minimum_count = 5\n");
    assert_eq!(objections(&few, "[policy]\nminimum_count = 20\n"), ["stricter_here"]);
    assert_eq!(objections(PLANNING, "[policy]\nminimum_count = 20\n"), [] as [&str; 0]);
}

/// `[policy]` raises the minimum of those that name none, and lowers nobody's; a release's own stands, since its approvers agree to it.
#[test]
fn no_policy_lowers_a_minimum() {
    let least = |own: &str, policy: &str| {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let job = job(folder.path(), &format!("{PLANNING}{own}"), policy);
        job.releases[0].effective_minimum(&job.policy)
    };
    let policy = |count: u32| format!("[policy]\nminimum_count = {count}\n");
    assert_eq!(least("", ""), Some(10));
    assert_eq!(least("", &policy(1)), Some(10));
    assert_eq!(least("", &policy(20)), Some(20));
    assert_eq!(least("minimum_count = 5\n", ""), Some(5));
    assert_eq!(least("minimum_count = 25\n", &policy(20)), Some(25));
    assert_eq!(least("minimum_count = 5\n", &policy(20)), Some(20));
}

/// A fact is what it is carried from.
#[test]
fn a_fact_carried_from_what_tells_who_somebody_is_is_no_fact() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut job = job(folder.path(), &PLANNING.replace("\"diabetes\"", "\"diabetes\", \"x\""), "");
    let provider = &mut job.providers[0];
    let source = |column: &str| Source { columns: vec![column.into()], ..Source::default() };
    for (field, column) in [(Field::NhsNumber, "NHSNo"), (Field::Postcode, "Home"), (Field::Updated, "Seen")] {
        provider.columns.insert(field, source(column));
    }
    let mut objections = |column: &str, kind: CarryKind, combine: Combine, identifiers: Identifiers| {
        let first = job.providers[0].carry[0].clone();
        job.providers[0].carry.truncate(1);
        job.providers[0].carry.push(Carry { name: "x".into(), column: column.into(), kind, combine, ..first });
        let mut release = job.releases[0].clone();
        if identifiers == Identifiers::NhsNumber {
            (release.identifiers, release.purpose) = (identifiers, Purpose::DirectCare);
        }
        let known = Known { agreed: &Agreed::default(), national: Ok(()), lost_issues: &[], issues: &[] };
        let rules = judge(&job, &release, &known).into_iter().map(|refusal| refusal.rule);
        rules.filter(|rule| *rule != "approved").collect::<Vec<_>>()
    };
    let (text, latest) = (CarryKind::Category, Combine::Latest);
    let refused_by = |objected: Vec<&str>, rules: &[&str]| assert_eq!(objected, rules);
    let none = Identifiers::Pseudonym;
    let names = ["names_need_nhs_number", "column_justified"];
    refused_by(
        objections("NHSNo", text, latest, none),
        &["nhs_number_where_the_law_says", "names_need_nhs_number", "column_justified"],
    );
    refused_by(
        objections("id", text, latest, none),
        &["names_need_nhs_number", "record_ids_to_their_keeper", "column_justified"],
    );
    for column in ["family", "Home", "home"] {
        refused_by(objections(column, text, latest, none), &names);
    }
    refused_by(objections("Home", CarryKind::List, Combine::Union, none), &names);
    // What tells nobody, and what says only that there is something.
    refused_by(objections("Seen", CarryKind::Date, latest, none), &[]);
    refused_by(objections("DM", text, latest, none), &[]);
    refused_by(objections("NHSNo", text, Combine::Count, none), &[]);
    refused_by(objections("NHSNo", CarryKind::Flag, Combine::Any, none), &[]);
    // Whoever has the NHS number for somebody's care may have it twice.
    refused_by(objections("NHSNo", text, latest, Identifiers::NhsNumber), &[]);
}

#[test]
fn what_is_not_known_or_has_passed_refuses() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut job = job(folder.path(), PLANNING, "");
    let refused = |job: &crate::job::Job, release: &Release, national: std::result::Result<(), String>| {
        let agreed = Agreed::default();
        let rules = judge(job, release, &Known { agreed: &agreed, national, lost_issues: &[], issues: &[] })
            .into_iter()
            .map(|refusal| refusal.rule);
        rules.filter(|rule| *rule != "approved").collect::<Vec<_>>()
    };
    assert_eq!(refused(&job, &job.releases[0], Err("none".into())), ["national_opt_out_known"]);
    let mut release = job.releases[0].clone();
    release.national_exemption = Some(crate::job::Exemption::RequiredByLaw);
    assert_eq!(refused(&job, &release, Err("none".into())), [] as [&str; 0]);
    release.legal_basis.confidentiality = crate::job::Confidentiality::ImpliedConsent;
    assert_eq!(refused(&job, &release, Ok(())), ["basis_fits_purpose"]);
    release = job.releases[0].clone();
    (release.identifiers, release.recipient_kind) = (Identifiers::None, RecipientKind::University);
    assert_eq!(refused(&job, &release, Ok(())), [] as [&str; 0]);
    job.as_of = jiff::civil::date(2027, 1, 1);
    assert_eq!(refused(&job, &release, Ok(())), ["not_expired"]);
}
