//! (being built)
pub mod link;
pub mod progress;
pub static CODES: &[&crate::failure::Code] = &[];
