//! What commissioners rely on of segments and places: everybody is in exactly one segment of each set or nothing is published, the matrix
//! adds up to people.parquet, and areas and deprivation come of the files that the job names.

use crate::common::{self, NULL, Night, Person, Random, Table, onefolk, outcome, town};
use serde_json::Value;
use std::collections::BTreeMap;

const CARRY: &str = "[provider.carry]
frailty = { column = \"frailty\", kind = \"category\", combine = \"latest\" }
diabetes = { column = \"dm\", kind = \"flag\", combine = \"any\" }
";

const SEGMENTS: &str = "
[[segment_set]]
id = \"frailty_band\"
preset = \"frailty\"

[[segment_set]]
id = \"bridges\"
preset = \"bridges_to_health\"

[[segment_set]]
id = \"by_diabetes\"
name = \"Diabetes\"

[[segment_set.segment]]
id = \"yes\"
where = \"diabetes\"

[[segment_set.segment]]
id = \"no\"
where = \"!diabetes\"

[[segment_set.segment]]
id = \"not-recorded\"
otherwise = true

[[cohort]]
id = \"severe-in-the-poorest-places\"
where = 'frailty_band == \"severe\" && imd_decile <= 2'
columns = [\"frailty_band\", \"imd_decile\", \"lsoa\"]
purpose = \"planning\"
";

const REFERENCE: &str = "
[reference]
postcodes = { file = \"nspl.csv\", lsoa = \"lsoa21\", ward = \"osward\", icb = \"icb\" }
deprivation = { file = \"imd.csv\", lsoa = \"LSOA code\", decile = \"Decile\" }
";

/// One practice; every postcode of LS1 to LS20 is listed, written as the directory writes it.
fn night(people: &[Person], rest: &str) -> Night {
    let night = Night::new();
    let mut random = Random::new(3);
    let mut rows = format!("{},frailty,dm,flag\n", common::HEADER);
    for (at, person) in people.iter().enumerate() {
        let frailty = random.pick(&["fit", "mild", "moderate", "severe", ""]);
        let diabetes = random.pick(&["Y", "N", ""]);
        let flag = if at == SENSITIVE { "S" } else { "" };
        rows.push_str(&format!("{},{frailty},{diabetes},{flag}\n", person.exact_row(&format!("g{at}"))));
    }
    night.write("in/gp.csv", rows);
    let mut directory = String::from("pcds,pcd7,lsoa21,osward,icb\n");
    let mut deciles = String::from("LSOA code,Name,Decile\n");
    for district in 1..=20 {
        for sector in 1..=9 {
            let area = format!("E01{district:03}{sector:03}");
            directory.push_str(&format!("LS{district} {sector}AB,x,{area},E05{district:06},QWO\n"));
            deciles.push_str(&format!("{area},Somewhere,{}\n", (district + sector) % 10 + 1));
        }
    }
    night.write("nspl.csv", directory);
    night.write("imd.csv", deciles);
    // How counts are blurred, and so which are hidden, is the key's: the same each time.
    night.write("id.key", "5".repeat(64));
    night.write(
        "job.toml",
        format!(
            "[job]\nas_of = 2026-11-22\nid_key_file = \"id.key\"\n{REFERENCE}\n[[provider]]\nid = \"gp\"\nsetting = \"general_practice\"\nfiles = [\"in/gp.csv\"]\n\n\
             {}sensitivity = \"flag\"\n{CARRY}\n{rest}",
            common::COLUMNS
        ),
    );
    night
}

const SENSITIVE: usize = 5;

fn run_json(night: &Night) -> Value {
    serde_json::from_slice(&std::fs::read(night.current("run.json")).expect("it stands")).expect("it is JSON")
}

fn cell<'t>(table: &'t Table, row: &'t [String], column: &str) -> &'t str {
    &row[table.column(column)]
}

#[test]
fn places_come_of_the_files_that_the_job_names() {
    let people = town(200, 61);
    let night = night(&people, SEGMENTS);
    night.run().done();
    let table = night.table("people.parquet");
    let mut listed = 0;
    for row in &table.rows {
        let of = |column| cell(&table, row, column);
        let parts = of("postcode").strip_prefix("LS").and_then(|rest| rest.split_once(' '));
        let place =
            parts.map(|(district, inward)| (district.parse::<u32>().unwrap(), inward[..1].parse::<u32>().unwrap()));
        let places = ["lsoa", "ward", "icb", "imd_decile"].map(of);
        match place.filter(|(district, _)| *district <= 20) {
            Some((district, sector)) => {
                let (area, ward) = (format!("E01{district:03}{sector:03}"), format!("E05{district:06}"));
                assert_eq!(places, [&area, &ward, "QWO", &((district + sector) % 10 + 1).to_string()]);
                listed += 1;
            }
            None => assert_eq!(places, [NULL; 4]),
        }
    }
    assert!(listed > 100 && listed < table.rows.len(), "{listed}");
    let sensitive = table.rows.iter().find(|row| cell(&table, row, "nhs_number") == people[SENSITIVE].nhs_number);
    assert_eq!(cell(&table, sensitive.expect("they are there"), "imd_decile"), NULL);
    let cohort = night.table("cohorts/severe-in-the-poorest-places.parquet");
    let meets = |row: &&Vec<String>| {
        cell(&table, row, "frailty_band") == "severe" && ["1", "2"].contains(&cell(&table, row, "imd_decile"))
    };
    assert_eq!(cohort.rows.len(), table.rows.iter().filter(meets).count());

    // Whoever looks at somebody's page sees where they are only on asking for it.
    let somewhere = table.rows.iter().find(|row| cell(&table, row, "lsoa") != NULL).expect("most are");
    let page = |arguments: &[&str]| {
        let mut command = onefolk();
        command.args(["person", cell(&table, somewhere, "person_id"), "--job"]).arg(night.path("job.toml"));
        command.args(arguments);
        outcome(command).done().stdout
    };
    assert!(!page(&[]).contains(cell(&table, somewhere, "lsoa")));
    assert!(page(&["--show-identifiers"]).contains(cell(&table, somewhere, "lsoa")));
}

#[test]
fn everybody_is_in_one_segment_and_the_matrix_adds_up() {
    let night = night(&town(300, 67), SEGMENTS);
    night.run().done();
    let table = night.table("people.parquet");
    let mut expected: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for row in &table.rows {
        let of = |column| cell(&table, row, column).to_string();
        let age: Option<u32> = of("age").parse().ok();
        let old = age.is_some_and(|age| age >= 65);
        let band = match of("frailty").as_str() {
            _ if !old => "younger".to_string(),
            NULL => "unknown".into(),
            frailty => frailty.to_string(),
        };
        assert_eq!(of("frailty_band"), band);
        let diabetes = match of("diabetes").as_str() {
            "true" => "yes",
            "false" => "no",
            _ => "not-recorded",
        };
        assert_eq!(of("by_diabetes"), diabetes);
        assert_ne!(of("bridges"), NULL);
        let wide = match age {
            Some(..18) => "0–17",
            Some(..40) => "18–39",
            Some(..65) => "40–64",
            Some(..80) => "65–79",
            Some(_) => "80 and over",
            None => "Not known",
        };
        for set in ["frailty_band", "by_diabetes", "bridges"] {
            for band in [wide, "All"] {
                *expected.entry((set.into(), of(set), band.into())).or_default() += 1;
            }
        }
    }
    // What is shown is the exact count, blurred by up to 2 and rounded, or hidden.
    let text = std::fs::read_to_string(night.current("summary/segments.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let (mut shown, mut hidden, mut hidden_for_others) = (0, 0, 0);
    for row in reader.records().map(Result::unwrap) {
        let exact = expected.get(&(row[0].into(), row[1].into(), row[3].into())).copied().unwrap_or(0);
        match row[4].parse::<u64>() {
            Ok(count) => {
                assert!(count.abs_diff(exact) <= 4 && (exact == 0 || exact > 7), "{row:?}: {exact}");
                shown += 1;
            }
            // No margin reaches further than 11.
            Err(_) if exact == 0 || exact > 11 => hidden_for_others += 1,
            Err(_) => hidden += 1,
        }
    }
    assert!(shown > 50 && hidden > 0, "{shown} shown, {hidden} hidden");
    assert!(hidden_for_others <= shown / 20, "{hidden_for_others} hidden for others' sake, {shown} shown");
    let told = run_json(&night)["segment_sets"].clone();
    assert!(told[1]["preset"].as_str().unwrap().contains("Lynn"), "{told}");
    assert!(told[1]["absent_facts"].as_array().unwrap().contains(&Value::from("heart_failure")), "{told}");
    assert!(std::fs::read_to_string(night.current("report.html")).unwrap().contains("Moderately frail"));
}

#[test]
fn a_set_that_does_not_part_everybody_publishes_nothing() {
    let people = town(60, 71);
    let night = night(&people, SEGMENTS);
    let job = night.path("job.toml");
    common::edit(&job, "where = \"!diabetes\"", "where = \"!diabetes || age > 40\"");
    let told = night.run().failed(1, "OF0548");
    told.names_nobody(&people);
    common::edit(&job, "name = \"Diabetes\"", "first_match = true");
    night.run().done();
    let standing = night.standing();
    common::edit(&job, "otherwise = true", "where = \"age > 200\"");
    let told = night.run().failed(1, "OF0548");
    assert!(told.stderr.contains("by_diabetes:"), "{}", told.stderr);
    assert_eq!(night.standing(), standing);
}

#[test]
fn a_reference_file_that_cannot_be_used_is_told() {
    let night = night(&town(20, 73), "");
    night.write("imd.csv", "LSOA code,Decil\nE01001001,3\n");
    let told = night.run().failed(3, "OF0380");
    assert!(told.stderr.contains("imd.csv: there is no column \"Decile\"; it has \"Decil\""), "{}", told.stderr);
    night.write("imd.csv", "LSOA code,Decile\nE01001001,most\n");
    night.write("nspl.csv", "pcds,lsoa21,osward,icb\nls1 1ab,E01001001,E05000001,QWO\n");
    let rows = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let first = rows.lines().nth(1).unwrap();
    let postcode = first.split(',').nth(7).unwrap().to_string();
    common::edit(&night.path("in/gp.csv"), &postcode, "LS1 1AB");
    night.run().failed(3, "OF0380");
}
