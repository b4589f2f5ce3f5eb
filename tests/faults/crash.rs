//! Killed at any instant, on the real binary: what is published is whole, `onefolk run --resume` goes on from the last finished stage, and
//! in the end stands what an undisturbed night publishes, byte for byte.
//!
//! `ONEFOLK_KILLS=200 cargo test --release --test faults crash` kills more often.

use crate::common::{self, Night, Random, town};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A night of some thousand records, before it was ever run, whose person_ids do not hang on chance.
fn before_the_first_night() -> Night {
    let night = Night::of(&town(1500, 61));
    night.write("id.key", "0123456789abcdef".repeat(4));
    common::edit(&night.path("job.toml"), "[job]\n", "[job]\nid_key_file = \"id.key\"\n");
    night
}

/// The same after a first night, with other extracts.
fn before_the_second_night() -> Night {
    let night = before_the_first_night();
    night.run().done();
    let text = fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    let later: Vec<&str> = rows.lines().skip(20).collect();
    night.write("in/gp.csv", format!("{head}\n{}\n", later.join("\n")));
    night
}

/// Before a second night with somebody who objects as they did on the first, and others who object since: these are in the run that is kept.
fn before_others_object() -> Night {
    let night = before_the_first_night();
    let text = fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let records: Vec<&str> = text.lines().skip(101).step_by(150).map(|line| line.split(',').next().unwrap()).collect();
    let object = |records: &[&str]| {
        let list: String = records.iter().map(|record| format!("gp,{record}\n")).collect();
        night.write("objections.csv", format!("provider,record_id\n{list}"));
    };
    object(&records[..2]);
    let job = fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", format!("{job}\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n"));
    night.run().done();
    object(&records);
    night
}

/// Nobody who objects is in a run that is kept, or in what is kept of the extracts.
#[track_caller]
fn whoever_objects_is_gone(night: &Night) {
    let Ok(list) = fs::read_to_string(night.path("objections.csv")) else { return };
    let objects: Vec<&str> = list.lines().skip(1).filter_map(|line| line.strip_prefix("gp,")).collect();
    assert!(objects.len() > 3);
    for run in fs::read_dir(night.output().join("runs")).unwrap() {
        let table = common::table(&run.unwrap().path().join("crosswalk.parquet"));
        let [provider, record] = ["provider", "record_id"].map(|name| table.column(name));
        let theirs = |row: &&Vec<String>| row[provider] == "gp" && objects.contains(&row[record].as_str());
        assert_eq!(table.rows.iter().filter(theirs).count(), 0);
    }
    for (name, bytes) in common::files_below(&night.output().join("state/inputs/gp")) {
        if name.extension().is_some_and(|extension| extension == "zst") {
            let text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap();
            assert!(!text.lines().any(|line| line.split(',').next().is_some_and(|record| objects.contains(&record))));
        }
    }
}

/// What stands but for its times: run.json and what is made of it tell how long each stage took.
fn published(night: &Night) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut standing = night.standing();
    standing.retain(|name, _| !["run.json", "log.jsonl", "onefolk.prom"].iter().any(|told| name == Path::new(told)));
    standing
}

fn reused(night: &Night) -> Vec<String> {
    let run: serde_json::Value = serde_json::from_slice(&fs::read(night.current("run.json")).unwrap()).unwrap();
    let stages = run["reused_stages"].as_array().expect("run.json says which stages were reused");
    stages.iter().map(|stage| stage.as_str().unwrap().to_string()).collect()
}

/// Nothing is left that only a night under way needs.
#[track_caller]
fn nothing_is_left(night: &Night) {
    assert!(night.unfinished().is_empty());
    assert!(!night.output().join("state/checkpoints").exists(), "checkpoints outlive their night");
}

/// One night that is killed again and again.
struct Killed<'a> {
    before: &'a Night,
    /// What stood before, and what an undisturbed night publishes.
    old: BTreeMap<PathBuf, Vec<u8>>,
    expected: BTreeMap<PathBuf, Vec<u8>>,
    /// What an undisturbed night takes.
    takes: Duration,
}

