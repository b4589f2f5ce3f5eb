//! A night whose disk fails, fills up, or loses its power at any change whatever: what is published is whole at every instant, and the
//! next night is as if nothing had been.

mod commands;
mod fuller;
mod purged;

use super::gates::Waived;
use super::{Options, run};
use crate::disk;
use crate::disk::trial::{Trial, Trouble, Trying};
use crate::failure::{Exit, Failure, Result};
use crate::job::Job;
use crate::publish;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const JOB: &str = r#"
[job]
name = "trouble"
as_of = 2026-11-22
threads = 1
keep_runs = 2
"#;

fn provider(id: &str) -> String {
    format!(
        r#"
[[provider]]
id = "{id}"
name = "{id}"
setting = "general_practice"
files = ["in/{id}.csv"]
[provider.columns]
record_id = "id"
given_name = "given"
family_name = "family"
date_of_birth = "born"
postcode = "postcode"
"#
    )
}

/// Made-up people from `from` on, as one provider has them; every third with a slip in a name.
fn extract(people: std::ops::Range<usize>, slips: bool) -> String {
    const GIVEN: [&str; 7] = ["Asha", "Benedict", "Carys", "Dmitri", "Eleanor", "Farouk", "Gwendolen"];
    const FAMILY: [&str; 11] = [
        "Abernathy",
        "Bhattacharya",
        "Cholmondeley",
        "Dunsany",
        "Ekwueme",
        "Fitzgerald",
        "Goldsmith",
        "Hargreaves",
        "Iyengar",
        "Jellicoe",
        "Kowalczyk",
    ];
    let mut text = String::from("id,given,family,born,postcode\n");
    for at in people {
        let (given, family) = (GIVEN[at % 7], FAMILY[at * 5 % 11]);
        let given = if slips && at % 3 == 0 { &given[..given.len() - 1] } else { given };
        let (year, month, day) = (1930 + at * 7 % 80, at % 12 + 1, at * 11 % 28 + 1);
        text.push_str(&format!(
            "r{at},{given},{family},{year}-{month:02}-{day:02},AB{} {}CD\n",
            at % 9 + 1,
            at % 8 + 1
        ));
    }
    text
}

/// The tables of a run that must not differ, by the hashes of their bytes.
type Tables = BTreeMap<String, String>;

/// In memory where there is such a place: what was synced is the seam's to know, and a real disk would take minutes for it.
fn a_folder() -> TempDir {
    let in_memory = tempfile::tempdir_in("/dev/shm");
    in_memory.or_else(|_| tempfile::tempdir()).expect("a folder for the test")
}

/// A folder with a job, its extracts and its output.
struct Ground(TempDir);

impl Ground {
    /// Before the first night.
    fn new() -> Ground {
        let ground = Ground(a_folder());
        fs::create_dir(ground.path("in")).expect("a folder");
        fs::write(ground.path("job.toml"), [JOB, &provider("gp"), &provider("other")].concat()).expect("a file");
        ground.send(0..60);
        ground
    }

    /// Before the first night of an output that is encrypted.
    fn encrypted() -> Ground {
        let ground = Ground::new();
        crate::keys::new_encryption(&ground.path("output.key")).expect("a file");
        let job = fs::read_to_string(ground.path("job.toml")).expect("it is text");
        let named = job.replacen("[job]\n", "[job]\nencryption_key_file = \"output.key\"\n", 1);
        fs::write(ground.path("job.toml"), named).expect("a file");
        ground
    }

    /// After the first night, with other extracts for the second.
    fn with_a_run() -> Ground {
        Ground::new().after_a_night()
    }

    fn after_a_night(self) -> Ground {
        let ground = self;
        ground.night().expect("the first night");
        ground.send(1..63);
        ground
    }

