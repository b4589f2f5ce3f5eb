//! Laws of linking, and models: learnt, frozen, reviewed, and taken over from another tool.

#[path = "../common/mod.rs"]
mod common;

mod laws;
mod model;
mod splink;