impl Killed<'_> {
    fn of(before: &Night) -> Killed<'_> {
        let undisturbed = before.copy();
        let since = Instant::now();
        undisturbed.run().done();
        let takes = since.elapsed();
        nothing_is_left(&undisturbed);
        Killed { before, old: published(before), expected: published(&undisturbed), takes }
    }

    /// Kills the night up to three times and resumes it; gives how often it was killed and how many stages it did not do again.
    fn at_random(&self, random: &mut Random) -> (usize, usize) {
        let night = self.before.copy();
        let mut kills = 0;
        for _ in 0..=random.below(3) {
            let mut child = night.command(&["--resume"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(self.takes.mul_f64(random.below(1000) as f64 / 1000.0));
            let _ = kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::KILL);
            let ended = child.wait().unwrap();
            kills += usize::from(!ended.success());
            let standing = published(&night);
            if standing == self.expected {
                // It was published before the kill came: the next night tidies up, and finds nothing new.
                night.run().done();
                assert!(night.table("changes.parquet").rows.is_empty());
                nothing_is_left(&night);
                whoever_objects_is_gone(&night);
                return (kills, 0);
            }
            assert!(standing == self.old, "half a night stands");
        }
        night.run_with(&["--resume"]).done();
        let differing: Vec<&PathBuf> = self
            .expected
            .iter()
            .filter(|(name, bytes)| published(&night).get(*name) != Some(bytes))
            .map(|(name, _)| name)
            .collect();
        assert!(differing.is_empty(), "{differing:?} differ from an undisturbed night");
        assert_eq!(published(&night).len(), self.expected.len());
        nothing_is_left(&night);
        whoever_objects_is_gone(&night);
        (kills, reused(&night).len())
    }
}

