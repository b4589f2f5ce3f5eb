//! What an agreement is to, and whose it is.

use super::*;
use crate::job::{PackagePart, Provider, Within};

#[test]
fn agreement_to_a_cohort_is_agreement_to_its_rule() {
    let definition = |rule: &str| {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let text = PLANNING.replace("content = \"people\"", "content = \"cohort\"\ncohort = \"some\"");
        let table = format!("[[cohort]]\nid = \"some\"\nwhere = \"{rule}\"\npurpose = \"planning\"\n");
        let job = job(folder.path(), &text, &table);
        job.releases[0].definition_hash(&job)
    };
    assert_eq!(definition("age >= 75"), definition("age >= 75"));
    assert_ne!(definition("age >= 75"), definition("age >= 65"));
}

/// Under the name that was agreed to, another column could be carried, or packages be read from one.
#[test]
fn agreement_to_a_fact_is_agreement_to_what_it_is_carried_from() {
    let definition = |release: &str, cohort: &str, change: &dyn Fn(&mut Provider)| {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut job = job(folder.path(), release, cohort);
        change(&mut job.providers[0]);
        job.releases[0].definition_hash(&job)
    };
    let plain = PLANNING.replace("\"sex\", \"diabetes\"", "\"sex\"");
    let of_cohort = plain.replace("content = \"people\"", "content = \"cohort\"\ncohort = \"some\"");
    let cohort = |rest: &str| format!("[[cohort]]\nid = \"some\"\npurpose = \"planning\"\n{rest}\n");
    let (ruled, ordered) = (cohort("where = \"diabetes\""), cohort("where = \"age > 3\"\norder_by = [\"diabetes\"]"));
    let facts: [&dyn Fn(&mut Provider); 6] = [
        &|provider: &mut Provider| provider.carry[0].column = "family".into(),
        &|provider: &mut Provider| provider.carry[0].kind = CarryKind::Category,
        &|provider: &mut Provider| provider.carry[0].combine = Combine::All,
        &|provider: &mut Provider| provider.carry[0].within = Some(Within { months: 12, days: 0 }),
        &|provider: &mut Provider| provider.carry[0].place = true,
        &|provider: &mut Provider| provider.carry.clear(),
    ];
    let nothing = |_: &mut Provider| {};
    for change in facts {
        let cases: [(&str, &str); 3] =
            [(PLANNING, ""), (of_cohort.as_str(), ruled.as_str()), (of_cohort.as_str(), ordered.as_str())];
        for (release, cohort) in cases {
            assert_ne!(definition(release, cohort, change), definition(release, cohort, &nothing), "{release}{cohort}");
        }
        assert_eq!(definition(&plain, "", change), definition(&plain, "", &nothing));
    }
    let package = |provider: &mut Provider| {
        let service = provider.packages[0].parts.get_mut(&PackagePart::Service).expect("it is mapped");
        service.columns = vec!["family".into()];
    };
    let cared_for = cohort("where = \"packages_current > 0\"");
    assert_ne!(definition(&of_cohort, &cared_for, &package), definition(&of_cohort, &cared_for, &nothing));
    assert_eq!(definition(&of_cohort, &ruled, &package), definition(&of_cohort, &ruled, &nothing));
}

/// What was agreed to before facts were part of it stands where there are none.
#[test]
fn a_release_that_names_no_fact_is_its_own_definition() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path(), &PLANNING.replace("\"sex\", \"diabetes\"", "\"sex\""), "");
    let text = serde_json::to_string(&job.releases[0]).expect("it is plain data");
    let hash = blake3::hash(format!("onefolk release 1\n{text}").as_bytes());
    assert_eq!(job.releases[0].definition_hash(&job), hash.to_hex().to_string());
}