    fn send(&self, people: std::ops::Range<usize>) {
        fs::write(self.path("in/gp.csv"), extract(people.clone(), false)).expect("a file");
        fs::write(self.path("in/other.csv"), extract(people, true)).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn copy(&self) -> Ground {
        let copy = Ground(a_folder());
        copy_below(self.0.path(), copy.0.path());
        copy
    }

    fn night(&self) -> Result<super::Finished> {
        self.night_that(false)
    }

    fn night_that(&self, resume: bool) -> Result<super::Finished> {
        run(&Job::read(&self.path("job.toml"))?, Options { resume, ..Options::default() })
    }

    /// The tables that stand, each checked against what its run says of it; `None` where nothing was published.
    #[track_caller]
    fn standing(&self) -> Option<Tables> {
        let current = self.path("out/current");
        if !current.is_symlink() {
            return None;
        }
        // It makes the key of the output known, where that has one.
        self.job();
        Some(whole(&current))
    }

    fn job(&self) -> Job {
        Job::read(&self.path("job.toml")).expect("the job is right")
    }

    /// Nothing that was begun and not ended lies about.
    #[track_caller]
    fn nothing_is_unfinished(&self) {
        let mut all = BTreeMap::new();
        list(&self.path("out"), &mut all);
        let left: Vec<&PathBuf> = all.keys().filter(|path| path.to_string_lossy().contains("partial")).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// The night after the trouble publishes `expected`: every other one by going on, with whatever checkpoints there are; gives how many
    /// stages were not done again.
    #[track_caller]
    fn goes_on(&self, at: usize, expected: &Tables) -> usize {
        let (tables, reused) = self.next_night(at);
        assert_eq!(tables, *expected, "change {at}");
        reused
    }

    /// The night after the trouble, whatever it publishes: its tables, and how many stages were not done again.
    #[track_caller]
    fn next_night(&self, at: usize) -> (Tables, usize) {
        let finished = self
            .night_that(at.is_multiple_of(2))
            .unwrap_or_else(|failure| panic!("the night after change {at}: {failure}"));
        self.nothing_is_unfinished();
        assert!(!self.path("out/state/checkpoints").exists());
        (self.standing().expect("it stands"), finished.reused_stages.len())
    }
}

/// The tables of the run in a folder, every file of it checked against what the run says of it.
#[track_caller]
fn whole(folder: &Path) -> Tables {
    let bytes = disk::read(&folder.join("run.json")).expect("run.json stands");
    let run: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
    let mut tables = Tables::new();
    for output in run["outputs"].as_array().expect("a list of outputs") {
        let (name, hash) = (output["file"].as_str().expect("a name"), output["blake3"].as_str().expect("a hash"));
        let bytes = disk::read(&folder.join(name)).expect("what the run names is there");
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), hash, "{name} is not whole");
        if name == "people.parquet" || name == "crosswalk.parquet" || name == "links.parquet" {
            tables.insert(name.to_string(), hash.to_string());
        }
    }
    assert_eq!(tables.len(), 3);
    tables
}

fn copy_below(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("its kind");
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&path).expect("a link"), copy).expect("a link");
        } else if kind.is_dir() {
            fs::create_dir(&copy).expect("a folder");
            copy_below(&path, &copy);
        } else {
            fs::copy(&path, &copy).expect("a file");
        }
    }
}

/// Every path below with its bytes, as the disk has them.
fn list(path: &Path, all: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    let what = if path.is_symlink() {
        Some(fs::read_link(path).expect("a link").as_os_str().as_encoded_bytes().to_vec())
    } else if path.is_dir() {
        fs::read_dir(path).expect("a folder").flatten().for_each(|entry| list(&entry.path(), all));
        None
    } else {
        Some(fs::read(path).expect("a file"))
    };
    all.insert(path.to_path_buf(), what);
}

/// What the first and the second night publish, and how many changes of the disk the second one makes.
fn undisturbed(before: &Ground) -> (Tables, Tables, usize) {
    let first = before.standing().expect("the first night stands");
    let ground = before.copy();
    let trial = Trial::begin(ground.0.path(), Trouble::Nothing);
    ground.night().expect("nothing is in its way");
    let second = ground.standing().expect("the second night stands");
    assert_ne!(first, second);
    (first, second, trial.changes())
}

/// Has the trouble in a second night; gives how that ended.
fn with_trouble(before: &Ground, trouble: Trouble) -> (Ground, Result<super::Finished>) {
    trouble_in(before, trouble, Ground::night)
}

/// Has the trouble in `what`; gives how that ended.
fn trouble_in<T>(before: &Ground, trouble: Trouble, what: impl FnOnce(&Ground) -> Result<T>) -> (Ground, Result<T>) {
    let ground = before.copy();
    let trial = Trial::begin(ground.0.path(), trouble);
    let ended = what(&ground);
    drop(trial);
    (ground, ended)
}

/// Either run stands, whole; a failure says that nothing was published.
#[track_caller]
fn either<T>(ground: &Ground, ended: &Result<T>, first: &Tables, second: &Tables) {
    let standing = ground.standing().expect("something stands");
    match ended {
        Ok(_) => assert_eq!(standing, *second, "a run that ends well stands"),
        Err(failure) => {
            assert_eq!(failure.code.exit, Exit::Resource, "{failure}");
            assert_eq!(standing, *first, "{failure}");
        }
    }
}

/// What stands in the ground is what the seam was told of.
#[track_caller]
fn same(ground: &Ground, trial: &Trying) {
    let mut all = BTreeMap::new();
    list(ground.0.path(), &mut all);
    let known = trial.shadow().now();
    let differing: Vec<&PathBuf> =
        all.keys().chain(known.keys()).filter(|path| all.get(*path) != known.get(*path)).collect();
    assert!(differing.is_empty(), "changed by another way: {differing:?}");
}

