//! What people rely on whose data lies on a disk that somebody takes away: with a key in the job nothing of anybody below the output can be
//! read without it, everything works as it does without encryption, and a wrong key, a missing one and damage each end in one clear code.

use crate::common::canaries::{CANARY, command, night_of_canaries, silent};
use crate::common::sealed::{decrypted, key, nothing_is_readable, with_keys};
use crate::common::{self, Night, Outcome, files_below, town};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The same town twice, the second one encrypted.
fn open_and_encrypted(seed: u64) -> (Night, Night) {
    let make = |encrypted: bool| {
        let night = Night::of(&town(120, seed));
        with_keys(&night, encrypted);
        night
    };
    let (open, encrypted) = (make(false), make(true));
    key(&encrypted, "output.key");
    (open, encrypted)
}

/// Without what tells of times, and of the audit, whose key is another one in each output.
fn lasting(mut files: BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    files.retain(|name, _| !["run.json", "log.jsonl", "onefolk.prom"].iter().any(|told| name == Path::new(told)));
    files
}

#[track_caller]
fn same(open: &Night, encrypted: &Night) {
    let (open, encrypted) = (lasting(files_below(&open.output().join("current"))), lasting(decrypted(encrypted)));
    let differing: Vec<&PathBuf> =
        open.keys().chain(encrypted.keys()).filter(|name| open.get(*name) != encrypted.get(*name)).collect();
    assert!(differing.is_empty(), "{differing:?}");
    assert!(open.keys().filter(|name| name.extension().is_some_and(|kind| kind == "parquet")).count() >= 8);
}

