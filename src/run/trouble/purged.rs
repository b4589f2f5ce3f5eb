//! Kept runs written anew without somebody who objects: side by side and one at a time, several of the same tables, and where there is no room for one
//! beside another.

use super::{Ground, Tables, dice, list, power_cut_in, same, trouble_in, whole};
use crate::consent;
use crate::disk;
use crate::disk::trial::{Trial, Trouble};
use crate::failure::Result;
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crate::publish::{self, Lock};
use crate::run::interrupt::Guard;
use crate::run::progress::{Progress, Show};
use crate::run::purge::Purge;
use crate::run::withhold::Objecting;
use crate::run::{Purged, earlier, ledger, on_threads};
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

const OBJECTIONS: &str = "\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n";
const KEPT: &str = "keep_runs = 5";
/// The first nights.
const RUNS: [&str; 3] = ["2026-11-22-01", "2026-11-22-02", "2026-11-22-03"];

/// After nights of these people; somebody who is in all of them has objected since.
fn after_nights(ground: Ground, nights: &[Range<usize>]) -> Ground {
    let job = fs::read_to_string(ground.path("job.toml")).expect("it is text");
    fs::write(ground.path("job.toml"), job.replace("keep_runs = 2", KEPT) + OBJECTIONS).expect("a file");
    ground.object("");
    for people in nights {
        ground.send(people.clone());
        ground.night().expect("nothing is in its way");
    }
    ground.object("gp,r30\n");
    ground
}

fn after_three_nights() -> Ground {
    after_nights(Ground::new(), &[0..60, 1..63, 2..64])
}

/// Between the second night and the third nothing has changed.
fn after_a_night_without_changes(ground: Ground) -> Ground {
    after_nights(ground, &[0..60, 1..63, 1..63, 2..64])
}

/// Lets it have one run at a time.
fn limit_memory(ground: &Ground) {
    let job = fs::read_to_string(ground.path("job.toml")).expect("it is text");
    let within = job.replace(KEPT, "keep_runs = 5\nmemory_limit = \"1 GiB\"");
    assert_ne!(job, within);
    fs::write(ground.path("job.toml"), within).expect("a file");
}

/// Looks through the kept runs but the last one.
fn purged_on(threads: usize, ground: &Ground) -> Result<(Vec<Purged>, Vec<String>)> {
    let job = ground.job();
    on_threads(&Job { threads, ..job.clone() }, || {
        let lock = Lock::acquire(&job.output, "purge")?;
        let known = ledger(&job)?;
        let (by, runs) = known.runs().split_last().expect("there were nights");
        let (authority, objecting) = (consent::read(&job)?, Objecting::default());
        let interrupt = Guard::watch_untold(lock.output());
        let (job, lock, authority, objecting, interrupt) = (&job, &lock, &authority, &objecting, &interrupt);
        let purge = Purge { job, lock, by, runs, authority, objecting, interrupt };
        Ok(purge.kept_runs(&Progress::new(Show::Nothing)))
    })
}

fn purged(ground: &Ground) -> (Vec<Purged>, Vec<String>) {
    purged_on(2, ground).expect("it begins")
}

fn ids(gone: &[Purged]) -> Vec<&str> {
    gone.iter().map(|run| run.run_id.as_str()).collect()
}

fn folder(ground: &Ground, run: &str) -> PathBuf {
    ground.path("out/runs").join(run)
}

/// Every file of all kept runs, with its bytes.
fn kept(ground: &Ground) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut all = BTreeMap::new();
    list(&ground.path("out/runs"), &mut all);
    let below = |path: PathBuf| path.strip_prefix(ground.0.path()).expect("it stands there").to_path_buf();
    all.into_iter().map(|(path, bytes)| (below(path), bytes)).collect()
}

/// The same of one run.
fn kept_of(ground: &Ground, run: &str) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    kept(ground).into_iter().filter(|(path, _)| path.iter().any(|part| part == run)).collect()
}

/// The tables of the first nights, every file of theirs checked against what its run says of it.
#[track_caller]
fn tables(ground: &Ground) -> [Tables; 3] {
    RUNS.map(|run| whole(&folder(ground, run)))
}

/// How many of the runs but the last one are written anew at once, as they hold the same tables.
fn at_once(ground: &Ground) -> Vec<usize> {
    // It makes the key of the output known, where that has one.
    ground.job();
    let runs = PublishedRun::all_kept(&ground.path("out")).expect("runs can be listed");
    let (_, before) = runs.split_last().expect("there were nights");
    earlier::alike(before).into_iter().map(|group| group.len()).collect()
}

