//! The same of other commands that write below the output: a rollback, a report that is made anew, and another secret for pseudonyms.

use super::fuller::FIRST;
use super::{Ground, Tables, Waived, dice, either, power_cut_in, report, same, trouble_in};
use crate::disk;
use crate::disk::trial::{Trial, Trouble};
use crate::failure::{Exit, Result};
use crate::release::{Rotated, rotate_key};
use crate::run::{RolledBack, Show, rollback};
use std::fs;

/// Has trouble of each kind in turn at every `step`th change of a command, and hands on what it leaves, with how the command ended where that is
/// still there to tell.
fn in_turn<T>(
    before: &Ground,
    step: usize,
    command: impl Fn(&Ground) -> Result<T>,
    after: impl Fn(&Ground, usize, Option<&Result<T>>),
) {
    let undisturbed = before.copy();
    let trial = Trial::begin(undisturbed.0.path(), Trouble::Nothing);
    command(&undisturbed).expect("nothing is in its way");
    same(&undisturbed, &trial);
    let changes = trial.changes();
    drop(trial);
    println!("{changes} changes of the disk");
    for (turn, at) in (0..changes).step_by(step).enumerate() {
        let troubles = match turn % 4 {
            0 => vec![Trouble::Fails(at)],
            2 => vec![Trouble::Fails(at), Trouble::Full(at)],
            _ => vec![Trouble::Killed(at)],
        };
        for trouble in troubles {
            let (ground, ended) = trouble_in(before, trouble, &command);
            after(&ground, at, Some(&ended).filter(|_| trouble != Trouble::Killed(at)));
        }
        if turn % 2 == 1 {
            let ground = power_cut_in(before, at, &command, &mut dice(at as u64));
            after(&ground, at, None);
        }
    }
    let ground = power_cut_in(before, changes, &command, &mut |_| 0);
    after(&ground, changes, None);
}

/// After the second night of a fuller ground.
fn after_the_second_night() -> (Ground, Tables) {
    let ground = Ground::fuller_with_a_run();
    ground.night().expect("the second night");
    let tables = ground.standing().expect("it stands");
    (ground, tables)
}

fn roll_back(ground: &Ground) -> Result<RolledBack> {
    rollback(&ground.job(), FIRST, Waived::default(), Show::Nothing)
}

#[test]
fn trouble_in_a_rollback_leaves_one_run_whole_and_it_can_be_done_again() {
    let (before, now) = after_the_second_night();
    let undisturbed = before.copy();
    roll_back(&undisturbed).expect("nothing is in its way");
    let back = undisturbed.standing().expect("it stands");
    assert_ne!(now, back);
    in_turn(&before, 2, roll_back, |ground, at, ended| {
        match ended {
            Some(ended) => either(ground, ended, &now, &back),
            None => assert!(ground.standing().is_some_and(|standing| standing == now || standing == back), "{at}"),
        }
        roll_back(ground).unwrap_or_else(|failure| panic!("once more after change {at}: {failure}"));
        assert_eq!(ground.standing().as_ref(), Some(&back), "change {at}");
        ground.is_in_order();
    });
}

#[test]
fn trouble_in_a_report_leaves_the_tables_as_they_were_and_it_can_be_made_again() {
    let (before, tables) = after_the_second_night();
    // Somebody who is to be counted no more.
    before.object("hospice,r30\ngp,r12\n");
    in_turn(&before, 5, report, |ground, at, ended| {
        if let Some(Err(failure)) = ended {
            assert_eq!(failure.code.exit, Exit::Resource, "{failure}");
        }
        for (name, hash) in &tables {
            let bytes = disk::read(&ground.path("out/current").join(name)).expect("it stands");
            assert_eq!(blake3::hash(&bytes).to_hex().as_str(), hash, "{name}, change {at}");
        }
        report(ground).unwrap_or_else(|failure| panic!("once more after change {at}: {failure}"));
        assert_eq!(ground.standing().as_ref(), Some(&tables), "change {at}");
        ground.is_in_order();
    });
}

#[test]
fn trouble_with_another_secret_leaves_one_of_the_two_and_the_first_is_never_lost() {
    let (before, _) = after_the_second_night();
    let secret = |ground: &Ground| fs::read_to_string(ground.path("out/state/release.key"));
    let first = secret(&before).expect("a release has left");
    let rotate = |ground: &Ground| -> Result<Rotated> { rotate_key(&ground.job()) };
    in_turn(&before, 1, rotate, |ground, at, ended| {
        let now = secret(ground).expect("there is a secret at every instant");
        if let Some(Ok(_)) = ended {
            assert_ne!(now, first, "change {at}");
        }
        if now != first {
            let kept = fs::read_to_string(ground.path("out/state/release.key.previous"));
            assert_eq!(kept.expect("the first one is kept"), first, "change {at}");
        }
        match rotate_key(&ground.job()) {
            Ok(_) => assert_eq!(now, first, "change {at}"),
            Err(failure) => assert_eq!((failure.code.id, now == first), ("OF0733", false), "change {at}: {failure}"),
        }
        let after = secret(ground).expect("there is a secret");
        assert_ne!(after, first, "change {at}");
        ground.night().unwrap_or_else(|failure| panic!("the night after change {at}: {failure}"));
        assert_eq!(secret(ground).expect("there is a secret"), after, "change {at}");
        ground.has_released();
        ground.is_in_order();
    });
}
