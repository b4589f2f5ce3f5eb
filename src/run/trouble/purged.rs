//! Kept runs written anew without somebody who objects: side by side and one at a time, and where there is no room for one beside another.

use super::{Ground, JOB, a_folder, list, provider};
use crate::consent;
use crate::disk::trial::{Trial, Trouble};
use crate::job::Job;
use crate::publish::Lock;
use crate::run::interrupt::Guard;
use crate::run::progress::{Progress, Show};
use crate::run::purge::Purge;
use crate::run::withhold::Objecting;
use crate::run::{Purged, ledger, on_threads};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

const OBJECTIONS: &str = "\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n";
const KEPT: &str = "keep_runs = 5";

/// After three nights; somebody who is in all of them has objected since.
fn after_three_nights() -> Ground {
    let ground = Ground(a_folder());
    fs::create_dir(ground.path("in")).expect("a folder");
    let job = JOB.replace("keep_runs = 2", KEPT);
    let text = [job.as_str(), &provider("gp"), &provider("other"), OBJECTIONS].concat();
    fs::write(ground.path("job.toml"), text).expect("a file");
    ground.object("");
    for people in [0..60, 1..63, 2..64] {
        ground.send(people);
        ground.night().expect("nothing is in its way");
    }
    ground.object("gp,r30\n");
    ground
}

/// Looks through the kept runs but the last one, on two threads.
fn purged(ground: &Ground) -> (Vec<Purged>, Vec<String>) {
    let job = ground.job();
    on_threads(&Job { threads: 2, ..job.clone() }, || {
        let lock = Lock::acquire(&job.output, "purge")?;
        let known = ledger(&job)?;
        let (by, runs) = known.runs().split_last().expect("there were nights");
        let (authority, objecting) = (consent::read(&job)?, Objecting::default());
        let interrupt = Guard::watch_untold(lock.output());
        let (job, lock, authority, objecting, interrupt) = (&job, &lock, &authority, &objecting, &interrupt);
        let purge = Purge { job, lock, by, runs, authority, objecting, interrupt };
        Ok(purge.kept_runs(&Progress::new(Show::Nothing)))
    })
    .expect("it begins")
}

/// Every file of all kept runs, with its bytes.
fn kept(ground: &Ground) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut all = BTreeMap::new();
    list(&ground.path("out/runs"), &mut all);
    let below = |path: PathBuf| path.strip_prefix(ground.0.path()).expect("it stands there").to_path_buf();
    all.into_iter().map(|(path, bytes)| (below(path), bytes)).collect()
}

#[test]
fn kept_runs_written_anew_one_at_a_time_are_the_same_bytes() {
    let before = after_three_nights();
    let [both, limited] = [before.copy(), before.copy()];
    let job = fs::read_to_string(limited.path("job.toml")).expect("it is text");
    let within = job.replace(KEPT, "keep_runs = 5\nmemory_limit = \"1 GiB\"");
    assert_ne!(job, within);
    fs::write(limited.path("job.toml"), within).expect("a file");
    let (gone, warnings) = purged(&both);
    let runs: Vec<&str> = gone.iter().map(|run| run.run_id.as_str()).collect();
    assert_eq!(runs, ["2026-11-22-01", "2026-11-22-02"]);
    assert!(gone.iter().all(|run| run.people == 1 && run.rows > 0), "{gone:?}");
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(purged(&limited), (gone, warnings));
    assert!(kept(&both) == kept(&limited) && kept(&both) != kept(&before));
}

/// Both are begun before either is in its place, so that the second one finds no room. It is begun again alone, and the first one is not.
#[test]
fn a_kept_run_that_has_no_room_beside_another_is_written_anew_after_it() {
    let before = after_three_nights();
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
    // A draft takes dozens of changes; that of which there was no room ended with its first.
    assert!(more.is_some_and(|more| (1..10).contains(&more)), "{more:?} changes more than {changes}");
    assert!(kept(&crowded) == kept(&undisturbed));
}
