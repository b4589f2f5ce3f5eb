//! What goes wrong at night, on the real binary: the right exit code, one sentence that says what to do, nothing published, nothing lost.

use crate::common::{self, Night, Outcome, Person, account_of, accounts, edit, job, outcome, town};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

/// A night whose providers must all send something usable: no last good records stand in.
fn strict(people: &[Person]) -> Night {
    let night = Night::of(people);
    let stop = "when_missing = \"stop\"";
    night.write("job.toml", job(&[("gp", "in/gp.csv", stop), ("acute", "in/acute.csv", stop)], ""));
    night
}

/// Breaks a night in two places: before anything was ever published, and after a good run, which must stand as it was. Then repairs it.
#[track_caller]
fn trouble(exit: i32, code: &str, break_it: impl Fn(&Night)) -> Outcome {
    let people = town(60, 21);
    let first = strict(&people);
    break_it(&first);
    first.run().failed(exit, code).names_nobody(&people);
    assert!(first.standing().is_empty() && first.unfinished().is_empty());
    assert!(!first.output().join("current").is_symlink());

    let night = strict(&people);
    let inputs: BTreeMap<PathBuf, Vec<u8>> = common::files_below(&night.path(""));
    night.run().done();
    let (standing, ids) = (night.standing(), night.person_ids());
    break_it(&night);
    let failed = night.run().failed(exit, code);
    failed.names_nobody(&people);
    assert!(night.standing() == standing, "what was published before has changed");
    assert!(night.unfinished().is_empty());

    fs::remove_dir_all(night.path("in")).unwrap();
    for (name, bytes) in inputs {
        night.write(name.to_str().unwrap(), bytes);
    }
    night.run().done();
    assert_eq!(night.person_ids(), ids, "the night after");
    assert!(night.unfinished().is_empty());
    failed
}

/// Breaks a night in a way that must not stop it, and checks that every row is accounted for. Returns the codes in quarantine.
#[track_caller]
fn no_trouble(break_it: impl Fn(&Night, &[Person])) -> Vec<String> {
    let people = town(60, 22);
    let night = Night::of(&people);
    break_it(&night, &people);
    night.run().done().names_nobody(&people);
    let run: serde_json::Value = serde_json::from_slice(&fs::read(night.current("run.json")).unwrap()).unwrap();
    for (file, account) in accounts(&night.output().join("current")) {
        assert_eq!(account_of(&run, &file), (account.rows(), account), "{file}");
    }
    night.table("quarantine.parquet").values("code").into_iter().map(String::from).collect()
}

fn append(night: &Night, file: &str, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(night.path(file)).unwrap().write_all(bytes).unwrap();
}

// --- the job file -----------------------------------------------------------------------------

#[test]
fn the_job_file_is_missing() {
    trouble(2, "OF0102", |night| fs::remove_file(night.path("job.toml")).unwrap());
}

#[test]
fn the_job_file_is_not_toml() {
    trouble(2, "OF0101", |night| night.write("job.toml", "[job\nname = "));
    trouble(2, "OF0102", |night| night.write("job.toml", [0xff, 0xfe, 0x00, 0x41]));
}

#[test]
fn every_problem_of_a_job_is_told_at_once_with_a_suggestion() {
    let failed = trouble(2, "OF0101", |night| {
        edit(&night.path("job.toml"), "as_of", "as_off");
        edit(&night.path("job.toml"), "family_name", "familly_name");
    });
    for word in ["as_off", "as_of", "familly_name", "family_name", "job.toml"] {
        assert!(failed.stderr.contains(word), "{word}: {}", failed.stderr);
    }
}

#[test]
fn a_column_is_unknown() {
    let misspelt = |night: &Night| edit(&night.path("job.toml"), "\"postcode\"", "\"postcodes\"");
    let night = strict(&town(60, 21));
    misspelt(&night);
    let failed = night.run().failed(2, "OF0101");
    assert!(failed.stderr.contains("postcodes") && failed.stderr.contains("postcode\""), "{}", failed.stderr);

    // After a night that had it, a gate: the column may as well have gone from the extract.
    let night = strict(&town(60, 21));
    night.run().done();
    let standing = night.standing();
    misspelt(&night);
    let failed = night.run().failed(1, "OF0508");
    assert!(failed.stderr.contains("postcodes"), "{}", failed.stderr);
    assert!(night.standing() == standing, "what was published before has changed");
}

