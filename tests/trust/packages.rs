//! What people who have said no rely on of their packages of care and their wishes: a local objector's are nowhere; those that a practice holds
//! of somebody with a type 1 opt-out leave for nothing but direct care, and decide nothing that does.

use crate::common::releases::{BASIS, approve};
use crate::common::{self, Night, Person, Table, outcome, town};
use std::collections::BTreeSet;

/// What each provider sends of a person beside who they are; `TAG` tells whose it is.
const ROW: &str = "TAG,serviceTAG,Personal care,2026-01-01,Y,placeTAG,2026-11-01";
const HEADER: &str = "tag,service,need,start,palliative,wished,seen";

const FACTS: &str = r#"
[provider.carry]
tag = { column = "tag", kind = "category", combine = "latest" }
palliative = { column = "palliative", kind = "flag", combine = "any" }
wished = { column = "wished", kind = "category", combine = "latest" }
last_contact = { column = "seen", kind = "date", combine = "latest" }

[[provider.package]]
service = "service"
need = "need"
start = "start"

"#;

const REST: &str = r#"
[end_of_life]
on_register = "palliative"
preferred_place_of_death = "wished"

[[cohort]]
id = "cared-for"
where = "packages_current > 0"
purpose = "planning"
columns = ["tag", "wished"]

[[release]]
id = "planning"
recipient = "The council"
recipient_kind = "local_authority"
purpose = "planning"
content = "cohort"
cohort = "cared-for"
identifiers = "pseudonym"
columns = ["tag", "wished"]
minimum_count = 1
approvals = ["governance_lead", "lay_partner"]
BASIS
"#;

/// Everybody is the practice's; every second the council's as well.
fn at_council(at: usize) -> bool {
    at.is_multiple_of(2)
}

/// A practice and a council that send packages and wishes; the practice's begin with g, the council's with c. Whom `leave_out` names stands in
/// no extract.
fn night(people: &[Person], leave_out: &BTreeSet<usize>) -> Night {
    let night = Night::new();
    let text = |letter: &str, knows: &dyn Fn(usize) -> bool| {
        let sent = (0..people.len()).filter(|&at| !leave_out.contains(&at) && knows(at));
        let row = |at: usize| {
            let facts = ROW.replace("TAG", &format!("-{letter}{at}-"));
            format!("{},{facts}\n", people[at].exact_row(&format!("{letter}{at}")))
        };
        format!("{},{HEADER}\n{}", common::HEADER, sent.map(row).collect::<String>())
    };
    night.write("in/gp.csv", text("g", &|_| true));
    night.write("in/council.csv", text("c", &at_council));
    let provider = |id: &str, setting: &str| {
        let columns = common::COLUMNS;
        format!("[[provider]]\nid = \"{id}\"\nsetting = \"{setting}\"\nfiles = [\"in/{id}.csv\"]\n\n{columns}{FACTS}")
    };
    let mut keys = common::onefolk();
    keys.current_dir(night.path("")).args(["keys", "new", "lead.key"]);
    outcome(keys).done();
    night.write("id.key", "7".repeat(64));
    for list in ["local.csv", "type_1.csv", "national.csv"] {
        night.write(list, "nhs_number\n");
    }
    night.write(
        "job.toml",
        format!(
            "[job]\nas_of = 2026-11-22\nid_key_file = \"id.key\"\n[policy]\ngovernance_lead_key = \"lead.key.pub\"\ndisclosure = \"ons_5\"\n\
             [[approver]]\nname = \"Ann\"\nrole = \"governance_lead\"\n[[approver]]\nname = \"Bo\"\nrole = \"lay_partner\"\n\
             [[opt_out]]\nkind = \"local\"\nfiles = [\"local.csv\"]\n[[opt_out]]\nkind = \"type_1\"\nfiles = [\"type_1.csv\"]\n\
             [[opt_out]]\nkind = \"national\"\nlist = \"refused\"\nfiles = [\"national.csv\"]\nchecked_on = 2026-11-20\n\n{}{}{}",
            provider("gp", "general_practice"),
            provider("council", "social_care"),
            REST.replace("BASIS", BASIS)
        ),
    );
    approve(&night, "planning", "Bo", "lay_partner").done();
    approve(&night, "planning", "Ann", "governance_lead").done();
    night
}

