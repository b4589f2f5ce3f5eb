//! The job file with every key of this version.

use super::*;
use crate::job::keys::care::{CARE, PACKAGE};
use crate::job::keys::end_of_life::END_OF_LIFE;
use crate::job::keys::linking::{FIELD, GATES};
use crate::job::keys::provider::{CARRY, DELETED, LAYOUT, PROVIDER, SOURCE, VERIFIED_BY};
use crate::job::keys::release::{APPROVER, LEGAL_BASIS, POLICY, RELEASE};
use crate::job::keys::{JOB, Need, OPT_OUT};

#[test]
fn a_table_between_pseudonyms_is_for_its_recipient_alone() {
    let key = "encrypt_to = [\"age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z\"]\n";
    assert!(WHOLE.contains(key));
    let open = WHOLE.replacen(key, "", 1);
    let shown = Memory::usual().shown(&open);
    assert_eq!(Memory::usual().check(&open).problems.len(), 1, "{shown}");
    assert!(shown.contains("for its recipient alone") && shown.contains("encrypt_to"), "{shown}");
}

#[test]
fn an_overlap_needs_a_generation_or_a_secret_before() {
    let first = WHOLE.replace("pseudonym_generation = 2\n", "");
    let mut world = Memory::usual();
    assert_eq!(world.check(&first).problems.len(), 1, "{}", world.shown(&first));
    world.files.push("/night/release.key.previous");
    assert_eq!(world.check(&first).problems, [], "{}", world.shown(&first));
}

/// Beside another list it would not be missed, and people who opted out by it would be handed on.
#[test]
fn a_national_opt_out_says_which_list_it_is() {
    let line = WHOLE.lines().find(|line| line.starts_with("list = ")).expect("the whole job has one");
    let shown = Memory::usual().shown(&WHOLE.replacen(line, "", 1));
    assert!(shown.contains("A national opt-out needs `list`"), "{shown}");
}

