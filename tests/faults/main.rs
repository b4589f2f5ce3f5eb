//! What holds when a night goes wrong, or is killed, on the real binary.

#[path = "../common/mod.rs"]
mod common;

mod at_night;
mod crash;