/// Whose the cells of a column are: the letter of the provider and the place of the person.
fn whose(table: &Table, column: &str) -> BTreeSet<(char, usize)> {
    let owner = |cell: &&str| {
        let tag = cell.split('-').nth(1)?;
        Some((tag.chars().next()?, tag[1..].parse().ok()?))
    };
    table.values(column).iter().filter_map(owner).collect()
}

#[test]
fn nobody_who_objects_has_a_package_or_a_wish_anywhere() {
    let people = town(80, 83);
    let (local, type_1): (BTreeSet<usize>, BTreeSet<usize>) =
        ((0..80).filter(|at| at % 7 == 3).collect(), (0..80).filter(|at| at % 5 == 1).collect());
    let numbers =
        |of: &BTreeSet<usize>| of.iter().map(|&at| format!("{}\n", people[at].nhs_number)).collect::<String>();
    let night = night(&people, &BTreeSet::new());
    night.write("local.csv", format!("nhs_number\n{}", numbers(&local)));
    night.write("type_1.csv", format!("nhs_number\n{}", numbers(&type_1)));
    night.run().done();

    // The controller's own tables have everybody's but theirs.
    let all: BTreeSet<(char, usize)> = (0..80)
        .filter(|at| !local.contains(at))
        .flat_map(|at| [Some(('g', at)), at_council(at).then_some(('c', at))])
        .flatten()
        .collect();
    assert_eq!(whose(&night.table("packages.parquet"), "service"), all);
    assert_eq!(whose(&night.table("wishes.parquet"), "place"), all);

    // The council is told of a package or a wish of the practice only where there is no type 1 opt-out.
    let told = night.table("releases/planning/cohort.parquet");
    let leaves = |&(letter, at): &(char, usize)| letter == 'c' || !type_1.contains(&at);
    for column in ["tag", "wished"] {
        let told = whose(&told, column);
        assert!(told.iter().all(|one| all.contains(one) && leaves(one)), "{column}: {told:?}");
    }
    // Whoever has nothing left but what the practice holds is not in the cohort; everybody else is.
    let in_it: BTreeSet<usize> = whose(&told, "tag").into_iter().map(|(_, at)| at).collect();
    let has_one: BTreeSet<usize> = all.iter().filter(|one| leaves(one)).map(|(_, at)| *at).collect();
    assert_eq!(in_it, has_one);
    assert_eq!(told.rows.len(), has_one.len());
    assert!(type_1.iter().any(|at| has_one.contains(at)) && type_1.iter().any(|at| !has_one.contains(at)));

    // What is counted is what would be counted had they never been anywhere.
    let without = self::night(&people, &local);
    without.write("type_1.csv", format!("nhs_number\n{}", numbers(&type_1)));
    without.run().done();
    for table in ["packages.csv", "end_of_life.csv", "cohorts.csv", "people_by_age_sex.csv"] {
        let read = |night: &Night| std::fs::read_to_string(night.current(&format!("summary/{table}"))).expect(table);
        assert_eq!(read(&night), read(&without), "{table}");
    }
    let told = |night: &Night| -> serde_json::Value {
        let bytes = std::fs::read(night.current("run.json")).expect("it stands");
        let run: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
        serde_json::json!([run["packages"], run["cohorts"]])
    };
    assert_eq!(told(&night), told(&without));
    assert_eq!(told(&night)[0][0]["packages"], 80 - local.len());
    // No text that the run has left holds a word of them.
    for (name, bytes) in night.standing() {
        let text = String::from_utf8_lossy(&bytes);
        let named = local.iter().find(|at| ["g", "c"].iter().any(|letter| text.contains(&format!("-{letter}{at}-"))));
        assert_eq!(named, None, "{}", name.display());
    }
}