#[test]
fn every_key_of_this_version_is_read() {
    let checked = Memory::usual().check(WHOLE);
    assert_eq!(checked.problems, [], "{}", Memory::usual().shown(WHOLE));
    let job = checked.provisional;
    assert_eq!((job.name.as_str(), job.threads, job.keep_runs), ("nwl-nightly", 2, 3));
    assert_eq!((job.as_of, job.memory_limit), (jiff::civil::date(2026, 11, 22), Some(8 << 30)));
    assert_eq!(job.test_numbers, TestNumbers::Accept);
    assert_eq!(job.id_key_file, Some(PathBuf::from("/night/id.key")));
    assert_eq!(job.audit_key_file, Some(PathBuf::from("/night/audit.key")));
    assert_eq!(job.encryption_key, Some(EncryptionKey::File(PathBuf::from("/night/output.key"))));
    assert_eq!(job.gates.maximum_quarantined, 0.02);
    assert_eq!(job.gates.maximum_people_change, 0.03);
    assert_eq!((job.gates.maximum_provider_shrink, job.gates.maximum_column_change), (0.10, 0.15));
    assert_eq!((job.gates.maximum_merged, job.gates.maximum_impossible_rise), (0.01, 0.002));
    assert_eq!(job.cluster.threshold, Some(0.99));
    assert_eq!(job.local_objections, [LocalObjections { files: vec![PathBuf::from("/night/objections.csv")] }]);
    let national = OptOut::National {
        files: vec![PathBuf::from("/night/national.dat")],
        list: NationalList::Allowed,
        checked_on: jiff::civil::date(2026, 11, 20),
        valid_days: 7,
    };
    assert_eq!(job.opt_outs, [OptOut::Type1 { files: vec![PathBuf::from("/night/type_1.csv")] }, national]);
    assert_eq!(job.policy.governance_lead_key, Some(PathBuf::from("/night/lead.key.pub")));
    assert_eq!(job.policy.forbidden_purposes, [Purpose::Commercial]);
    let [planning, tables] = &job.releases[..] else { panic!("two releases") };
    assert_eq!((planning.purpose, planning.identifiers), (Purpose::Planning, Identifiers::Pseudonym));
    assert_eq!((planning.pseudonym_generation, planning.overlap), (2, true));
    assert_eq!((tables.content, tables.issued_on.len()), (Content::Summary, 2));
    assert_ne!(planning.definition_hash(&job), tables.definition_hash(&job));
    assert_eq!(job.nhs_number_replaced, [PathBuf::from("/night/replaced.csv")]);
    assert_eq!(job.never_link, [PathBuf::from("/night/never.csv")]);
    let [practice, hospice, housing] = &job.providers[..] else { panic!("three providers") };
    assert_eq!(practice.files.len(), 2);
    assert_eq!(practice.format.delimiter, Some(b';'));
    assert_eq!(practice.format.encoding.as_deref(), Some("windows-1252"));
    let number = &practice.columns[&Field::NhsNumber];
    assert_eq!(number.verified, Verified::When { column: "NHSNoStatus".into(), values: vec!["01".into()] });
    assert_eq!(practice.columns[&Field::Sex].values["2"], "female");
    assert_eq!(practice.columns[&Field::Address].columns, ["Address1", "Address2", "Town"]);
    assert_eq!(practice.columns[&Field::Custom(0)].columns, ["JobTitle"]);
    let count = practice.carry.iter().find(|fact| fact.name == "unplanned_admissions_12m").expect("it is carried");
    assert_eq!((count.combine, count.within), (Combine::Count, Some(Within { months: 12, days: 0 })));
    let [first, second] = &practice.packages[..] else { panic!("two packages") };
    assert_eq!(first.parts[&PackagePart::Need].values["PC"], "personal_care");
    assert_eq!(first.parts[&PackagePart::End].columns, ["EndYear", "EndMonth", "EndDay"]);
    assert_eq!(second.parts.keys().copied().collect::<Vec<_>>(), [PackagePart::Service, PackagePart::Start]);
    assert_eq!((job.care.successor_days, job.care.ended_within), (14, Within { months: 6, days: 0 }));
    assert_eq!(job.care.rules[0].need, "personal_care");
    let wishes = job.end_of_life.as_ref().expect("it is there");
    assert_eq!((wishes.place(" own home "), wishes.place("Hospice")), ("home".into(), "hospice".into()));
    assert_eq!((wishes.last_days, wishes.died_within), (60, Within { months: 24, days: 0 }));
    assert_eq!(hospice.format.kind, Some(FormatKind::FixedWidth));
    assert_eq!(hospice.format.layout[1], FixedColumn { column: "Name".into(), start: 11, width: 30 });
    assert_eq!(hospice.when_missing, WhenMissing::Without);
    assert_eq!((job.providers[0].when_missing, job.providers[0].stale_days), (WhenMissing::Stop, 7));
    assert_eq!(housing.format.sheet.as_deref(), Some("Clients"));
    assert!(housing.files.is_empty());
    let deleted = housing.changes.as_ref().and_then(|changes| changes.deleted.as_ref()).expect("it sends changes");
    assert_eq!((deleted.column.as_str(), deleted.values.len()), ("Change", 2));
    assert!(practice.changes.is_none());
}

/// The whole job must hold every key, so that a new key comes with a test.
#[test]
fn the_whole_job_names_every_key() {
    let of_releases = [&POLICY, &APPROVER, &LEGAL_BASIS, &RELEASE];
    let of_care = [&PACKAGE, &CARE, &END_OF_LIFE];
    let others = [&JOB, &PROVIDER, &LAYOUT, &SOURCE, &VERIFIED_BY, &DELETED, &CARRY, &FIELD, &GATES, &OPT_OUT];
    for table in others.into_iter().chain(of_releases).chain(of_care) {
        for key in table.keys.iter().filter(|key| !matches!(key.need, Need::Later)) {
            assert!(WHOLE.contains(key.name), "{} {}", table.heading, key.name);
        }
    }
}
