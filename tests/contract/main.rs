//! What whoever installs onefolk and reads its files relies on.

#[path = "../common/mod.rs"]
mod common;

mod advisories;
mod bench;
mod files;
mod licences;
