//! (being built)

pub static CODES: &[&crate::failure::Code] = &[];
