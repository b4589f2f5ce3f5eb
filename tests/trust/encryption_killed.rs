//! What people rely on while an output is being encrypted, or opened again, and the machine goes (`kill -9` on the real binary): every file
//! is whole, the same command brings it to its end, the other one takes it back, and nothing is left that either was writing.

use crate::common::canaries::{command, silent};
use crate::common::sealed::{SEALED, decrypted, key, may_stand_open, nothing_is_readable, with_keys};
use crate::common::{self, Night, files_below, onefolk, town};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Instants of a conversion at which it is killed.
const INSTANTS: u32 = 8;

/// Everything below the output but the audit, which both commands add to, and locks.
fn standing(night: &Night) -> Files {
    let mut files = files_below(&night.output());
    files.retain(|name, _| {
        let name = name.to_string_lossy();
        !name.starts_with("state/audit") && !name.ends_with("lock")
    });
    files
}

fn half_written(files: &Files) -> Vec<&PathBuf> {
    files.keys().filter(|name| name.to_string_lossy().contains(".partial")).collect()
}

/// `onefolk keys WHAT job.toml`, to its end; how long that took.
#[track_caller]
fn converted(night: &Night, what: &str) -> Duration {
    let since = Instant::now();
    silent(command(night, &["keys", what, "job.toml"], "")).done();
    since.elapsed()
}

/// The same, killed after a time; `beside`: not before a file stands half-written beside the one whose place it is to take. Was it killed?
fn killed(night: &Night, what: &str, after: Duration, beside: bool) -> bool {
    let mut converting = onefolk();
    converting.current_dir(night.path("")).args(["keys", what, "job.toml"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = converting.spawn().expect("the binary starts");
    std::thread::sleep(after);
    while beside && child.try_wait().expect("it runs").is_none() && !is_half_written_below(&night.output()) {}
    let _ = kill_process(Pid::from_raw(child.id().cast_signed()).expect("a process"), Signal::KILL);
    !child.wait().expect("it ends").success()
}

/// Does anything stand half-written below a folder that is being worked in? What goes while it is looked at is none of it.
fn is_half_written_below(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            entry.file_name().to_string_lossy().contains(".partial")
                || is_folder && is_half_written_below(&entry.path())
        })
    })
}

/// Every file is what it was, open or encrypted, and nobody is told that all is well where some are of the other kind.
#[track_caller]
fn is_whole(night: &Night, open: &Files) {
    let now = standing(night);
    let is_sealed = |bytes: &[u8]| SEALED.iter().any(|magic| bytes.starts_with(magic));
    let (mut sealed, mut standing_open) = (0, 0);
    for (name, bytes) in open {
        let stands = now.get(name).unwrap_or_else(|| panic!("{} is gone", name.display()));
        assert!(stands == bytes || is_sealed(stands), "{} is neither", name.display());
        sealed += usize::from(stands != bytes);
        standing_open +=
            usize::from(stands == bytes && !bytes.is_empty() && name.extension().is_some_and(|kind| kind == "parquet"));
    }
    let told = silent(command(night, &["doctor", "job.toml"], ""));
    let says_so = format!("{}{}", told.stdout, told.stderr).contains("keys seal");
    // Of any kind, and what was being opened as well.
    let must_be = |name: &Path, bytes: &[u8]| !bytes.is_empty() && !is_sealed(bytes) && !may_stand_open(name);
    let any_open = files_below(&night.output()).iter().any(|(name, bytes)| must_be(name, bytes));
    assert_eq!(says_so, any_open, "{sealed} encrypted, {standing_open} not:\n{}{}", told.stdout, told.stderr);
    if sealed > 0 && standing_open > 0 {
        // Whatever the state, what it holds can be had.
        let run: Files =
            open.iter().filter_map(|(name, bytes)| Some((below_current(night, name)?, bytes.clone()))).collect();
        let had = decrypted(night);
        assert!(!run.is_empty() && had.keys().eq(run.keys()), "{:?}", had.keys());
        assert!(had == run, "what the run holds is another");
    }
}

/// A name in the run that stands, below its folder.
fn below_current(night: &Night, name: &Path) -> Option<PathBuf> {
    let current = std::fs::read_link(night.output().join("current")).expect("a run stands");
    name.strip_prefix(current).ok().map(Path::to_path_buf)
}

/// A night that has ended, with the key at hand; what stands then, open.
fn after_a_night() -> (Night, Files) {
    let night = Night::of(&town(300, 161));
    with_keys(&night, false);
    night.run().done();
    night.run().done();
    key(&night, "output.key");
    common::edit(&night.path("job.toml"), "[job]\n", "[job]\nencryption_key_file = \"output.key\"\n");
    let open = standing(&night);
    assert!(open.len() > 60, "{} files", open.len());
    (night, open)
}

/// Encrypts it to the end: then nothing stands open, and nothing half-written.
#[track_caller]
fn encrypted_to_the_end(night: &Night) {
    converted(night, "seal");
    assert!(nothing_is_readable(night) > 60);
    assert_eq!(half_written(&standing(night)), [] as [&PathBuf; 0]);
}

#[test]
fn an_encryption_that_is_killed_is_gone_on_with_or_taken_back() {
    let (before, open) = after_a_night();
    let takes = converted(&before.copy(), "seal");
    let mut kills = 0;
    for at in 0..INSTANTS {
        let night = before.copy();
        kills += u32::from(killed(&night, "seal", takes * at / (2 * INSTANTS), at % 4 > 1));
        is_whole(&night, &open);
        // Where nothing is encrypted yet there is nothing to take back, and what was being written goes with the next beginning.
        if at % 2 == 0 || !night.output().join("state/encryption.age").exists() {
            encrypted_to_the_end(&night);
        }
        converted(&night, "unseal");
        assert!(standing(&night) == open, "instant {at}: it is not what it was");
    }
    assert!(kills >= 3, "{kills} of {INSTANTS} came in time");
}

#[test]
fn an_opening_that_is_killed_is_gone_on_with_or_taken_back() {
    let (before, open) = after_a_night();
    converted(&before, "seal");
    let takes = converted(&before.copy(), "unseal");
    let mut kills = 0;
    for at in 0..INSTANTS {
        let night = before.copy();
        kills += u32::from(killed(&night, "unseal", takes * at / (2 * INSTANTS), at % 4 > 1));
        is_whole(&night, &open);
        if at % 2 == 0 && night.output().join("state/encryption.age").exists() {
            converted(&night, "unseal");
        } else {
            // Whoever thinks better of it leaves nothing open behind.
            encrypted_to_the_end(&night);
            converted(&night, "unseal");
        }
        assert!(standing(&night) == open, "instant {at}: it is not what it was");
    }
    assert!(kills >= 3, "{kills} of {INSTANTS} came in time");
}
