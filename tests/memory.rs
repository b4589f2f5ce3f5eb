//! How much memory a night takes: foretold, and kept to where the job names a limit, which changes nothing of what is published.

mod common;

use common::{Night, Outcome, files_below, onefolk, outcome};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

const MIB: u64 = 1 << 20;
/// Bytes that a night of a small town may hold beyond its limit: what the allocator has not given back yet, and what cannot be foretold.
const SLACK: u64 = 24 * MIB;

/// `onefolk ARGUMENTS PATH`.
fn started(arguments: &[&str], path: &Path) -> Outcome {
    let mut command = onefolk();
    command.args(arguments).arg(path);
    outcome(command)
}

/// A generated town of some 60,000 rows in 12 providers.
fn town_in(folder: &Path) -> PathBuf {
    town_of("8000", folder)
}

/// One of so many people.
fn town_of(people: &str, folder: &Path) -> PathBuf {
    let town = folder.join("town");
    started(&["generate", "--people", people, "--providers", "12", "--seed", "5", "--output"], &town).done();
    town
}

/// The town's job with another output, and with a limit; on one thread, where what is resident differs least from run to run.
fn job_with(town: &Path, name: &str, limit: &str) -> PathBuf {
    job_on(town, name, Some(limit), 1)
}

/// The same on so many threads, or without a limit.
fn job_on(town: &Path, name: &str, limit: Option<&str>, threads: usize) -> PathBuf {
    let job = fs::read_to_string(town.join("job.toml")).expect("the town has a job");
    let path = town.join(format!("{name}.toml"));
    let limit = limit.map_or(String::new(), |limit| format!("memory_limit = \"{limit}\"\n"));
    let job = job.replace("output = \"out\"", &format!("output = \"{name}\"\n{limit}threads = {threads}"));
    assert!(job.contains("\nthreads = "), "the job names its output");
    fs::write(&path, job).expect("it can be written");
    path
}

fn planned(job: &Path) -> Value {
    serde_json::from_str(&started(&["plan", "--json"], job).done().stdout).expect("a plan is JSON")
}

/// A figure that is told.
#[track_caller]
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no figure"))
}

fn run_json(output: &Path) -> Value {
    serde_json::from_slice(&fs::read(output.join("current/run.json")).expect("a run stands")).expect("it is JSON")
}

/// What a plan foretells of a night is what that holds at its peak, within a fifth; with `anew` it is a first one. Of two of each the lesser counts: on a
/// busy machine memory goes back late, which only ever adds.
#[track_caller]
fn is_foretold(kind: &str, job: &Path, arguments: &[&str], anew: bool) {
    is_foretold_within(kind, job, arguments, anew, 1.2);
}

/// The same where more may be foretold than is held, by so many times.
#[track_caller]
fn is_foretold_within(kind: &str, job: &Path, arguments: &[&str], anew: bool, most: f64) {
    let output = job.with_extension("");
    let begin = || {
        if anew {
            let _ = fs::remove_dir_all(&output);
        }
    };
    begin();
    let plan = |_| {
        let told = started(&[&["plan", "--json"][..], arguments].concat(), job).done().stdout;
        number(&serde_json::from_str::<Value>(&told).expect("a plan is JSON")["estimated_bytes"])
    };
    let foretold = (0..2).map(plan).min().expect("two plans");
    let night = |_| {
        begin();
        started(&[&["run"][..], arguments].concat(), job).done();
        run_json(&output)["peak_memory_bytes"].as_u64()
    };
    let Some(peak) = (0..2).map(night).min().expect("two nights") else {
        eprintln!("this system does not tell how much memory is resident");
        return;
    };
    let ratio = foretold as f64 / peak as f64;
    assert!((0.8..most).contains(&ratio), "a night that {kind}: planned {ratio:.2} of {peak} bytes");
}

/// A night that learns, one that takes over how the night before has linked, and one that links with a known model, within a limit that leaves room.
#[test]
fn a_plan_tells_the_memory_of_the_night() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let job = job_with(&town_in(folder.path()), "out", "64 GiB");
    is_foretold("learns", &job, &[], true);
    // The night after one that has learnt still links.
    started(&["run"], &job).done();
    is_foretold("takes over", &job, &[], false);
    is_foretold("links", &job, &["--full"], false);
}

