//! A small published job to explain: two providers with people in common, and a third that knows some of them.

use crate::explain::crosswalk::{Row, rows_of};
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crate::run;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

const JOB: &str = r#"
[job]
name = "explained"
as_of = 2026-11-22
[gates]
maximum_quarantined = "50 %"
maximum_people_change = "100 %"
[[provider]]
id = "north"
name = "Northgate Practice"
setting = "general_practice"
files = ["north.csv"]
[provider.columns]
record_id = "id"
nhs_number = { column = "number", verified = true }
given_name = "given"
family_name = "family"
date_of_birth = "born"
sex = "sex"
address = "home"
postcode = "code"
phone = "phone"
sensitivity = "flag"
[[provider]]
id = "south"
name = "Southmead Hospital"
setting = "acute"
files = ["south.csv"]
[provider.columns]
record_id = "id"
nhs_number = { column = "number", verified = true }
given_name = "given"
family_name = "family"
date_of_birth = "born"
sex = "sex"
address = "home"
postcode = "code"
phone = "phone"
sensitivity = "flag"
[[provider]]
id = "west"
name = "Westfield Hospice"
setting = "hospice"
files = ["west.csv"]
[provider.columns]
record_id = "id"
given_name = "given"
family_name = "family"
date_of_birth = "born"
sex = "sex"
address = "home"
postcode = "code"
phone = "phone"
[[opt_out]]
kind = "local"
files = ["objections.csv"]
"#;

const HEADER: &str = "id,number,given,family,born,sex,home,code,phone,flag\n";

/// A number of the test range with its check digit; one in eleven has none, and the next is taken.
fn nhs_number(mut n: u64) -> String {
    loop {
        let digits: Vec<u64> = format!("999{n:06}").bytes().map(|digit| u64::from(digit - b'0')).collect();
        let sum: u64 = digits.iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
        match (11 - sum % 11) % 11 {
            10 => n += 500_000,
            check => return format!("999{n:06}{check}"),
        }
    }
}

fn syllables(mut n: usize, of: [&str; 7]) -> String {
    let mut word = String::new();
    for _ in 0..3 {
        word.push_str(of[n % 7]);
        n /= 7;
    }
    word
}

/// The values of one made-up person, behind the record_id.
pub(super) fn made_up(n: usize) -> [String; 9] {
    let given = syllables(n * 5 + 11, ["Zu", "Qar", "Vix", "Jol", "Wem", "Hyp", "Gud"]);
    let family = syllables(n * 3 + 50, ["brax", "kwel", "zorn", "fyth", "plov", "drem", "gask"]);
    let born = format!("{}-{:02}-{:02}", 1930 + n % 71, n % 12 + 1, n * 7 % 28 + 1);
    let code = format!("ZQ{} {}{}", n % 9 + 1, n % 10, ["XJ", "YT", "WB", "RN", "LH"][n / 10 % 5]);
    [
        nhs_number(n as u64 * 37 + 1000),
        given,
        family,
        born,
        ["male", "female"][n % 2].to_string(),
        format!("{} Quillfeather Row", n + 700),
        code,
        format!("0791112{:04}", n * 13 % 10000),
        String::new(),
    ]
}

/// Two providers with 160 people in common, a third that knows some of them, and the special cases behind.
pub(super) fn publish(folder: &Path) -> Job {
    let (mut north, mut south, mut west) = (HEADER.to_string(), HEADER.to_string(), HEADER.to_string());
    let line = |id: String, values: &[String; 9]| format!("{id},{}\n", values.join(","));
    for n in 0..200 {
        let mut values = made_up(n);
        north.push_str(&line(format!("NR{n:04}"), &values));
        if n >= 160 {
            continue;
        }
        // The hospital's damage: a number left out, another home, another day, no telephone.
        if n % 3 == 0 {
            values[0] = String::new();
        }
        if n % 5 == 0 {
            (values[5], values[6]) = (format!("{} Marrowbone Yard", n + 300), made_up(n + 31)[6].clone());
        }
        if n % 7 == 0 {
            values[3] = format!("{}-{:02}-{:02}", 1930 + n % 71, n % 12 + 1, (n * 7 + 1) % 28 + 1);
        }
        if n % 11 == 0 {
            values[4] = ["female", "male"][n % 2].to_string();
        }
        // Of the second the hospital knows another home.
        if n == 101 || n == 65 {
            values[8] = "S".to_string();
        }
        south.push_str(&line(format!("SR{n:04}"), &values));
        if n % 2 == 0 && n < 120 {
            // The hospice knows the hospital's address, and no numbers.
            values[0] = String::new();
            if n % 10 == 4 {
                (values[3], values[7]) = (made_up(n + 13)[3].clone(), String::new());
            }
            west.push_str(&line(format!("WR{n:04}"), &values));
        }
    }
    // Everything alike but two verified numbers; a row of nobody; a record with two rows.
    let mut double = made_up(150);
    double[0] = nhs_number(77);
    south.push_str(&line("SR0900".into(), &double));
    south.push_str("SR0901,,,,,,,,,\n");
    south.push_str(&line("SR0001".into(), &made_up(1)));
    std::fs::write(folder.join("north.csv"), north).unwrap();
    std::fs::write(folder.join("south.csv"), south).unwrap();
    std::fs::write(folder.join("west.csv"), west).unwrap();
    std::fs::write(folder.join("objections.csv"), "provider,record_id\nnorth,NR0199\n").unwrap();
    std::fs::write(folder.join("job.toml"), JOB).unwrap();
    let job = Job::read(&folder.join("job.toml")).expect("the job is right");
    run::run(&job, run::Options::default()).expect("the run succeeds");
    job
}

/// One published job for all tests that only look.
pub(super) fn published() -> &'static (tempfile::TempDir, Job) {
    static PUBLISHED: LazyLock<(tempfile::TempDir, Job)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let job = publish(folder.path());
        (folder, job)
    });
    &PUBLISHED
}

/// Every value of every extract, in lower case; single letters and the like aside, which stand in any text.
pub(super) fn every_value(folder: &Path) -> Vec<String> {
    let texts = ["north.csv", "south.csv", "west.csv"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap());
    let cells = texts.iter().flat_map(|text| text.lines().skip(1)).flat_map(|line| line.split(','));
    let mut values: Vec<String> = cells.filter(|cell| cell.len() > 2).map(str::to_lowercase).collect();
    values.sort();
    values.dedup();
    values
}

pub(super) fn whole_crosswalk(job: &Job) -> BTreeMap<String, Row> {
    let run = PublishedRun::current(job).unwrap();
    rows_of(&run, |_| true)
        .unwrap()
        .into_iter()
        .map(|row| (format!("{}:{}", row.provider, row.record_id), row))
        .collect()
}
