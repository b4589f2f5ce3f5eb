//! The same of a fuller night: of a provider that sends only changes, of somebody who objects since and has to go from the run before and from all
//! that is kept, and of a release.

use super::{
    Ground, JOB, Tables, a_folder, dice, either, extract, getting_there, list, power_cut, provider, same, whole,
    with_trouble,
};
use crate::disk::trial::{Trial, Trouble};
use crate::publish::published::PublishedRun;
use crate::{audit, keys, policy};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// The first run, which holds somebody who objects since.
pub(super) const FIRST: &str = "2026-11-22-01";
/// The record that the objection names.
const OBJECTING: &str = "r30";
/// So many changes come between the run's standing and the first run's being written anew, and some more.
const SOON: usize = 60;

/// What such a job has beside providers.
const MORE: &str = r#"
[[opt_out]]
kind = "local"
files = ["objections.csv"]
[policy]
governance_lead_key = "lead.key.pub"
[[approver]]
name = "Ann"
role = "governance_lead"
[[release]]
id = "care"
recipient = "The hospice"
recipient_kind = "nhs"
purpose = "direct_care"
content = "people"
identifiers = "pseudonym"
columns = ["year_of_birth"]
minimum_count = 1
approvals = ["governance_lead"]
legal_basis = { article_6 = "6(1)(e)", article_9 = "9(2)(h)", confidentiality = "section_251", agreement = "DSA-1" }
valid_until = 2027-03-31
"#;

impl Ground {
    /// Before the first night.
    fn fuller() -> Ground {
        let ground = Ground(a_folder());
        fs::create_dir(ground.path("in")).expect("a folder");
        keys::new(&ground.path("lead.key")).expect("a key");
        // With a limit extracts are kept by the thread of the night itself, so that its changes come in the same order each time.
        let job = JOB.replace("keep_runs = 2", "keep_runs = 5\nmemory_limit = \"100 GiB\"");
        let hospice = provider("hospice").replace(
            "files = [\"in/hospice.csv\"]",
            "files = [\"in/hospice-*.csv\"]\nmode = \"changes\"\ndeleted = { column = \"op\", values = [\"D\"] }",
        );
        let text = [job.as_str(), &provider("gp"), &provider("other"), &hospice, MORE].concat();
        fs::write(ground.path("job.toml"), text).expect("a file");
        fs::write(ground.path("objections.csv"), "provider,record_id\n").expect("a file");
        ground.send(0..60);
        ground.tell(1, (20..40).map(|at| ("", at, at)));
        ground
    }

    /// After the first night: others come, somebody objects, and the release is agreed to.
    pub(super) fn fuller_with_a_run() -> Ground {
        let ground = Ground::fuller().after_a_night();
        ground.tell(2, [("D", 25, 25), ("", 26, 50), ("", 41, 41), ("", 42, 42)].into_iter());
        ground.object(&format!("hospice,{OBJECTING}\n"));
        let job = ground.job();
        let lead = keys::read_private(&ground.path("lead.key")).expect("a key");
        let agreed = policy::signed(&job, &job.releases[0], ["Ann", "governance_lead"], &lead);
        policy::write_approvals(&job.policy.approvals_file, &[agreed]).expect("a file");
        ground
    }