/// On several threads, without a limit: forms of a model are clustered at once, and extracts are packed while records are linked.
#[test]
fn a_plan_tells_the_memory_of_a_night_on_several_threads() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let town = town_in(folder.path());
    // How many forms meet at their highest hangs on how the system lets more threads than cores take turns: a plan foretells that all do.
    for (threads, most) in [(2, 1.2), (4, 1.4)] {
        let job = job_on(&town, &format!("on-{threads}"), None, threads);
        is_foretold_within(&format!("learns on {threads} threads"), &job, &[], true, most);
        is_foretold(&format!("links on {threads} threads"), &job, &["--full"], false);
    }
}

/// The same with a model of another tool, with people who object in one large extract and without them.
#[test]
fn a_plan_tells_the_memory_of_a_night_with_an_imported_model() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let town = folder.path().join("town");
    let columns = "nhs_number,given_name,family_name,date_of_birth,sex,postcode,address";
    let single = ["--people", "14000", "--providers", "30", "--rows-per-person", "7", "--seed", "3", "--single-file"];
    started(&[&["generate"][..], &single[..], &["--columns", columns, "--output"]].concat(), &town).done();
    let whole = fs::read_to_string(town.join("job.toml")).expect("the town has a job");
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/settings.json");
    let imported = format!("[model]\nfile = \"{}\"\n\n[[provider]]", settings.display());
    let with_lists = whole.replacen("[[provider]]", &imported, 1);
    let lists = with_lists.find("# Numbers that the national service replaced").expect("lists");
    let model = with_lists.find("[model]").expect("a model");
    let without_lists = [&with_lists[..lists], &with_lists[model..]].concat();
    for (kind, text) in [("has lists", &with_lists), ("has none", &without_lists)] {
        fs::write(town.join("job.toml"), text).expect("it can be written");
        for (threads, most) in [(2, 1.2), (4, 1.4)] {
            let job = job_on(&town, &format!("on-{threads}"), None, threads);
            is_foretold_within(&format!("{kind}, on {threads} threads"), &job, &[], true, most);
        }
    }
}

/// The MiB that a night is told to need which was refused.
#[track_caller]
fn named(refused: Outcome) -> u64 {
    let stderr = refused.failed(4, "OF0440").stderr;
    let (before, _) = stderr.split_once(" MiB are needed").unwrap_or_else(|| panic!("no figure: {stderr}"));
    let figure = before.rsplit(' ').next().and_then(|figure| figure.parse().ok());
    figure.unwrap_or_else(|| panic!("no figure: {stderr}"))
}

/// Whether it was before anything was read, once extracts were read, or where records would have been linked.
#[test]
fn whoever_allows_what_a_refused_night_names_is_not_refused_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let town = town_in(folder.path());
    for (threads, limit) in [(2, 40), (2, 70), (2, 120), (4, 40)] {
        let name = format!("from-{limit}-on-{threads}");
        let within = |limit: u64| job_on(&town, &name, Some(&format!("{limit} MiB")), threads);
        let enough = named(started(&["run"], &within(limit)));
        assert!(enough > limit && !town.join(&name).join("current").exists(), "{enough} MiB");
        started(&["run", "--resume"], &within(enough)).done();
        keeps_within(&run_json(&town.join(&name)), enough);
    }
}

/// Forms of a model are clustered one after another within a limit, each on all threads, and the bytes are the same.
#[test]
fn a_night_that_learns_keeps_within_its_limit_on_any_threads() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let town = town_in(folder.path());
    for threads in [2, 4] {
        let name = format!("on-{threads}");
        let within = |limit: u64| job_on(&town, &name, Some(&format!("{limit} MiB")), threads);
        let mut limit = number(&planned(&within(1 << 20))["enough_bytes"]).div_ceil(MIB);
        let run = started(&["run"], &within(limit));
        if run.status != Some(0) {
            // More was resident than the plan held, by more than is usual.
            limit = named(run);
            started(&["run"], &within(limit)).done();
        }
        keeps_within(&run_json(&town.join(&name)), limit);
    }
    same(&published(&town.join("on-2")), &published(&town.join("on-4")));
    started(&["run"], &job_on(&town, "free", None, 2)).done();
    same(&published(&town.join("on-4")), &published(&town.join("free")));
}