#[test]
fn two_providers_have_one_id() {
    trouble(2, "OF0101", |night| edit(&night.path("job.toml"), "id = \"acute\"", "id = \"gp\""));
}

#[test]
fn a_glob_matches_nothing() {
    trouble(3, "OF0103", |night| edit(&night.path("job.toml"), "in/gp.csv", "in/gp-*.csv"));
    trouble(3, "OF0103", |night| fs::remove_file(night.path("in/gp.csv")).unwrap());
}

#[test]
fn a_provider_that_may_be_absent_stops_nobody() {
    let people = town(60, 23);
    let night = Night::of(&people);
    night.write(
        "job.toml",
        job(&[("gp", "in/gp.csv", ""), ("acute", "in/absent.csv", "when_missing = \"without\"")], ""),
    );
    night.run().done();
    assert!(night.table("crosswalk.parquet").values("provider").iter().all(|provider| *provider == "gp"));
}

// --- extracts ---------------------------------------------------------------------------------

#[test]
fn an_extract_is_empty() {
    trouble(3, "OF0202", |night| night.write("in/gp.csv", ""));
}

#[test]
fn extracts_have_a_header_only() {
    let header = format!("{}\n", common::HEADER);
    trouble(3, "OF0515", |night| {
        night.write("in/gp.csv", &header);
        night.write("in/acute.csv", &header);
    });
    assert!(no_trouble(|night, _| night.write("in/gp.csv", &header)).is_empty());
    let night = Night::new();
    night.write("in/gp.csv", &header);
    night.write("job.toml", job(&[("gp", "in/gp.csv", "when_missing = \"stop\"")], ""));
    let failed = night.run().failed(3, "OF0515");
    assert!(failed.stderr.contains(": 1 extract was read"), "{}", failed.stderr);
}

#[test]
fn rows_are_ragged() {
    let codes = no_trouble(|night, _| append(night, "in/gp.csv", b"x1,too,short\nx2,1,2,3,4,5,6,7,8,9,10,11\n"));
    assert_eq!(codes, ["ragged", "ragged"]);
}

#[test]
fn a_nul_byte_stands_in_a_row() {
    no_trouble(|night, people| {
        let row = people[0]
            .exact_row("nul")
            .replace(&people[0].given, &format!("{}\0{}", &people[0].given[..2], &people[0].given[2..]));
        append(night, "in/gp.csv", row.as_bytes());
        append(night, "in/gp.csv", b"\n\0\0\0\n");
    });
}

#[test]
fn a_quote_is_never_closed() {
    let codes = no_trouble(|night, people| {
        append(night, "in/gp.csv", format!("open,{},\"{},x,,,,,\n", people[0].nhs_number, people[0].given).as_bytes());
    });
    assert!(codes.contains(&"broken_quote".to_string()) || codes.contains(&"ragged".to_string()), "{codes:?}");
}

#[test]
fn a_quote_in_the_middle_does_not_swallow_what_follows() {
    let people = town(400, 24);
    let night = Night::of(&people);
    let text = fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    let rows = lines.len() as u64;
    lines.insert(100, format!("open,{},\"{},x,,,,,", people[0].nhs_number, people[0].given));
    night.write("in/gp.csv", lines.join("\n") + "\n");
    let ended = night.run();
    ended.names_nobody(&people);
    // Either the rest is found again, or the night stops; a population without these people is never published.
    if ended.status == Some(0) {
        let account = accounts(&night.output().join("current"))["in/gp.csv"];
        assert!(account.crosswalk * 20 >= rows * 19, "{account:?} of {rows}");
    } else {
        assert!(night.standing().is_empty());
        ended.failed(1, "OF0510");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut packed).unwrap();
    packed
}

#[test]
fn a_gzip_stream_is_cut_in_half() {
    trouble(3, "OF0203", |night| {
        let packed = gzip(&fs::read(night.path("in/gp.csv")).unwrap());
        night.write("in/gp.csv.gz", &packed[..packed.len() / 2]);
        edit(&night.path("job.toml"), "in/gp.csv", "in/gp.csv.gz");
    });
}

