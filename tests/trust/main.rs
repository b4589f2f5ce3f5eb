//! What people who are in the data rely on, and whoever answers for it to them.

#[path = "../common/mod.rs"]
mod common;

mod audit;
mod canaries;
mod encryption;
mod encryption_killed;
mod follow;
mod hostile;
mod marked;
mod objections;
mod opt_out;
mod packages;
mod release;
mod sensitive;
mod sensitive_models;