#[test]
fn agreement_is_to_what_policy_makes_of_a_release() {
    let definition = |release: &str, policy: &str| {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let job = job(folder.path(), release, policy);
        job.releases[0].definition_hash(&job)
    };
    let lines = |policy: &str| definition(PLANNING, policy);
    // What is built in, said aloud, changes nothing; nor does a floor below it.
    assert_eq!(lines(""), lines("[policy]\nminimum_count = 10\n"));
    assert_eq!(lines(""), lines("[policy]\nminimum_count = 1\n"));
    assert_ne!(lines(""), lines("[policy]\nminimum_count = 20\n"));
    assert_ne!(lines("[policy]\nminimum_count = 30\n"), lines("[policy]\nminimum_count = 20\n"));
    // Lines about people hold no counts.
    assert_eq!(lines(""), lines("[policy]\ndisclosure = \"ons_5\"\n"));
    let text = PLANNING.replace("content = \"people\"", "content = \"summary\"\nissued_on = [\"2026-11-22\"]");
    let text = text.replace("identifiers = \"pseudonym\"\ncolumns = [\"sex\", \"diabetes\"]\n", "");
    let tables = |policy: &str| definition(&text, policy);
    assert_eq!(tables(""), tables("[policy]\ndisclosure = \"hes\"\n"));
    assert_ne!(tables(""), tables("[policy]\ndisclosure = \"ons_5\"\n"));
    assert_ne!(tables("[policy]\ndisclosure = \"cld\"\n"), tables("[policy]\ndisclosure = \"ons_5\"\n"));
    assert_eq!(tables(""), tables("[policy]\nminimum_count = 20\n"));
}

#[test]
fn what_nobody_has_to_agree_to_does_not_leave() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    crate::keys::new(&folder.path().join("lead.key")).expect("there is room");
    let refused = |policy: &str| {
        let key = "[policy]\ngovernance_lead_key = \"lead.key.pub\"\n";
        let mut job = job(folder.path(), PLANNING, &format!("{key}{policy}"));
        // A job file that names nobody is refused before; what is built otherwise is refused here.
        job.releases[0].approvals.clear();
        let refusals = standing(&job, &[]).expect("it can be read").remove(0).refusals;
        refusals.into_iter().find(|refusal| refusal.rule == "approved").map(|refusal| refusal.why)
    };
    assert!(refused("").expect("nobody is named").contains("names a role"));
    assert!(refused("approvals = [\"lay_partner\"]\n").expect("they have not agreed").contains("as lay_partner"));
}

#[test]
fn agreements_are_of_one_definition_by_named_people_under_one_key() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (lead, other) = (folder.path().join("lead.key"), folder.path().join("other.key"));
    crate::keys::new(&lead).expect("there is room");
    crate::keys::new(&other).expect("there is room");
    let policy = "[policy]\napprovals = [\"lay_partner\"]\ngovernance_lead_key = \"lead.key.pub\"\n";
    let first = job(folder.path(), PLANNING, policy);
    let date = first.as_of;
    let approved = |job: &crate::job::Job| {
        let refusals = standing(job, &[]).expect("it can be read").remove(0).refusals;
        refusals.into_iter().find(|refusal| refusal.rule == "approved").map(|refusal| refusal.why)
    };
    let agree = |job: &crate::job::Job, who: &str, role: &str, key: &Path| {
        let hands = Hands { lead: Some(key), own: None };
        approve(job, "one", [who, role], date, hands).map(|_| ()).map_err(|failure| failure.code.id)
    };
    assert!(approved(&first).expect("nobody has agreed").contains("governance_lead, lay_partner"));
    assert_eq!(agree(&first, "Ann", "lay_partner", &lead), Err("OF0721"));
    assert_eq!(agree(&first, "Eve", "governance_lead", &lead), Err("OF0721"));
    assert_eq!(agree(&first, "Ann", "governance_lead", &other), Err("OF0721"));
    assert_eq!(agree(&first, "Ann", "governance_lead", &lead), Ok(()));
    assert!(approved(&first).expect("one is missing").contains("as lay_partner"));
    assert_eq!(agree(&first, "Bo", "lay_partner", &lead), Ok(()));
    assert_eq!(approved(&first), None);
    // Another column is another definition.
    let changed = job(folder.path(), &PLANNING.replace("\"sex\", ", "\"sex\", \"ethnicity\", "), policy);
    assert!(approved(&changed).expect("it is another").contains("2 agreements are of another definition"));
    // A line that somebody has changed does not count.
    let path = folder.path().join("approvals.csv");
    let text = std::fs::read_to_string(&path).expect("it stands");
    std::fs::write(&path, text.replace("2026-11-22", "2026-11-21")).expect("there is room");
    assert!(approved(&first).is_some());
    std::fs::write(&path, &text).expect("there is room");
    assert_eq!(approved(&first), None);
    // Tomorrow's agreement does not count today, nor any under another key.
    let mut yesterday = first.clone();
    yesterday.as_of = jiff::civil::date(2026, 11, 21);
    assert!(approved(&yesterday).is_some());
    let mut elsewhere = first.clone();
    elsewhere.policy.governance_lead_key = Some(crate::keys::public_beside(&other));
    assert!(approved(&elsewhere).is_some());
}