/// Writes two kept runs anew where there is room for one at a time, which comes to the same as anywhere; gives how many more changes of the disk that is.
#[track_caller]
fn crowded(before: &Ground) -> Option<usize> {
    let undisturbed = before.copy();
    let trial = Trial::begin(undisturbed.0.path(), Trouble::Nothing);
    let expected = purged(&undisturbed);
    let changes = trial.changes();
    drop(trial);
    assert_eq!((expected.0.len(), expected.1.len()), (2, 0), "{expected:?}");
    let crowded = before.copy();
    let trial = Trial::begin(crowded.0.path(), Trouble::RoomForOne);
    assert_eq!(purged(&crowded), expected);
    let more = trial.changes().checked_sub(changes);
    drop(trial);
    assert!(kept(&crowded) == kept(&undisturbed));
    more
}

#[test]
fn kept_runs_written_anew_one_at_a_time_are_the_same_bytes() {
    let before = after_three_nights();
    let [both, limited] = [before.copy(), before.copy()];
    limit_memory(&limited);
    let (gone, warnings) = purged(&both);
    assert_eq!(ids(&gone), RUNS[..2]);
    assert!(gone.iter().all(|run| run.people == 1 && run.rows > 0), "{gone:?}");
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(purged(&limited), (gone, warnings));
    assert!(kept(&both) == kept(&limited) && kept(&both) != kept(&before));
}

/// Both are begun before either is in its place, so that the second one finds no room. It is begun again alone, and the first one is not.
#[test]
fn a_kept_run_that_has_no_room_beside_another_is_written_anew_after_it() {
    let more = crowded(&after_three_nights());
    // A draft takes dozens of changes; that of which there was no room ended with its first.
    assert!(more.is_some_and(|more| (1..10).contains(&more)), "{more:?} changes more");
}

/// Who objects is in no kept run, in the first, in the first and the third, or in all.
#[test]
fn kept_runs_of_which_nobody_goes_stay_as_they_are_and_keep_no_others_apart() {
    let before = after_nights(Ground::new(), &[0..60, 1..61, 2..62, 3..63]);
    for (objecting, goes) in [
        ("gp,r62\n", [false; 3]),
        ("gp,r0\n", [true, false, false]),
        ("gp,r0\ngp,r61\n", [true, false, true]),
        ("gp,r30\n", [true; 3]),
    ] {
        let [both, limited] = [before.copy(), before.copy()];
        [&both, &limited].iter().for_each(|ground| ground.object(objecting));
        limit_memory(&limited);
        let (gone, warnings) = purged(&both);
        let losing: Vec<&str> = RUNS.into_iter().zip(goes).filter(|(_, goes)| *goes).map(|(run, _)| run).collect();
        assert_eq!(ids(&gone), losing, "{objecting:?}");
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(purged(&limited), (gone, warnings));
        assert!(kept(&both) == kept(&limited));
        for (run, goes) in RUNS.into_iter().zip(goes) {
            assert_eq!(kept_of(&both, run) != kept_of(&before, run), goes, "{objecting:?}, {run}");
        }
    }
    // The first and the third are written side by side, though the second stands between them.
    before.object("gp,r0\ngp,r61\n");
    let more = crowded(&before);
    assert!(more.is_some_and(|more| (1..10).contains(&more)), "{more:?} changes more");
}

#[test]
fn kept_runs_of_the_same_tables_come_out_as_each_by_itself() {
    let before = after_a_night_without_changes(Ground::new());
    assert_eq!(at_once(&before), [1, 2]);
    let [together, limited, apart] = [before.copy(), before.copy(), before.copy()];
    limit_memory(&limited);
    // There is no such provider, so that nothing hangs on it; but the second run does not say the same as the third any more.
    let place = folder(&apart, RUNS[1]).join("run.json");
    let told = fs::read(&place).expect("it stands");
    let mut told: serde_json::Value = serde_json::from_slice(&told).expect("it is JSON");
    told["settings"]["numbered_rows"] = serde_json::json!(["nobody"]);
    fs::write(place, told.to_string()).expect("a file");
    assert_eq!(at_once(&apart), [1, 1, 1]);

    let (gone, warnings) = purged(&together);
    assert_eq!(ids(&gone), RUNS);
    assert!(gone.iter().all(|run| run.people == 1 && run.rows > 0), "{gone:?}");
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(purged(&limited), (gone.clone(), warnings.clone()));
    assert!(kept(&together) == kept(&limited));
    assert_eq!(purged(&apart), (gone, warnings));
    assert_eq!(tables(&together), tables(&apart));
    for run in [RUNS[0], RUNS[2]] {
        assert!(kept_of(&together, run) == kept_of(&apart, run), "{run}");
    }
}

