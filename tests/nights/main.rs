//! What those rely on who run the same job every night, operate it, and look back on what it did.

#[path = "../common/mod.rs"]
mod common;

mod backtest;
mod delta;
mod every_night;
mod operate;
