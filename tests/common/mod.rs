//! What the tests of the real binary share: folders with made-up extracts, runs of `onefolk`, and a look into what a run left.
//!
//! All people are synthetic; NHS numbers are from the 999 range, which is never issued.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part of this")]

pub mod canaries;
mod people;
mod published;
pub mod releases;
pub mod sealed;

pub use people::{Person, Random, nhs_number, town};
pub use published::{Account, NULL, Table, account_of, accounts, files_below, modes, table};

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A folder with a job in it, gone when dropped.
pub struct Night {
    folder: tempfile::TempDir,
}

/// How a run of the binary ended.
pub struct Outcome {
    pub status: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The real binary.
pub fn onefolk() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onefolk"));
    command.env_remove("NO_COLOR").env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    command
}

pub fn outcome(mut command: Command) -> Outcome {
    ended(command.output().expect("the binary starts"))
}

fn ended(output: std::process::Output) -> Outcome {
    Outcome {
        status: output.status.code(),
        signal: output.status.signal(),
        stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
    }
}

impl Outcome {
    /// The run is done.
    #[track_caller]
    pub fn done(self) -> Outcome {
        assert_eq!(self.status, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The run failed with this exit code, and its last line is one sentence that ends with this code.
    #[track_caller]
    pub fn failed(self, exit: i32, code: &str) -> Outcome {
        assert_eq!(self.status, Some(exit), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        let last = self.stderr.lines().last().unwrap_or_default();
        let sentence =
            last.strip_suffix(&format!(" ({code})")).unwrap_or_else(|| panic!("{code} is not in: {}", self.stderr));
        assert!(
            sentence.starts_with(char::is_uppercase) && !sentence.ends_with('.') && !sentence.contains(". "),
            "{last}"
        );
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        assert_eq!(self.stdout, "", "a failed run has nothing to say on standard output");
        self
    }

    /// No value of any of these people stands in what was printed.
    #[track_caller]
    pub fn names_nobody(&self, people: &[Person]) {
        for person in people {
            for value in person.values() {
                assert!(
                    !self.stdout.contains(value) && !self.stderr.contains(value),
                    "{value} was printed:\n{}\n{}",
                    self.stdout,
                    self.stderr
                );
            }
        }
    }
}

impl Night {
    /// An empty folder.
    pub fn new() -> Night {
        Night { folder: tempfile::tempdir().expect("a folder for the test") }
    }

    /// The same folder once more, links as they are.
    pub fn copy(&self) -> Night {
        let copy = Night::new();
        copy_below(&self.path(""), &copy.path(""));
        copy
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("the folder can be made");
        std::fs::write(path, bytes).expect("the file can be written");
    }

    /// A town's people in a practice and a hospital, and the job that links them.
    pub fn of(people: &[Person]) -> Night {
        let night = Night::new();
        let mut random = Random::new(11);
        night.write("in/gp.csv", csv(people, &mut random, 0));
        night.write("in/acute.csv", csv(people, &mut random, 1));
        night.write("job.toml", job(&[("gp", "in/gp.csv", ""), ("acute", "in/acute.csv", "")], ""));
        night
    }

    /// `onefolk run job.toml ARGUMENTS`, not started yet.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = onefolk();
        command.arg("run").arg(self.path("job.toml")).args(arguments);
        command
    }

    pub fn run(&self) -> Outcome {
        self.run_with(&[] as &[&str])
    }

    pub fn run_with(&self, arguments: &[&str]) -> Outcome {
        outcome(self.command(arguments))
    }

    /// Starts a run and lets go of it.
    pub fn start(&self) -> Child {
        self.command(&[] as &[&str]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    }

    pub fn output(&self) -> PathBuf {
        self.path("out")
    }

    /// A file of the run that stands.
    pub fn current(&self, name: &str) -> PathBuf {
        self.output().join("current").join(name)
    }

    pub fn table(&self, name: &str) -> Table {
        table(&self.current(name))
    }

    /// Where `current` leads and every byte behind it; empty where nothing was published.
    pub fn standing(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let current = self.output().join("current");
        let Ok(target) = std::fs::read_link(&current) else { return BTreeMap::new() };
        let mut standing = files_below(&current);
        standing.insert("current".into(), target.as_os_str().as_encoded_bytes().to_vec());
        standing
    }

    /// Names of unfinished runs.
    pub fn unfinished(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.output().join("runs")).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(".partial")).collect()
    }

    /// (provider, record_id) → person_id of the run that stands.
    pub fn person_ids(&self) -> BTreeMap<(String, String), String> {
        let table = self.table("crosswalk.parquet");
        let [provider, record, person] = ["provider", "record_id", "person_id"].map(|name| table.column(name));
        table.rows.iter().map(|row| ((row[provider].clone(), row[record].clone()), row[person].clone())).collect()
    }
}

fn copy_below(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("it is a folder").flatten() {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("it stands");
        if kind.is_symlink() {
            let leads = std::fs::read_link(&path).expect("it is a link");
            std::os::unix::fs::symlink(leads, copy).expect("nothing is there yet");
        } else if kind.is_dir() {
            std::fs::create_dir(&copy).expect("nothing is there yet");
            copy_below(&path, &copy);
        } else {
            std::fs::copy(&path, &copy).expect("there is room");
        }
    }
}

/// A model to which the records of one person look like those of any strangers; its frequencies are those of the one it was made of.
pub fn misled_model(night: &Night, name: &str) -> PathBuf {
    let learnt = std::fs::read(night.output().join("state/model.json")).expect("a run has learnt one");
    let mut model: serde_json::Value = serde_json::from_slice(&learnt).expect("it is JSON");
    let strangers = model["u"].clone();
    for free in model["classes"][0]["free"].as_array_mut().expect("a list") {
        let place = free[0].as_u64().expect("a place") as usize;
        free[1] = strangers[place].clone();
    }
    let path = night.path(name);
    std::fs::write(&path, serde_json::to_vec_pretty(&model).expect("it is JSON")).expect("the file can be written");
    path
}

/// The header of [`csv`].
pub const HEADER: &str = "id,nhs,given,family,born,sex,address,postcode,phone";

/// One provider's extract: most of the people, some values missing or misspelt. `provider` makes the rows differ.
pub fn csv(people: &[Person], random: &mut Random, provider: u64) -> String {
    let mut text = format!("{HEADER}\n");
    for (at, person) in people.iter().enumerate() {
        if random.below(10) < 8 {
            text.push_str(&person.row(&format!("{provider}-{at}"), random));
            text.push('\n');
        }
    }
    text
}

/// A job of providers (id, file, further keys) with the columns of [`HEADER`]; `rest` is appended.
pub fn job(providers: &[(&str, &str, &str)], rest: &str) -> String {
    let mut text = String::from("[job]\nname = \"test\"\nas_of = 2026-11-22\n");
    for (id, file, keys) in providers {
        text.push_str(&format!(
            "\n[[provider]]\nid = \"{id}\"\nname = \"{id}\"\nsetting = \"general_practice\"\nfiles = [\"{file}\"]\n{keys}\n\n{COLUMNS}"
        ));
    }
    text + "\n" + rest
}

/// The mapping of [`HEADER`].
pub const COLUMNS: &str = r#"[provider.columns]
record_id = "id"
nhs_number = "nhs"
given_name = "given"
family_name = "family"
date_of_birth = "born"
sex = "sex"
address = "address"
postcode = "postcode"
phone = "phone"
"#;

/// Replaces `from` by `to`, which must be there.
pub fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).expect("the file is text");
    assert!(text.contains(from), "{from} is not in {}", path.display());
    std::fs::write(path, text.replace(from, to)).expect("the file can be written");
}