/// Every Parquet file of the current run and its model, by name.
fn published(output: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let is_told =
        |path: &Path| path.extension().is_some_and(|ending| ending == "parquet") || path.ends_with("model.json");
    files_below(&output.join("current")).into_iter().filter(|(path, _)| is_told(path)).collect()
}

/// Raises the limit of a job with this output until it is just enough for a night, so that columns wait; gives it in MiB. Below that every night
/// ends before it links, and says what it needs. `put_aside` tells of the night how many bytes have waited.
#[track_caller]
fn just_enough(town: &Path, name: &str, job_within: &dyn Fn(u64) -> PathBuf, put_aside: &dyn Fn(&Path) -> u64) -> u64 {
    let plan = planned(&job_within(1 << 20));
    let (least, whole) = (plan["least_bytes"].as_u64().expect("told"), plan["estimated_bytes"].as_u64().expect("told"));
    assert!(least + 3 * MIB < whole, "columns on disk make room: {least} of {whole}");
    assert_eq!(plan["memory_limit"], 1_u64 << 40);
    // What a night holds may be a fifth less than is foretold: it begins well below that.
    let limits = (least / 4 * 3 / MIB..whole.div_ceil(MIB) + 24).step_by(2);
    let mut refused = 0;
    let enough = limits.into_iter().find(|&limit| {
        let run = started(&["run"], &job_within(limit));
        if run.status == Some(0) {
            return true;
        }
        let run = run.failed(4, "OF0440");
        assert!(run.stderr.contains(&format!("{limit} MiB are allowed")), "{}", run.stderr);
        assert!(!town.join(name).join("current").exists() && !town.join(name).join("state/spill").exists());
        refused += 1;
        false
    });
    assert!(refused > 0, "planned {least} to {whole}");
    let enough = enough.unwrap_or_else(|| panic!("{refused} refused, planned {least} to {whole}"));
    // What is resident differs from run to run by more than a step: a night within the same limit may need to put them aside or not.
    let mut limits = (0..2).flat_map(|_| (0..8).map(|less| enough - less));
    let waited = |limit: &u64| {
        let job = job_within(*limit);
        let output = town.join(name);
        if output.join("current").exists() && put_aside(&job) > MIB {
            return true;
        }
        let _ = fs::remove_dir_all(&output);
        started(&["run"], &job).status == Some(0) && put_aside(&job) > MIB
    };
    limits.find(waited).unwrap_or_else(|| panic!("columns did not wait within {enough} MiB or a little less"))
}

/// Bytes that have waited on disk in the current run of an open output.
fn put_aside(output: &Path) -> u64 {
    number(&run_json(output)["put_aside_bytes"])
}

/// The most that a run had resident is within the limit of its night, in MiB, but for [`SLACK`].
#[track_caller]
fn keeps_within(run: &Value, limit: u64) {
    let peak = number(&run["peak_memory_bytes"]);
    assert!(peak <= limit * MIB + SLACK, "{} MiB were resident, and {limit} are allowed", peak.div_ceil(MIB));
}

/// What the one night has published is what the other has.
#[track_caller]
fn same(with: &BTreeMap<PathBuf, Vec<u8>>, without: &BTreeMap<PathBuf, Vec<u8>>) {
    assert!(with.len() > 8, "{} files", with.len());
    assert!(with.keys().eq(without.keys()));
    for (name, bytes) in with {
        assert!(*bytes == without[name], "{} is another one", name.display());
    }
}

/// Just within its limit columns waited on disk, nothing of them stays, and what is published is what a night without a limit, on all
/// threads, publishes.
#[test]
fn a_night_within_its_limit_publishes_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let town = town_in(folder.path());
    let limited = |limit| job_with(&town, "limited", &format!("{limit} MiB"));
    let limit = just_enough(&town, "limited", &limited, &|_| put_aside(&town.join("limited")));
    assert!(!town.join("limited/state/spill").exists(), "nothing of it stays");
    keeps_within(&run_json(&town.join("limited")), limit);

    started(&["run"], &town.join("job.toml")).done();
    assert_eq!(run_json(&town.join("out"))["put_aside_bytes"], 0);
    same(&published(&town.join("limited")), &published(&town.join("out")));
}

/// What a night has published, and its run.json.
type Told = (BTreeMap<PathBuf, Vec<u8>>, Value);