#[test]
fn a_byte_of_a_gzip_stream_is_wrong() {
    trouble(3, "OF0204", |night| {
        let mut packed = gzip(&fs::read(night.path("in/gp.csv")).unwrap());
        let at = packed.len() - 6;
        packed[at] ^= 0x55;
        night.write("in/gp.csv.gz", packed);
        edit(&night.path("job.toml"), "in/gp.csv", "in/gp.csv.gz");
    });
}

#[test]
fn a_workbook_is_none() {
    trouble(3, "OF0206", |night| {
        night.write("in/gp.xlsx", fs::read(night.path("in/gp.csv")).unwrap());
        edit(&night.path("job.toml"), "in/gp.csv", "in/gp.xlsx");
    });
    trouble(3, "OF0206", |night| {
        night.write("in/gp.xlsx", b"PK\x03\x04 and then no archive at all");
        edit(&night.path("job.toml"), "in/gp.csv", "in/gp.xlsx");
    });
}

fn parquet_of_another_schema() -> Vec<u8> {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    let stock: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_from_iter([("shelf", stock.clone()), ("boxes", stock)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn parquet_has_another_schema_or_no_footer() {
    let put = |night: &Night, bytes: &[u8]| {
        night.write("in/gp.parquet", bytes);
        edit(&night.path("job.toml"), "in/gp.csv", "in/gp.parquet");
    };
    trouble(2, "OF0101", |night| put(night, &parquet_of_another_schema()));
    let whole = parquet_of_another_schema();
    trouble(3, "OF0208", |night| put(night, &whole[..whole.len() / 2]));
}

#[test]
fn an_extract_is_wholly_quarantined() {
    trouble(3, "OF0512", |night| {
        night.write("in/gp.csv", format!("{}\n1,2\n3,4\n5,6\n", common::HEADER));
    });
}

#[test]
fn too_many_rows_are_quarantined() {
    trouble(1, "OF0510", |night| append(night, "in/gp.csv", "a,b\n".repeat(20).as_bytes()));
}

#[test]
fn too_many_people_are_gone() {
    let night = Night::of(&town(100, 25));
    night.run().done();
    let standing = night.standing();
    for file in ["in/gp.csv", "in/acute.csv"] {
        let text = fs::read_to_string(night.path(file)).unwrap();
        let some: Vec<&str> = text.lines().take(30).collect();
        night.write(file, some.join("\n") + "\n");
    }
    night.run_with(&["--waive", "provider_shrunk"]).failed(1, "OF0511");
    assert!(night.standing() == standing);
}

#[test]
fn an_extract_became_a_folder() {
    let failed = |exit, code| {
        trouble(exit, code, |night| {
            fs::remove_file(night.path("in/gp.csv")).unwrap();
            fs::create_dir(night.path("in/gp.csv")).unwrap();
        })
    };
    failed(3, "OF0103");
}

#[test]
fn a_list_of_objections_cannot_be_read() {
    let with = |list: &'static str| {
        move |night: &Night| {
            night.write("objections.csv", list);
            append(night, "job.toml", b"\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n");
        }
    };
    trouble(3, "OF0350", with("number\n9990000018\n"));
    trouble(3, "OF0350", with("nhs_number\n1234567890\n"));
    trouble(3, "OF0350", with("provider,record_id\nnobody,1\n"));
    trouble(3, "OF0350", with("nhs_number,until\n9990000018,tomorrow\n"));
    // The number of a row is somebody else's tomorrow.
    let numbered = |table: &'static str, list: &'static str| {
        move |night: &Night| {
            edit(&night.path("job.toml"), "record_id = \"id\"", "record_id = \"row_number\"");
            night.write("list.csv", list);
            append(night, "job.toml", format!("\n{table}\nfiles = [\"list.csv\"]\n").as_bytes());
        }
    };
    for (table, list) in [
        ("[[opt_out]]\nkind = \"local\"", "provider,record_id\ngp,1\n"),
        ("[[opt_out]]\nkind = \"type_1\"", "provider,record_id\ngp,1\n"),
        ("[[never_link]]", "gp:1,acute:2\n"),
    ] {
        let told = trouble(3, "OF0350", numbered(table, list));
        assert!(told.stderr.contains("it names a row by its number"), "{}", told.stderr);
    }
    trouble(3, "OF0103", |night| {
        append(night, "job.toml", b"\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n");
    });
}

// --- the output -------------------------------------------------------------------------------

#[test]
fn a_file_stands_where_the_output_should() {
    let people = town(30, 26);
    let night = Night::of(&people);
    night.write("out", "not a folder");
    night.run().failed(4, "OF0420").names_nobody(&people);
    assert_eq!(fs::read(night.path("out")).unwrap(), b"not a folder");
    fs::remove_file(night.path("out")).unwrap();
    night.write("out/runs", "not a folder");
    night.run().failed(4, "OF0420");
    fs::remove_file(night.path("out/runs")).unwrap();
    night.run().done();
}

#[test]
fn a_folder_stands_where_current_should() {
    let night = Night::of(&town(30, 27));
    night.run().done();
    let ids = night.person_ids();
    let (current, target) = (night.output().join("current"), fs::read_link(night.output().join("current")).unwrap());
    fs::remove_file(&current).unwrap();
    night.write("out/current/mine.txt", "somebody's");
    let ended = night.run().failed(4, "OF0420");
    assert!(ended.stderr.contains("current is no link to a run"), "{}", ended.stderr);
    assert!(!night.output().join("state/checkpoints").exists(), "an extract was read");
    assert_eq!(fs::read(current.join("mine.txt")).unwrap(), b"somebody's");
    assert!(night.unfinished().is_empty());
    fs::remove_dir_all(&current).unwrap();
    std::os::unix::fs::symlink(target, &current).unwrap();
    night.run().done();
    assert_eq!(night.person_ids(), ids);
}

/// A small disk of its own, where the account may mount one.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, options: &str) -> Option<Disk> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(at).output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("SKIPPED: a small disk cannot be mounted here");
        }
        mounted.then(|| Disk(at.to_path_buf()))
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success(), "{options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn the_disk_is_full() {
    let people = town(200, 28);
    let night = Night::of(&people);
    let Some(disk) = Disk::mount(&night.output(), "size=64k,mode=700") else { return };
    night.run().failed(4, "OF0401").names_nobody(&people);
    assert!(night.standing().is_empty() && night.unfinished().is_empty());
    disk.remount("size=8m");
    night.run().done();
    let (standing, ids) = (night.standing(), night.person_ids());
    // Full again, after something was published.
    night.write("out/filler", vec![0u8; 16 << 10]);
    let mut fill = fs::OpenOptions::new().append(true).open(night.path("out/filler")).unwrap();
    while fill.write_all(&[0; 4096]).is_ok() {}
    drop(fill);
    night.run().failed(4, "OF0401");
    assert!(night.standing() == standing && night.unfinished().is_empty());
    fs::remove_file(night.path("out/filler")).unwrap();
    night.run().done();
    assert_eq!(night.person_ids(), ids);
}