/// What is written for several is read from the first of them, which is held against its hashes; of the others' own tables nothing is read.
#[test]
fn no_damage_gets_from_one_kept_run_into_another() {
    let before = after_a_night_without_changes(Ground::new());
    let [undisturbed, first, second] = [before.copy(), before.copy(), before.copy()];
    let expected = purged(&undisturbed);
    for (ground, run) in [(&first, RUNS[1]), (&second, RUNS[2])] {
        let people = folder(ground, run).join("people.parquet");
        let bytes = fs::metadata(&people).expect("it stands").len();
        fs::write(people, vec![0u8; bytes as usize]).expect("a file");
    }
    assert_eq!(at_once(&first), [1, 1, 1]);
    let (gone, warnings) = purged(&first);
    assert_eq!(ids(&gone), [RUNS[0], RUNS[2]]);
    let names_it = |warning: &String| warning.starts_with("run 2026-11-22-02 may still hold rows of people who object");
    assert!(warnings.len() == 1 && names_it(&warnings[0]), "{warnings:?}");
    assert_eq!(whole(&folder(&first, RUNS[2])), whole(&folder(&undisturbed, RUNS[2])));

    assert_eq!(purged(&second), expected);
    assert!(kept(&second) == kept(&undisturbed));
}

#[test]
fn kept_runs_of_the_same_tables_that_have_no_room_beside_another_are_written_anew_after_it() {
    let before = after_a_night_without_changes(Ground::new());
    let [undisturbed, crowded] = [before.copy(), before.copy()];
    let expected = purged(&undisturbed);
    let trial = Trial::begin(crowded.0.path(), Trouble::RoomForOne);
    assert_eq!(purged(&crowded), expected);
    drop(trial);
    assert!(kept(&crowded) == kept(&undisturbed));
}

#[test]
fn trouble_leaves_each_of_the_kept_runs_of_the_same_tables_whole() {
    let before = after_a_night_without_changes(Ground::new());
    let purge = |ground: &Ground| purged_on(1, ground);
    let undisturbed = before.copy();
    let trial = Trial::begin(undisturbed.0.path(), Trouble::Nothing);
    purge(&undisturbed).expect("nothing is in its way");
    same(&undisturbed, &trial);
    let changes = trial.changes();
    drop(trial);
    let (old, new) = (tables(&before), tables(&undisturbed));
    println!("{changes} changes of the disk");
    for (turn, at) in (0..changes).step_by(9).enumerate() {
        let ground = match turn % 4 {
            0 => trouble_in(&before, Trouble::Killed(at), purge).0,
            1 => trouble_in(&before, Trouble::Fails(at), purge).0,
            2 => trouble_in(&before, Trouble::Full(at), purge).0,
            _ => power_cut_in(&before, at, purge, &mut dice(at as u64)),
        };
        let lock = Lock::acquire(&ground.path("out"), "purge").expect("nobody holds it");
        publish::recover(&lock).expect("it can be put in order");
        drop(lock);
        for (now, (old, new)) in tables(&ground).iter().zip(old.iter().zip(&new)) {
            assert!(now == old || now == new, "change {at}");
        }
        ground.night().unwrap_or_else(|failure| panic!("the night after change {at}: {failure}"));
        assert_eq!(tables(&ground), new, "change {at}");
        ground.is_in_order();
    }
}

#[test]
fn kept_runs_of_the_same_tables_of_an_encrypted_output_stay_encrypted() {
    let ground = after_a_night_without_changes(Ground::encrypted());
    assert_eq!(at_once(&ground), [1, 2]);
    let (gone, warnings) = purged(&ground);
    assert_eq!(ids(&gone), RUNS);
    assert_eq!(warnings, Vec::<String>::new());
    let [first, second, third] = tables(&ground);
    assert!(first != second && second == third);
    let (_, open) = disk::survey(&ground.path("out")).expect("it can be read");
    assert!(open.is_empty(), "left open: {open:?}");
}