fn told(output: &Path) -> Told {
    (published(output), run_json(output))
}

/// The next night of the town in this folder, in a copy of all that stands.
#[track_caller]
fn next_night(night: &Night, arguments: &[&str]) -> Told {
    let copy = night.copy();
    started(&[&["run"][..], arguments].concat(), &copy.path("town/job.toml")).done();
    told(&copy.path("town/out"))
}

/// The same, everything compared anew, on one thread and within a limit that is just enough, in MiB, where one without a limit had so many bytes
/// resident: every night within 2 MiB less ends before it links.
#[track_caller]
fn next_night_within_its_limit(night: &Night, without: u64) -> (Told, u64) {
    let (mut refused, mut enough) = (without / MIB / 2, without / MIB + 24);
    let (mut copy, mut found) = (night.copy(), None);
    while refused + 2 < enough {
        let limit = refused.midpoint(enough);
        let job = job_with(&copy.path("town"), "out", &format!("{limit} MiB"));
        let run = started(&["run", "--full"], &job);
        if run.status == Some(0) {
            found = Some((told(&copy.path("town/out")), limit));
            assert!(!copy.path("town/out/state/spill").exists(), "nothing of it stays");
            (copy, enough) = (night.copy(), limit);
        } else {
            run.failed(4, "OF0440");
            refused = limit;
        }
    }
    found.unwrap_or_else(|| panic!("not even {enough} MiB are enough"))
}

/// Changes rows of the open CSV extracts of a town whose first byte is a letter: every fortieth gets the family name or the postcode, whichever the
/// extract has first, of the one before it, and every two-hundredth goes. Gives how many rows that is.
fn change_rows(town: &Path) -> usize {
    let mut changed = 0;
    for (name, bytes) in files_below(&town.join("in")) {
        if name.extension().is_none_or(|ending| ending != "csv") || !bytes[0].is_ascii_alphabetic() {
            continue;
        }
        let header = bytes.split(|byte| *byte == b'\n').next().expect("a header");
        let often = |sign: &u8| header.iter().filter(|byte| *byte == sign).count();
        let delimiter = *b",;\t|".iter().max_by_key(|&sign| often(sign)).expect("there are four");
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(&bytes[..]);
        let rows: Vec<csv::ByteRecord> = reader.byte_records().map(|row| row.expect("a row")).collect();
        let is_meant = |name: &[u8]| {
            let name = String::from_utf8_lossy(name).to_lowercase();
            ["surname", "last_name", "postcode"].contains(&name.as_str())
        };
        let column = rows[0].iter().position(is_meant);
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
        for (at, row) in rows.iter().enumerate() {
            let other = column.filter(|_| at % 40 == 39).and_then(|column| Some((column, rows[at - 1].get(column)?)));
            changed += usize::from(at % 200 == 199 || other.is_some());
            if at % 200 != 199 {
                let value = |(nth, value): (usize, _)| match other {
                    Some((column, other)) if column == nth => other,
                    _ => value,
                };
                writer.write_record(row.iter().enumerate().map(value)).expect("in memory");
            }
        }
        fs::write(town.join("in").join(&name), writer.into_inner().expect("in memory")).expect("it can be written");
    }
    changed
}

/// With a model that is known, and rows that people object to: within a limit on one thread, and without one on all of them; and a night of changes on
/// one thread, on more than there are cores, and with everything compared anew. There are so many identities that their keys and sets are made in parts.
#[test]
fn later_nights_publish_the_same_bytes_within_a_limit_and_on_any_threads() {
    let night = Night::new();
    let town = town_of("16000", &night.path(""));
    started(&["run"], &town.join("job.toml")).done();

    let (free, whole) = next_night(&night, &["--full"]);
    assert!(number(&whole["linkage"]["identities"]) > 1 << 16, "{}", whole["linkage"]["identities"]);
    assert!(number(&whole["accounts"]["withheld"]["local_objection_linked"]) > 0, "{}", whole["accounts"]);
    assert_eq!(whole["put_aside_bytes"], 0);
    let peak = number(&whole["peak_memory_bytes"]);
    let ((limited, run), limit) = next_night_within_its_limit(&night, peak);
    same(&limited, &free);
    // Of a town of this size best records and tables need as much as linking beside all columns, so that none has to wait; nights of which they do are
    // those of `run/aside_nights.rs`, later ones among them.
    keeps_within(&run, limit);
    assert!(peak > limit * MIB, "{limit} MiB are no limit");

    let changed = change_rows(&town);
    assert!(changed > 200, "{changed} rows");
    let (expected, _) = next_night(&night, &["--full"]);
    assert!(expected.iter().any(|(name, bytes)| free[name] != *bytes), "nothing has come of it");
    for threads in ["1", "4"] {
        let (delta, run) = next_night(&night, &["--threads", threads]);
        assert!(number(&run["linkage"]["recalled"]["pairs"]) > 0, "{}", run["linkage"]["recalled"]);
        same(&delta, &expected);
    }
}