#[test]
fn a_night_that_is_killed_at_random_and_resumed_publishes_what_an_undisturbed_one_does() {
    let wanted: usize = std::env::var("ONEFOLK_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(12);
    let (first, second, third) = (before_the_first_night(), before_the_second_night(), before_others_object());
    let nights = [Killed::of(&first), Killed::of(&second), Killed::of(&third)];
    let mut random = Random::new(62);
    let (mut kills, mut reused, mut tried) = (0, 0, 0);
    while kills < wanted {
        let (killed, stages) = nights[tried % 3].at_random(&mut random);
        (kills, reused, tried) = (kills + killed, reused + stages, tried + 1);
        assert!(tried < 50 * wanted, "the kills come too late");
    }
    println!("{kills} kills in {tried} nights, {reused} stages were not done again, 0 differences");
}

/// Puts a folder where the night will want to write what its tables tell, the last thing but publishing.
fn block(night: &Night) -> PathBuf {
    let blocked = night.output().join("state/tables/2026-11-22-01.zst");
    fs::create_dir_all(&blocked).unwrap();
    blocked
}

/// Stops a night for certain once linking has ended.
fn stopped_before_publishing() -> (Night, PathBuf) {
    let night = before_the_first_night();
    let blocked = block(&night);
    night.run().failed(4, "OF0420");
    (night, blocked)
}

#[test]
fn a_night_goes_on_from_the_last_finished_stage() {
    let (night, blocked) = stopped_before_publishing();
    let kept = common::files_below(&night.output().join("state/checkpoints"));
    assert_eq!(
        kept.keys().map(|name| name.to_str().unwrap()).collect::<Vec<_>>(),
        ["compared", "joined", "linking", "reading"]
    );
    for (name, mode, _) in common::modes(&night.output().join("state/checkpoints")) {
        assert_eq!(mode & 0o077, 0, "{} is open to others", name.display());
    }
    fs::remove_dir_all(&blocked).unwrap();
    let ended = night.run_with(&["--resume"]).done();
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
    assert_eq!(reused(&night), ["reading", "linking"]);
    nothing_is_left(&night);
    let undisturbed = before_the_first_night();
    undisturbed.run().done();
    assert!(reused(&undisturbed).is_empty());
    assert!(published(&night) == published(&undisturbed));
}

/// Resumes a stopped night after something has changed; gives the stages that were reused and what was said.
fn resumed_after(change: impl Fn(&Night)) -> (Night, Vec<String>, String) {
    let (night, blocked) = stopped_before_publishing();
    fs::remove_dir_all(&blocked).unwrap();
    change(&night);
    let said = night.run_with(&["--resume"]).done().stderr;
    let reused = reused(&night);
    nothing_is_left(&night);
    (night, reused, said)
}

/// What a warning says, and what has changed.
type Changed<'a> = (&'a str, &'a dyn Fn(&Night));

#[test]
fn a_night_of_other_extracts_lists_or_jobs_begins_anew() {
    let changes: [Changed; 4] = [
        ("in/acute.csv is another file by now", &|night| {
            let text = fs::read_to_string(night.path("in/acute.csv")).unwrap();
            // As long as before: only its bytes tell.
            let (at, digit) = text.char_indices().rfind(|(_, letter)| letter.is_ascii_digit()).unwrap();
            let other = if digit == '1' { "2" } else { "1" };
            night.write("in/acute.csv", [&text[..at], other, &text[at + 1..]].concat());
        }),
        ("is another one", &|night| common::edit(&night.path("job.toml"), "2026-11-22", "2026-11-23")),
        ("is another one", &|night| {
            let header = "left,right,decision,by,when,why\n";
            night.write("out/state/decisions.csv", format!("{header}gp:g1,,not_a_person,me,,\n"));
        }),
        ("is another one", &|night| night.write("id.key", "fedcba9876543210".repeat(4))),
    ];
    for (why, change) in changes {
        let (_, reused, said) = resumed_after(change);
        assert!(reused.is_empty(), "{why}");
        assert!(said.contains(why), "{why} is not in: {said}");
    }
}

#[test]
fn an_objection_that_came_meanwhile_is_obeyed() {
    let (night, blocked) = stopped_before_publishing();
    fs::remove_dir_all(&blocked).unwrap();
    let ids = fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let record = ids.lines().nth(5).unwrap().split(',').next().unwrap();
    night.write("objections.csv", format!("provider,record_id\ngp,{record}\n"));
    let job = fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", format!("{job}\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n"));
    night.run_with(&["--resume"]).done();
    assert!(reused(&night).is_empty());
    assert!(!night.table("crosswalk.parquet").values("record_id").contains(&record));
    // An entry that is added to the same list counts as well.
    let (night, blocked) = {
        let night = before_the_first_night();
        night.write("objections.csv", format!("provider,record_id\ngp,{record}\n"));
        let job = fs::read_to_string(night.path("job.toml")).unwrap();
        night.write("job.toml", format!("{job}\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n"));
        let blocked = block(&night);
        night.run().failed(4, "OF0420");
        (night, blocked)
    };
    fs::remove_dir_all(&blocked).unwrap();
    let other = ids.lines().nth(9).unwrap().split(',').next().unwrap();
    night.write("objections.csv", format!("provider,record_id\ngp,{record}\ngp,{other}\n"));
    night.run_with(&["--resume"]).done();
    assert!(reused(&night).is_empty());
    assert!(!night.table("crosswalk.parquet").values("record_id").contains(&other));
}

#[test]
fn withheld_rows_stay_withheld_when_a_night_goes_on() {
    let night = before_the_first_night();
    let ids = fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let named: Vec<&str> = ids.lines().skip(1).step_by(100).map(|line| line.split(',').next().unwrap()).collect();
    let list: String = named.iter().map(|record| format!("gp,{record}\n")).collect();
    night.write("objections.csv", format!("provider,record_id\n{list}"));
    let job = fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", format!("{job}\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n"));
    let undisturbed = night.copy();
    undisturbed.run().done();
    let blocked = block(&night);
    night.run().failed(4, "OF0420");
    fs::remove_dir_all(blocked).unwrap();
    night.run_with(&["--resume"]).done();
    assert_eq!(reused(&night), ["reading", "linking"]);
    assert!(published(&night) == published(&undisturbed));
    assert!(night.table("withheld.parquet").rows.len() >= named.len());
}

#[test]
fn a_damaged_checkpoint_is_told_and_its_stage_done_again() {
    for (name, reused_then) in [("linking", &["reading"][..]), ("reading", &[])] {
        let (night, reused, said) = resumed_after(|night| {
            let path = night.path(&format!("out/state/checkpoints/{name}"));
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).unwrap();
        });
        assert_eq!(reused, reused_then, "{name}");
        assert!(said.contains(&format!("the checkpoint of {name} was not used")), "{said}");
        assert!(said.contains("it is damaged"), "{said}");
        let undisturbed = before_the_first_night();
        undisturbed.run().done();
        assert!(published(&night) == published(&undisturbed), "{name}");
    }
}