    /// Writes an extract of the provider that sends changes: of each row the mark, the number in its record_id, and whose values it has.
    fn tell(&self, nth: usize, rows: impl Iterator<Item = (&'static str, usize, usize)>) {
        let row = |(mark, id, person): (&str, usize, usize)| {
            let text = extract(person..person + 1, false);
            let (_, values) = text.lines().nth(1).and_then(|line| line.split_once(',')).expect("a row");
            format!("{mark},r{id},{values}\n")
        };
        let rows: String = rows.map(row).collect();
        let text = format!("op,id,given,family,born,postcode\n{rows}");
        fs::write(self.path(&format!("in/hospice-{nth}.csv")), text).expect("a file");
    }

    /// These records, line by line, are those of people who object.
    pub(super) fn object(&self, records: &str) {
        fs::write(self.path("objections.csv"), format!("provider,record_id\n{records}")).expect("a file");
    }

    /// What a run has read that is published its provider may take away.
    fn changes_are_taken_away(&self) {
        for nth in 1..=2 {
            let _ = fs::remove_file(self.path(&format!("in/hospice-{nth}.csv")));
        }
    }

    fn kept_runs(&self) -> Vec<PublishedRun> {
        PublishedRun::all_kept(&self.path("out")).expect("runs can be listed")
    }

    /// Every kept run is whole, the audit is of these runs, and nothing waits to be finished.
    #[track_caller]
    pub(super) fn is_in_order(&self) {
        let job = self.job();
        self.kept_runs().iter().for_each(|run| drop(whole(&run.folder)));
        let faults = audit::verify(&job, None).expect("the audit can be read").faults;
        assert!(faults.is_empty(), "{faults:?}");
        self.nothing_is_unfinished();
        let mut all = BTreeMap::new();
        list(&self.path("out"), &mut all);
        let waits = |path: &&PathBuf| path.ends_with("next") || path.to_string_lossy().ends_with(".anew");
        let waiting: Vec<&PathBuf> = all.keys().filter(waits).collect();
        assert!(waiting.is_empty(), "{waiting:?}");
    }

    /// The release has left with the run that stands, whole.
    #[track_caller]
    pub(super) fn has_released(&self) {
        let run = PublishedRun::current(&self.job()).expect("a run stands");
        let told = run.told().expect("it is JSON");
        let release = &told["releases"][0];
        assert_eq!(release["outcome"], "released", "{release}");
        for file in release["files"].as_array().expect("a list of files") {
            let name = file["file"].as_str().expect("a name");
            let bytes = run.bytes(&format!("releases/care/{name}")).expect("what the run names is there");
            assert_eq!(blake3::hash(&bytes).to_hex().as_str(), file["blake3"], "{name} is not whole");
        }
    }
}

/// Provider and record_id of the rows of a table.
fn rows(run: &PublishedRun, table: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let read = run.each(table, &["provider", "record_id"], |rows| {
        let (provider, record) = (rows.text("provider")?, rows.text("record_id")?);
        found.extend((0..rows.len()).map(|row| (provider.value(row).to_string(), record.value(row).to_string())));
        Ok(())
    });
    read.expect("the table can be read");
    found
}

/// A ground before its second night, and what that one comes to where nothing is in its way.
struct Before {
    ground: Ground,
    first: Tables,
    second: Tables,
    /// Of the night after it, for which the provider has taken its changes away.
    third: Tables,
    /// What the second night leaves of the first run.
    purged: Tables,
    /// The rows that it withholds.
    withheld: BTreeSet<(String, String)>,
    changes: usize,
    /// The first change from which on a kill leaves the second run standing.
    published: usize,
}

impl Before {
    fn second_night() -> Before {
        let ground = Ground::fuller_with_a_run();
        let first = ground.standing().expect("the first night stands");
        let after = ground.copy();
        let trial = Trial::begin(after.0.path(), Trouble::Nothing);
        let finished = after.night().expect("nothing is in its way");
        same(&after, &trial);
        let changes = trial.changes();
        drop(trial);
        let second = after.standing().expect("the second night stands");
        assert_ne!(first, second);
        let purged: Vec<&str> = finished.purged.iter().map(|run| run.run_id.as_str()).collect();
        assert_eq!(purged, [FIRST]);
        after.has_released();
        let run = PublishedRun::current(&after.job()).expect("it stands");
        let withheld = rows(&run, "withheld.parquet");
        assert!(withheld.contains(&("hospice".to_string(), OBJECTING.to_string())));
        let purged = whole(&after.path("out/runs").join(FIRST));
        after.changes_are_taken_away();
        after.night().expect("the third night");
        let third = after.standing().expect("the third night stands");
        let stands =
            |at: usize| with_trouble(&ground, Trouble::Killed(at)).0.standing().is_some_and(|now| now == second);
        let (mut published, mut end) = (0, changes);
        while published < end {
            let middle = published + (end - published) / 2;
            (published, end) = if stands(middle) { (published, middle) } else { (middle + 1, end) };
        }
        println!("{changes} changes of the disk, {} of them after the run stands", changes - published);
        assert!(published > 0 && published < changes);
        Before { ground, first, second, third, purged, withheld, changes, published }
    }