#[test]
fn the_disk_may_only_be_read() {
    let night = Night::of(&town(30, 29));
    let Some(disk) = Disk::mount(&night.output(), "size=8m,mode=700") else { return };
    night.run().done();
    let standing = night.standing();
    disk.remount("ro");
    night.run().failed(4, "OF0402");
    assert!(night.standing() == standing);
    disk.remount("rw");
    night.run().done();
}

/// Works without any right: no file may grow beyond 8 KiB.
#[test]
fn a_file_cannot_be_written_to_its_end() {
    let people = town(200, 30);
    let night = Night::of(&people);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_onefolk"), "run"])
        .arg(night.path("job.toml"));
    let ended = outcome(limited);
    ended.names_nobody(&people);
    assert_eq!(ended.status, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.lines().last().unwrap().contains("(OF04"), "{}", ended.stderr);
    assert!(night.standing().is_empty() && night.unfinished().is_empty());
    night.run().done();
}

#[test]
fn the_ledger_or_its_key_is_damaged() {
    let night = Night::of(&town(30, 31));
    night.run().done();
    let standing = night.standing();
    let state = common::files_below(&night.output().join("state"));
    // Nothing rests on what is written for whoever looks in the morning; what is kept of extracts is no part of a night whose providers send
    // their own, what was compared is worked out again, and what tables tell is asked for where they were issued.
    let told = |name: &Path| {
        let text = name.to_string_lossy();
        // The public half of the audit's key is made again from the other.
        name == Path::new("lock")
            || name == Path::new("audit.key.pub")
            || name.starts_with("inputs")
            || name.starts_with("linking")
            || name.starts_with("tables")
            || text.ends_with(".jsonl")
            || text.ends_with(".prom")
    };
    for (name, bytes) in state.iter().filter(|(name, bytes)| !told(name) && !bytes.is_empty()) {
        night.write(&format!("out/state/{}", name.display()), &bytes[..bytes.len() / 2]);
        let ended = night.run();
        assert_eq!(ended.status, Some(4), "{} was halved: {}", name.display(), ended.stderr);
        let code = match name.to_str() {
            Some("model.json") => "(OF0525)",
            Some("audit.head") => "(OF0711)",
            Some("audit.key") => "(OF0712)",
            Some(name) if name.starts_with("model.frequencies") => "(OF0575)",
            _ => "(OF041",
        };
        assert!(ended.stderr.lines().last().unwrap().contains(code), "{}", ended.stderr);
        assert!(night.standing() == standing);
        night.write(&format!("out/state/{}", name.display()), bytes);
    }
    night.run().done();
    assert!(night.table("changes.parquet").rows.is_empty());
}