#[test]
fn nothing_of_anybody_can_be_read_without_the_key() {
    let people = town(60, 151);
    let night = night_of_canaries(&people);
    with_keys(&night, true);
    key(&night, "output.key");
    let done = |arguments: &[&str]| {
        let ended = silent(command(&night, arguments, ""));
        assert_eq!(ended.status, Some(0), "{arguments:?}\n{}", ended.stderr);
        ended
    };
    // Decisions stand there already, written by hand: nothing is encrypted beside them.
    silent(command(&night, &["run", "job.toml"], "")).failed(2, "OF0107");
    done(&["keys", "seal", "job.toml"]);
    for release in ["care", "ours", "planning", "tables"] {
        done(&["approve", "job.toml", release, "--who", "Ann", "--role", "governance_lead", "--key", "lead.key"]);
    }
    done(&["run", "job.toml"]);
    assert!(nothing_is_readable(&night) >= 60);
    done(&["run", "job.toml"]);
    done(&["run", "job.toml", "--full"]);
    let page = done(&["decrypt", "job.toml", "out/current/report.html"]).stdout;
    assert!(page.to_lowercase().starts_with("<!doctype html>"));
    let asked = done(&["find", "--name", &people[3].family, "--born", &people[3].born, "--job", "job.toml", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&asked.stdout).expect("it is JSON");
    let id = told["found"][0]["person_id"].as_str().unwrap_or_else(|| panic!("nobody is found: {told}")).to_string();
    done(&["person", &id, "--job", "job.toml"]);
    done(&["explain", "person", &id, "--job", "job.toml"]);
    done(&["explain", "change", &id, "--job", "job.toml"]);
    silent(command(&night, &["review", "job.toml", "--by", "ann"], "n\nq\n"));
    done(&["train", "job.toml", "--output", "another.json"]);
    done(&["train", "job.toml", "--labels", "out/state/decisions.csv"]);
    done(&["backtest", "job.toml", "--model", "another.json"]);
    done(&["evaluate", "job.toml"]);
    done(&["release", "job.toml", "care"]);
    done(&["report", "job.toml"]);
    done(&["run", "job.toml"]);
    done(&["audit", "show", "job.toml", "--person", &id]);
    done(&["audit", "verify", "job.toml"]);
    done(&["rollback", "job.toml", "2026-11-22-01"]);
    done(&["plan", "job.toml"]);
    let doctor = silent(command(&night, &["doctor", "job.toml"], ""));
    assert!(doctor.stdout.contains("all encrypted"), "{}\n{}", doctor.stdout, doctor.stderr);
    assert!(nothing_is_readable(&night) >= 200);
    // That there was something to hide: the crosswalk names every record.
    done(&["decrypt", "job.toml", "out/current/crosswalk.parquet", "--output", "crosswalk.parquet"]);
    let names = common::table(&night.path("crosswalk.parquet"));
    assert!(names.values("record_id").iter().any(|id| id.contains(CANARY)));
    let audit = done(&["audit", "show", "job.toml", "--event", "decryption", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&audit.stdout).expect("it is JSON");
    assert_eq!(told["entries"].as_array().map(Vec::len), Some(2), "{told}");
}

#[test]
fn every_night_is_the_same_beneath_its_encryption() {
    let (open, encrypted) = open_and_encrypted(152);
    for night in [&open, &encrypted] {
        night.run().done();
    }
    same(&open, &encrypted);
    // A night that takes over what the night before has compared, and one that a provider sends nothing for.
    for night in [&open, &encrypted] {
        let text = std::fs::read_to_string(night.path("in/gp.csv")).expect("it is text");
        let kept: Vec<&str> = text.lines().enumerate().filter(|(at, _)| *at != 5).map(|(_, line)| line).collect();
        night.write("in/gp.csv", kept.join("\n") + "\n");
        night.run().done();
    }
    same(&open, &encrypted);
    for night in [&open, &encrypted] {
        std::fs::remove_file(night.path("in/acute.csv")).expect("it stands");
        night.run().done();
    }
    same(&open, &encrypted);
    nothing_is_readable(&encrypted);
    for name in ["people.parquet", "run.json"] {
        let bytes = decrypted(&encrypted).remove(Path::new(name)).expect("it stands");
        let run: serde_json::Value =
            serde_json::from_slice(&decrypted(&encrypted)[Path::new("run.json")]).expect("it is JSON");
        let outputs = run["outputs"].as_array().expect("a list");
        let told = outputs.iter().find(|output| output["file"] == name);
        // What run.json tells of a file, it tells of what it holds.
        assert!(told.is_none_or(|told| told["blake3"] == blake3::hash(&bytes).to_hex().as_str()), "{name}");
    }
}

#[test]
fn a_night_that_is_killed_goes_on_and_leaves_nothing_readable() {
    let people = town(1500, 153);
    let night = Night::of(&people);
    with_keys(&night, true);
    key(&night, "output.key");
    let undisturbed = Night::of(&people);
    with_keys(&undisturbed, false);
    undisturbed.run().done();
    let checkpoints = night.output().join("state/checkpoints");
    let mut seen = false;
    for _ in 0..10 {
        let mut child = night.start();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) && child.try_wait().expect("it runs").is_none() {
            // A stage is kept once its file has its name.
            let stages = std::fs::read_dir(&checkpoints).into_iter().flatten().flatten();
            if stages.filter(|stage| !stage.file_name().to_string_lossy().contains("partial")).count() > 0 {
                child.kill().expect("it can be killed");
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        child.wait().expect("it ends");
        seen = checkpoints.exists();
        nothing_is_readable(&night);
        if seen {
            break;
        }
        std::fs::remove_dir_all(night.output()).expect("it stood");
    }
    assert!(seen, "no night could be killed after a stage");
    night.run_with(&["--resume"]).done();
    let run: serde_json::Value = serde_json::from_slice(&decrypted(&night)[Path::new("run.json")]).expect("it is JSON");
    assert!(!run["reused_stages"].as_array().expect("a list").is_empty(), "nothing was taken over");
    same(&undisturbed, &night);
}

#[test]
fn an_output_is_encrypted_and_opened_again_as_it_was() {
    let night = Night::of(&town(80, 154));
    with_keys(&night, false);
    night.run().done();
    night.run().done();
    let before = files_below(&night.output());
    let when = |name: &str| std::fs::metadata(night.current(name)).expect("it stands").modified().expect("a time");
    let modified = when("run.json");
    key(&night, "output.key");
    common::edit(&night.path("job.toml"), "[job]\n", "[job]\nencryption_key_file = \"output.key\"\n");
    for arguments in [&["run", "job.toml"][..], &["doctor", "job.toml"], &["check", "job.toml"]] {
        silent(command(&night, arguments, "")).failed(2, "OF0107");
    }
    silent(command(&night, &["keys", "seal", "job.toml"], "")).done();
    nothing_is_readable(&night);
    assert_eq!(when("run.json"), modified);
    let mut modes = common::modes(&night.output()).into_iter();
    assert!(modes.all(|(_, mode, is_folder)| mode == if is_folder { 0o700 } else { 0o600 }));
    night.run().done();
    silent(command(&night, &["audit", "verify", "job.toml"], "")).done();
    // Begun again it finds nothing to do.
    let again = silent(command(&night, &["keys", "seal", "job.toml", "--json"], "")).done();
    assert!(again.stdout.contains("\"files\": 0"), "{}", again.stdout);
    // What somebody puts there is found, and is encrypted when asked for.
    night.write("out/state/decisions.csv", "left,right,decision,by,when,why\n");
    let doctor = silent(command(&night, &["doctor", "job.toml"], ""));
    assert_eq!(doctor.status, Some(4));
    assert!(
        doctor.stdout.contains("out/state/decisions.csv") && doctor.stderr.contains("(OF0430)"),
        "{}",
        doctor.stdout
    );
    night.run().done();
    silent(command(&night, &["keys", "seal", "job.toml"], "")).done();
    nothing_is_readable(&night);
    silent(command(&night, &["doctor", "job.toml"], "")).done();
    silent(command(&night, &["keys", "unseal", "job.toml"], "")).done();
    let after = files_below(&night.output());
    let runs = |name: &&PathBuf| name.starts_with("runs");
    for name in before.keys().filter(runs) {
        assert_eq!(before.get(name), after.get(name), "{}", name.display());
    }
    silent(command(&night, &["run", "job.toml"], "")).failed(2, "OF0107");
    common::edit(&night.path("job.toml"), "encryption_key_file = \"output.key\"\n", "");
    night.run().done();
    silent(command(&night, &["audit", "verify", "job.toml"], "")).done();
    silent(command(&night, &["keys", "seal", "job.toml"], "")).failed(2, "OF0105");
}

/// `onefolk ARGUMENTS` in the folder of the night, with a variable set.
fn with_variable(night: &Night, arguments: &[&str], value: &str) -> Outcome {
    let mut command = common::onefolk();
    command.current_dir(night.path("")).env("ONEFOLK_TEST_KEY", value).args(arguments);
    silent(common::outcome(command))
}

#[test]
fn without_the_right_key_one_code_says_so_and_nothing_is_changed() {
    let (_, night) = open_and_encrypted(155);
    night.run().done();
    let before = files_below(&night.output());
    let commands: [&[&str]; 7] = [
        &["run", "job.toml"],
        &["report", "job.toml"],
        &["doctor", "job.toml"],
        &["audit", "verify", "job.toml"],
        &["find", "--name", "a", "--born", "1950", "--job", "job.toml"],
        &["decrypt", "job.toml", "out/current/people.parquet"],
        &["keys", "unseal", "job.toml"],
    ];
    let all_fail = |code: &str| {
        for arguments in commands {
            silent(command(&night, arguments, "")).failed(2, code);
        }
        assert!(files_below(&night.output()) == before, "{code} has changed something");
    };
    let path = night.path("output.key");
    let right = std::fs::read_to_string(&path).expect("it stands");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("it is ours");
    all_fail("OF0104");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    for text in ["", "AGE-SECRET-KEY-1", &format!("{right}{right}"), "a password"] {
        night.write("output.key", text);
        all_fail("OF0104");
    }
    std::fs::remove_file(&path).expect("it stands");
    all_fail("OF0104");
    key(&night, "output.key");
    all_fail("OF0106");
    common::edit(&night.path("job.toml"), "encryption_key_file = \"output.key\"\n", "");
    all_fail("OF0105");
    common::edit(&night.path("job.toml"), "[job]\n", "[job]\nencryption_key_env = \"ONEFOLK_TEST_KEY\"\n");
    all_fail("OF0104");
    with_variable(&night, &["audit", "verify", "job.toml"], &right).done();
    with_variable(&night, &["run", "job.toml"], &right).done();
    nothing_is_readable(&night);
    // The key itself is in no message and no file.
    let secret = right.lines().last().expect("a line of the key");
    assert!(files_below(&night.output()).values().all(|bytes| !String::from_utf8_lossy(bytes).contains(secret)));
}

#[test]
fn what_was_changed_or_cut_off_is_noticed() {
    let (_, night) = open_and_encrypted(156);
    night.run().done();
    let asked: &[&str] = &["find", "--name", "a", "--born", "1950", "--job", "job.toml"];
    let cases: [(&str, &[&str], &str); 6] = [
        (
            "out/current/people.parquet",
            &["decrypt", "job.toml", "out/current/people.parquet", "--output", "opened"],
            "OF0442",
        ),
        ("out/current/run.json", &["report", "job.toml"], "OF0535"),
        ("out/current/find.index", asked, "OF0535"),
        ("out/state/ledger/000001/issued", &["doctor", "job.toml"], "OF0430"),
        ("out/state/audit.jsonl", &["audit", "verify", "job.toml"], ""),
        ("out/state/encryption.age", &["doctor", "job.toml"], "OF0106"),
    ];
    for (name, arguments, code) in cases {
        let path = night.path(name);
        let whole = std::fs::read(&path).expect("it stands");
        let sealed = whole.len();
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            bytes
        };
        let damages =
            [flipped(40), flipped(sealed / 2), flipped(sealed - 1), whole[..sealed - 1].to_vec(), whole[..60].to_vec()];
        for (at, damage) in damages.iter().enumerate() {
            night.write(name, damage);
            let ended = silent(command(&night, arguments, ""));
            assert!(
                ended.status.is_some_and(|status| status != 0 && status != 101),
                "{name}, damage {at}: {}",
                ended.stdout
            );
            assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
            assert!(
                ended.stderr.contains(code) && ended.stderr.contains("OF0"),
                "{name}, damage {at}: {}",
                ended.stderr
            );
        }
        assert!(!night.path("opened").exists(), "a part of {name} was left");
        night.write(name, &whole);
        silent(command(&night, arguments, "")).done();
        let _ = std::fs::remove_file(night.path("opened"));
    }
}