/// Where the job names a key of the approver, the lead alone cannot agree in their name.
#[test]
fn whoever_has_a_key_of_their_own_signs_first() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let key = |name: &str| {
        let path = folder.path().join(name);
        crate::keys::new(&path).expect("there is room");
        path
    };
    let (lead, bo, other) = (key("lead.key"), key("bo.key"), key("other.key"));
    let policy = "[policy]\napprovals = [\"lay_partner\"]\ngovernance_lead_key = \"lead.key.pub\"\n";
    let mut job = job(folder.path(), PLANNING, policy);
    let at = job.approvers.iter().position(|approver| approver.name == "Bo").expect("the job names them");
    job.approvers[at].key = Some(crate::keys::public_beside(&bo));
    let agree = |who: [&str; 2], lead: Option<&Path>, own: Option<&Path>| {
        approve(&job, "one", who, job.as_of, Hands { lead, own }).map(|_| ()).map_err(|failure| failure.code.id)
    };
    let approved = || {
        let refusals = standing(&job, &[]).expect("it can be read").remove(0).refusals;
        !refusals.iter().any(|refusal| refusal.rule == "approved")
    };
    let (ann, bos) = (["Ann", "governance_lead"], ["Bo", "lay_partner"]);
    assert_eq!(agree(ann, Some(&lead), None), Ok(()));
    assert_eq!(agree(bos, Some(&lead), None), Err("OF0721"), "Bo has not signed");
    assert_eq!(agree(bos, None, Some(&other)), Err("OF0721"), "it is not Bo's key");
    assert_eq!(agree(ann, None, Some(&other)), Err("OF0721"), "Ann has none");
    assert_eq!(agree(bos, None, None), Err("OF0721"));
    assert_eq!(agree(bos, None, Some(&bo)), Ok(()));
    assert!(!approved(), "the lead has not countersigned");
    assert_eq!(agree(bos, Some(&lead), None), Ok(()));
    assert!(approved());
    // Neither signature holds for another line, nor without the other.
    let path = folder.path().join("approvals.csv");
    let text = std::fs::read_to_string(&path).expect("it stands");
    let own = text.lines().last().and_then(|line| line.rsplit(',').next()).expect("it has a signature").to_string();
    std::fs::write(&path, text.replace(&own, "")).expect("there is room");
    assert!(!approved());
    std::fs::write(&path, &text).expect("there is room");
    assert!(approved());
    // An agreement of the same day with both hands at once.
    std::fs::remove_file(&path).expect("it stood");
    assert_eq!(agree(ann, Some(&lead), None), Ok(()));
    assert_eq!(agree(bos, Some(&lead), Some(&bo)), Ok(()));
    assert!(approved());
}