/// A night that is killed while its columns wait; what of them stands on the disk. What is resident differs from run to run: where they
/// do not wait within this limit, they do within one near to it.
fn waiting(town: &Path, name: &str, from: u64, job_within: &dyn Fn(u64) -> PathBuf) -> Vec<u8> {
    let columns = town.join(name).join("state/spill/columns");
    for limit in (0..16).flat_map(|off| [from - off, from + off]) {
        let mut night = onefolk();
        night.arg("run").arg(job_within(limit)).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = night.spawn().expect("the binary starts");
        while child.try_wait().expect("it runs").is_none() {
            if fs::metadata(&columns).is_ok_and(|file| file.len() > MIB) {
                child.kill().expect("it can be killed");
                child.wait().expect("it ends");
                return fs::read(&columns).expect("it was killed while they waited");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = fs::remove_dir_all(town.join(name));
    }
    panic!("columns have not waited within {from} MiB, or a little less or more");
}

/// Columns that wait are encrypted where the output is, and such a night publishes what an open one without a limit does.
#[test]
fn columns_that_wait_are_encrypted_where_the_output_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let town = town_in(folder.path());
    started(&["keys", "new", "--encryption"], &town.join("output.key")).done();
    let within = |name: &'static str, key: &'static str| {
        let town = town.clone();
        move |limit: u64| {
            let path = job_with(&town, name, &format!("{limit} MiB"));
            let job = fs::read_to_string(&path).expect("it is text");
            fs::write(&path, job.replace("threads = 1", &format!("threads = 1\n{key}"))).expect("it can be written");
            path
        }
    };
    let sealed = within("sealed", "encryption_key_file = \"output.key\"");
    let opened = |job: &Path| {
        let _ = fs::remove_dir_all(town.join("opened"));
        let mut decrypt = onefolk();
        decrypt
            .arg("decrypt")
            .arg(job)
            .arg(town.join("sealed/current"))
            .arg("--output")
            .arg(town.join("opened/current"));
        outcome(decrypt).done();
        put_aside(&town.join("opened"))
    };
    let enough = just_enough(&town, "sealed", &sealed, &opened);
    started(&["run"], &town.join("job.toml")).done();
    same(&published(&town.join("opened")), &published(&town.join("out")));

    let is_named =
        |bytes: &[u8]| [&b"SMITH"[..], b"Smith"].iter().any(|name| bytes.windows(5).any(|part| part == *name));
    let open = waiting(&town, "bare", enough, &within("bare", ""));
    assert!(is_named(&open), "there was something to hide");
    fs::remove_dir_all(town.join("sealed")).expect("it stands");
    let waited = waiting(&town, "sealed", enough, &sealed);
    assert!(waited.starts_with(b"age-encryption.org/v1\n") && !is_named(&waited));
}

/// What a killed night has put aside goes when the next one begins.
#[test]
fn what_a_killed_night_has_left_on_disk_goes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let town = town_in(folder.path());
    let spill = town.join("out/state/spill");
    fs::create_dir_all(&spill).expect("a folder");
    fs::write(spill.join("columns"), "cut off").expect("a file");
    started(&["run"], &job_with(&town, "out", "64 GiB")).done();
    assert!(!spill.exists());
}

#[test]
fn a_plan_says_what_the_limit_means() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let town = town_in(folder.path());
    let told = |limit: &str| started(&["plan"], &job_with(&town, "limited", limit)).done().stdout;
    assert!(told("64 GiB").contains("It fits into the 65536 MiB that the job allows"));
    assert!(told("20 MiB").contains("too little"));
    assert!(!town.join("limited").exists(), "a plan writes nothing");
}