#[test]
fn every_change_of_the_disk_goes_through_the_seam() {
    let ground = Ground::new();
    let trial = Trial::begin(ground.0.path(), Trouble::Nothing);
    ground.night().expect("the first night");
    same(&ground, &trial);
    drop(trial);
    ground.send(1..63);
    let trial = Trial::begin(ground.0.path(), Trouble::Nothing);
    for _ in 0..3 {
        ground.night().expect("a later night, which removes older runs");
    }
    let job = ground.job();
    super::train(&job, None, None, super::Show::Nothing).expect("a training");
    super::rollback(&job, "2026-11-22-03", Waived::default(), super::Show::Nothing).expect("a way back");
    same(&ground, &trial);
}

#[test]
fn a_change_that_fails_leaves_one_night_whole_and_the_next_one_is_fine() {
    let before = Ground::with_a_run();
    let (first, second, changes) = undisturbed(&before);
    assert!(changes >= 50, "only {changes} fail points");
    for at in 0..changes {
        let (ground, ended) = with_trouble(&before, Trouble::Fails(at));
        either(&ground, &ended, &first, &second);
        ground.goes_on(at, &second);
    }
}

#[test]
fn a_disk_that_is_full_from_any_change_on_leaves_one_night_whole_and_the_next_one_is_fine() {
    let before = Ground::with_a_run();
    let (first, second, changes) = undisturbed(&before);
    for at in 0..changes {
        let (ground, ended) = with_trouble(&before, Trouble::Full(at));
        either(&ground, &ended, &first, &second);
        if let Err(Failure { code, .. }) = &ended {
            assert_eq!(code.id, "OF0401", "change {at}");
        }
        ground.goes_on(at, &second);
    }
}

#[test]
fn a_kill_at_any_change_leaves_one_night_whole_and_the_next_one_is_fine() {
    let before = Ground::with_a_run();
    let (first, second, changes) = undisturbed(&before);
    let (mut published, mut reused) = (0, 0);
    for at in 0..changes {
        let (ground, _) = with_trouble(&before, Trouble::Killed(at));
        let standing = ground.standing().expect("something stands");
        assert!(standing == first || standing == second, "change {at}");
        published += usize::from(standing == second);
        reused += ground.goes_on(at, &second);
    }
    assert!(reused > 0, "no stage was reused");
    println!("{changes} changes of the disk, {reused} stages not done again");
    assert!(published > 0 && published < changes, "{published} of {changes} were published when they were killed");
}

#[test]
fn trouble_of_any_kind_leaves_one_night_of_an_encrypted_output_whole() {
    let before = Ground::encrypted().after_a_night();
    let (first, second, changes) = undisturbed(&before);
    for (kind, step) in [(Trouble::Killed as fn(usize) -> Trouble, 7), (Trouble::Fails, 29), (Trouble::Full, 31)] {
        for at in (0..changes).step_by(step) {
            let (ground, ended) = with_trouble(&before, kind(at));
            match kind(at) {
                Trouble::Killed(_) => assert!(ground.standing().is_some_and(|now| now == first || now == second)),
                _ => either(&ground, &ended, &first, &second),
            }
            ground.goes_on(at, &second);
            let (_, open) = disk::survey(&ground.path("out")).expect("it can be read");
            assert!(open.is_empty(), "change {at} left open: {open:?}");
        }
    }
    for at in (0..=changes).step_by(13) {
        let ground = power_cut(&before, at, &mut dice(at as u64));
        assert!(ground.standing().is_some_and(|now| now == first || now == second), "power cut at {at}");
        ground.goes_on(at, &second);
    }
}

/// A report of the run that stands, made anew.
fn report(ground: &Ground) -> Result<super::ReportAgain> {
    super::report(&Job::read(&ground.path("job.toml"))?, None, Waived::default(), super::Show::Nothing)
}

