//! onefolk: the library behind the nightly run.
//!
//! The rooms, in the order in which data flows through them; each one's `mod.rs` says what comes in, what goes out and what must
//! always hold.

pub mod audit;
pub mod backtest;
pub mod baselines;
pub mod bench;
pub mod best_record;
pub mod blocking;
pub mod care;
pub mod clustering;
pub mod cohort;
pub mod comparison;
pub mod consent;
pub mod decisions;
mod disk;
pub mod doctor;
pub mod end_of_life;
pub mod evaluate;
pub mod explain;
pub mod expression;
pub mod failure;
pub mod generate;
pub mod identity;
pub mod intake;
pub mod job;
pub mod keys;
pub mod look_up;
pub mod model;
pub mod person;
pub mod policy;
pub mod publish;
pub mod recall;
pub mod records;
pub mod reference;
pub mod release;
pub mod review;
pub mod run;
pub mod standardise;
mod suggest;
pub mod summary;
pub mod transparency;