#[test]
fn a_checkpoint_whose_pieces_have_another_form_is_not_told_as_damaged_alone() {
    let (_, reused, said) = resumed_after(|night| {
        let path = night.path("out/state/checkpoints/reading");
        let mut bytes = fs::read(&path).unwrap();
        // Before version 7 no piece said how many entries it holds: that stands behind its length.
        bytes.drain(8..12);
        fs::write(&path, bytes).unwrap();
    });
    assert!(reused.is_empty(), "{reused:?}");
    let why = "so that this is done again: it is damaged, or another version of onefolk wrote it";
    assert!(said.contains(&format!("the checkpoint of reading was not used, {why}")), "{said}");
}

#[test]
fn without_anything_to_resume_it_is_a_plain_run_and_a_plain_run_resumes_nothing() {
    let night = before_the_first_night();
    let said = night.run_with(&["--resume"]).done().stderr;
    assert!(said.contains("the night begins anew") && !said.contains("warning"), "{said}");
    assert!(reused(&night).is_empty());
    let (night, blocked) = stopped_before_publishing();
    fs::remove_dir_all(&blocked).unwrap();
    night.run().done();
    assert!(reused(&night).is_empty());
    nothing_is_left(&night);
}

/// As `ulimit -v` or a small machine would have it: what was published stands, and the next night is fine.
#[test]
fn memory_that_runs_out_leaves_what_stands_as_it_was() {
    let night = before_the_second_night();
    let standing = night.standing();
    let mut stopped = 0;
    for mebibytes in [40, 60, 80, 100, 120, 150] {
        let limited = |arguments: &[&OsStr]| {
            let mut limited = Command::new("sh");
            let command = format!("ulimit -v {}; exec \"$@\"", mebibytes << 10);
            limited.args(["-c", &command, "sh", env!("CARGO_BIN_EXE_onefolk")]).args(arguments);
            common::outcome(limited)
        };
        // Too little for the operating system to load the program: its loader says so, or the kernel ends it before it begins.
        if !matches!(limited(&["--version".as_ref()]).status, Some(0 | 4)) {
            continue;
        }
        let ended = limited(&["run".as_ref(), night.path("job.toml").as_ref()]);
        if ended.status == Some(0) {
            break;
        }
        stopped += 1;
        assert!(night.standing() == standing, "{mebibytes} MiB: {}", ended.stderr);
        let last = ended.stderr.lines().last().unwrap_or_default();
        assert_eq!(ended.status, Some(4), "{mebibytes} MiB: {:?} {}", ended.signal, ended.stderr);
        assert!(
            last.ends_with("(OF0405)") || last.ends_with("(OF0514)") || last.ends_with("(OF0404)"),
            "{}",
            ended.stderr
        );
    }
    assert!(stopped > 0, "a night needs less memory than any of these limits");
    night.run_with(&["--resume"]).done();
    nothing_is_left(&night);
}