// --- stopped in the middle --------------------------------------------------------------------

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a child has a number");
    // One that has ended already is fine.
    let _ = kill_process(pid, signal);
}

/// Waits until a run holds the lock, or has ended.
fn until(child: &mut Child, seen: impl Fn() -> bool) -> bool {
    for _ in 0..60_000 {
        if seen() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the run neither goes on nor ends")
}

#[test]
fn another_run_holds_the_lock() {
    let night = Night::of(&town(300, 32));
    let lock = night.output().join("state/lock");
    let mut first = night.start();
    assert!(until(&mut first, || fs::metadata(&lock).is_ok_and(|file| file.len() > 0)));
    signal(&first, Signal::STOP);
    let second = night.run().failed(5, "OF0501");
    assert!(second.stderr.contains(&first.id().to_string()), "the owner is not named: {}", second.stderr);
    signal(&first, Signal::CONT);
    assert!(first.wait_with_output().unwrap().status.success());
    night.run().done();
    assert!(night.table("changes.parquet").rows.is_empty());
}

/// Stops a run at several moments, once it has begun to write among them; the run before stands, and the next one keeps every person_id.
fn stopped_by(how: Signal) {
    let people = town(300, 33);
    let night = Night::of(&people);
    night.run().done();
    let ids = night.person_ids();
    let mut stopped = 0;
    for moment in 0..8 {
        let standing = night.standing();
        let mut child = night.start();
        match moment {
            0..4 => {
                until(&mut child, || !night.unfinished().is_empty());
                std::thread::sleep(Duration::from_millis(moment * 3));
            }
            _ => std::thread::sleep(Duration::from_millis((moment - 4) * 90)),
        }
        signal(&child, how);
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        if ended.status.success() {
            assert!(night.unfinished().is_empty());
            continue;
        }
        stopped += 1;
        if ended.status.code().is_some() {
            assert_eq!(ended.status.code(), Some(130), "{said}");
            assert!(said.lines().last().unwrap().ends_with("(OF0516)"), "{said}");
        }
        // A kill may fall between the rename and the end of the process: then the new run stands, as whole as the old one.
        if how != Signal::KILL || night.standing().get(Path::new("current")) == standing.get(Path::new("current")) {
            assert!(night.standing() == standing, "moment {moment}");
        }
        assert_eq!(night.person_ids(), ids);
    }
    assert!(stopped >= 3, "only {stopped} of 8 runs were stopped in time");
    night.run().done();
    assert!(night.unfinished().is_empty());
    assert_eq!(night.person_ids(), ids);
    assert!(night.table("changes.parquet").rows.is_empty());
}

#[test]
fn ctrl_c_leaves_everything_as_it_was() {
    stopped_by(Signal::INT);
}

#[test]
fn a_polite_end_leaves_everything_as_it_was() {
    stopped_by(Signal::TERM);
}

#[test]
fn a_kill_loses_nothing() {
    stopped_by(Signal::KILL);
}
