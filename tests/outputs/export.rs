//! The standardised records as a file of their own.

use crate::common::{HEADER, Night, Outcome, edit, job, modes, nhs_number, onefolk, outcome, table};
use std::collections::BTreeSet;
use std::path::Path;

fn export(night: &Night, output: &Path) -> Outcome {
    let mut command = onefolk();
    command.arg("export").arg(night.path("job.toml")).arg("--output").arg(output);
    outcome(command)
}

/// Two rows of one person and one of somebody who objects, in a folder of its own.
fn night() -> Night {
    let night = Night::new();
    let number = nhs_number(7);
    let rows = [
        format!("1,{number},Ann,O'Kafor,03/04/1980,F,1 High St,nw14ab,"),
        format!("2,{number},ANN,Okafor,1980-04-03,2,,NW1 4AB,"),
        "3,,Tom,Reed,1951-11-30,M,,M1 1AE,".to_string(),
    ];
    night.write("in/gp.csv", format!("{HEADER}\n{}\n", rows[..2].join("\n")));
    night.write("in/acute.csv", format!("{HEADER}\n{}\n", rows[2]));
    night.write("objections.csv", "provider,record_id\nacute,3\n");
    night.write(
        "job.toml",
        job(
            &[("gp", "in/gp.csv", ""), ("acute", "in/acute.csv", "")],
            "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n",
        ),
    );
    night
}

#[test]
fn an_export_has_the_standardised_values_and_nobody_who_objects() {
    let night = night();
    let path = night.path("records.parquet");
    export(&night, &path).done();
    let exported = table(&path);
    assert_eq!(exported.values("provider"), ["gp", "gp"], "the hospital's only record is withheld");
    assert_eq!(exported.values("record_id"), ["1", "2"]);
    assert_eq!(exported.values("family_name"), ["okafor", "okafor"]);
    assert_eq!(exported.values("date_of_birth"), ["19800403", "19800403"]);
    assert_eq!(exported.values("sex"), ["female", "female"]);
    assert_eq!(exported.values("postcode"), ["NW1 4AB", "NW1 4AB"]);
    let mode = modes(&night.path("")).into_iter().find(|(found, ..)| *found == path).expect("it stands").1;
    assert_eq!(mode, 0o600);

    // The same identities as in the outputs of a run.
    night.run().done();
    let crosswalk = night.table("crosswalk.parquet");
    let of_run: BTreeSet<&str> = crosswalk.values("identity_id").into_iter().collect();
    assert_eq!(exported.values("identity_id").into_iter().collect::<BTreeSet<&str>>(), of_run);
}

#[test]
fn an_export_never_overwrites_and_leaves_nothing_half_done() {
    let night = night();
    let path = night.path("records.parquet");
    std::fs::write(&path, "somebody's work").unwrap();
    export(&night, &path).failed(2, "OF0603");
    assert_eq!(std::fs::read(&path).unwrap(), b"somebody's work");
    export(&night, &night.path("absent/records.parquet")).failed(4, "OF0421");
    edit(&night.path("job.toml"), "in/acute.csv", "in/none.csv");
    let other = night.path("other.parquet");
    assert_ne!(export(&night, &other).status, Some(0));
    assert!(!other.exists() && !night.path("other.parquet.partial").exists());
}