#[test]
fn a_kill_at_any_change_of_a_report_leaves_the_one_that_stood_or_the_new_one() {
    let before = Ground::new();
    before.night().expect("a night");
    // Half of the people object since.
    let objecting: String = (0..30).map(|at| format!("gp,r{at}\n")).collect();
    fs::write(before.path("objections.csv"), format!("provider,record_id\n{objecting}")).expect("a file");
    let job = fs::read_to_string(before.path("job.toml")).expect("it is text");
    let objects = "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n";
    fs::write(before.path("job.toml"), format!("{job}\n{objects}")).expect("a file");
    let whole = before.copy();
    let trial = Trial::begin(whole.0.path(), Trouble::Nothing);
    report(&whole).expect("nothing is in its way");
    let changes = trial.changes();
    drop(trial);
    let page = |ground: &Ground| fs::read(ground.path("out/current/report.html")).expect("it stands");
    let (old, new) = (page(&before), page(&whole));
    assert!(old != new);
    let mut made = 0;
    let moments: Vec<usize> = (0..changes).rev().step_by(4).collect();
    for &at in &moments {
        let ground = before.copy();
        let trial = Trial::begin(ground.0.path(), Trouble::Killed(at));
        let _ = report(&ground);
        drop(trial);
        let lock = publish::Lock::acquire(&ground.path("out"), "report").expect("nobody holds it");
        publish::recover(&lock).expect("it can be put in order");
        drop(lock);
        // All that run.json names is what it says.
        ground.standing().expect("a run stands");
        let now = page(&ground);
        assert!(now == old || now == new, "change {at}");
        made += usize::from(now == new);
        let mut all = BTreeMap::new();
        list(&ground.path("out/runs"), &mut all);
        let is_left = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "partial" || kind == "anew");
        assert!(!all.keys().any(is_left), "change {at}");
    }
    assert!(made > 0 && made < moments.len(), "{made} of {} were made when they were killed", moments.len());
}

#[test]
fn a_kill_at_any_change_of_the_first_night_leaves_nothing_in_the_way() {
    let before = Ground::new();
    let whole = before.copy();
    let trial = Trial::begin(whole.0.path(), Trouble::Nothing);
    whole.night().expect("nothing is in its way");
    for at in (0..trial.changes()).step_by(2) {
        let (ground, _) = with_trouble(&before, Trouble::Killed(at));
        let _ = ground.standing();
        ground.night_that(at.is_multiple_of(4)).unwrap_or_else(|failure| panic!("change {at}: {failure}"));
        let people =
            |ground: &Ground| fs::metadata(ground.path("out/current/people.parquet")).expect("it stands").len();
        assert!(ground.standing().is_some() && people(&ground) > 0);
        ground.nothing_is_unfinished();
    }
}

/// A number up to and including `n`, from a seed.
fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |n| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % (n as u64 + 1)) as usize
    }
}

/// What gets to the disk, in turn: nothing that was not synced, all of it, or some.
fn getting_there(turn: usize) -> impl FnMut(usize) -> usize {
    let mut some = dice(turn as u64);
    move |n| match turn % 4 {
        0 => 0,
        1 => n,
        _ => some(n),
    }
}

/// Cuts the power at the change `at` of a night; `among` says what has got to the disk by then.
fn power_cut(before: &Ground, at: usize, among: &mut dyn FnMut(usize) -> usize) -> Ground {
    power_cut_in(before, at, Ground::night, among)
}

/// The same at the change `at` of `what`.
fn power_cut_in<T>(
    before: &Ground,
    at: usize,
    what: impl FnOnce(&Ground) -> Result<T>,
    among: &mut dyn FnMut(usize) -> usize,
) -> Ground {
    let ground = before.copy();
    let trial = Trial::begin(ground.0.path(), Trouble::Killed(at));
    let _ = what(&ground);
    let shadow = trial.shadow();
    drop(trial);
    let after = Ground(a_folder());
    fs::remove_dir(after.0.path()).expect("it is empty");
    shadow.after_a_power_cut(after.0.path(), among);
    after
}

#[test]
fn a_power_cut_at_any_change_leaves_one_night_whole_and_the_next_one_is_fine() {
    let before = Ground::with_a_run();
    let (first, second, changes) = undisturbed(&before);
    for at in 0..=changes {
        let ground = power_cut(&before, at, &mut getting_there(at));
        let standing = ground.standing().expect("something stands");
        assert!(standing == first || standing == second, "change {at}");
        assert!(at < changes || standing == second, "what was said to be published stands");
        ground.goes_on(at, &second);
    }
}

#[test]
fn a_power_cut_in_or_after_the_first_night_leaves_nothing_in_the_way() {
    let before = Ground::new();
    let whole = before.copy();
    let trial = Trial::begin(whole.0.path(), Trouble::Nothing);
    whole.night().expect("nothing is in its way");
    let changes = trial.changes();
    for at in (0..changes).step_by(5).chain([changes]) {
        for seed in [None, Some(at as u64)] {
            let ground = match seed {
                None => power_cut(&before, at, &mut |_| 0),
                Some(seed) => power_cut(&before, at, &mut dice(seed)),
            };
            let standing = ground.standing();
            assert!(at < changes || standing.is_some(), "what was said to be published stands");
            ground.night_that(at.is_multiple_of(2)).unwrap_or_else(|failure| panic!("change {at}: {failure}"));
            assert!(standing.is_none_or(|standing| ground.standing() == Some(standing)), "nobody has got another id");
            ground.nothing_is_unfinished();
        }
    }
}