    /// Some changes of the night: of those before its run stands few, as other tests are of these, too; every `step`th of those that come next, where
    /// what providers have told is put in place and whoever objects is taken out of what is kept; and some of the first run's being written anew.
    fn places(&self, from: usize, step: usize) -> impl Iterator<Item = usize> {
        let soon = (self.published + SOON).min(self.changes);
        let before = (from..self.published).step_by(17);
        before.chain((self.published..soon).step_by(step)).chain((soon + from..=self.changes).step_by(11))
    }

    #[track_caller]
    fn one_stands(&self, ground: &Ground, at: usize) {
        let standing = ground.standing().expect("something stands");
        assert!(standing == self.first || standing == self.second, "change {at}");
    }

    /// The night after the trouble publishes what one does that had none, though the provider has taken away the changes that a published run has
    /// read; and then whoever objects is in no run and in nothing that is held.
    #[track_caller]
    fn goes_on(&self, ground: &Ground, at: usize) {
        if ground.standing().as_ref() == Some(&self.second) {
            ground.changes_are_taken_away();
        }
        let (tables, _) = ground.next_night(at);
        assert!(tables == self.second || tables == self.third, "change {at}");
        assert_eq!(whole(&ground.path("out/runs").join(FIRST)), self.purged, "change {at}");
        for run in ground.kept_runs() {
            assert!(rows(&run, "crosswalk.parquet").is_disjoint(&self.withheld), "run {}, change {at}", run.run_id);
        }
        let held = fs::read_to_string(ground.path("out/state/changes/hospice/standing.csv")).expect("it is text");
        assert!(!held.lines().any(|line| line.split(',').any(|value| value == OBJECTING)), "change {at}");
        ground.is_in_order();
        ground.has_released();
    }
}

#[test]
fn a_change_that_fails_leaves_one_fuller_night_whole_and_the_next_one_is_fine() {
    let before = Before::second_night();
    for at in before.places(0, 1) {
        let (ground, ended) = with_trouble(&before.ground, Trouble::Fails(at));
        either(&ground, &ended, &before.first, &before.second);
        before.goes_on(&ground, at);
    }
}

#[test]
fn a_disk_that_is_full_leaves_one_fuller_night_whole_and_the_next_one_is_fine() {
    let before = Before::second_night();
    for at in before.places(1, 4) {
        let (ground, ended) = with_trouble(&before.ground, Trouble::Full(at));
        either(&ground, &ended, &before.first, &before.second);
        before.goes_on(&ground, at);
    }
}

#[test]
fn a_kill_leaves_one_fuller_night_whole_and_the_next_one_is_fine() {
    let before = Before::second_night();
    for at in before.places(2, 2) {
        let (ground, _) = with_trouble(&before.ground, Trouble::Killed(at));
        before.one_stands(&ground, at);
        before.goes_on(&ground, at);
    }
}

#[test]
fn a_power_cut_leaves_one_fuller_night_whole_and_the_next_one_is_fine() {
    let before = Before::second_night();
    for (turn, at) in before.places(3, 2).enumerate() {
        let ground = power_cut(&before.ground, at, &mut getting_there(turn));
        before.one_stands(&ground, at);
        before.goes_on(&ground, at);
    }
}

/// Once a run stands that has read them, nobody has the changes any more but onefolk.
#[test]
fn what_a_provider_has_told_outlasts_a_power_cut() {
    let before = Ground::fuller();
    let undisturbed = before.copy();
    let trial = Trial::begin(undisturbed.0.path(), Trouble::Nothing);
    undisturbed.night().expect("nothing is in its way");
    same(&undisturbed, &trial);
    let changes = trial.changes();
    drop(trial);
    for at in (0..changes).step_by(41).chain([changes]) {
        for seed in [None, Some(at as u64)] {
            let ground = match seed {
                None => power_cut(&before, at, &mut |_| 0),
                Some(seed) => power_cut(&before, at, &mut dice(seed)),
            };
            let standing = ground.standing();
            assert!(at < changes || standing.is_some(), "what was said to be published stands");
            if standing.is_some() {
                ground.changes_are_taken_away();
            }
            let (tables, _) = ground.next_night(at);
            assert!(standing.is_none_or(|standing| tables == standing), "change {at}");
            ground.is_in_order();
        }
    }
}
