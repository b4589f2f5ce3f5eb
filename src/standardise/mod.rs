//! Cleaning values: what a provider sent → one canonical form a field, with what was wrong about it.
//!
//! In: raw values of one provider's column, each distinct value once; first all of them to learn how the column writes dates, then
//! one by one. Out: the canonical form, a [`Verdict`], and the form in which people read it ([`Context::display`]).
//! Always: cleaning a canonical form gives it back; nothing panics, whatever the bytes; a value that cannot be used becomes null with a
//! reason that run.json counts; every rule is a function whose source stands beside it. Word and code lists are in `data/reference`.
//!
//! | field | canonical form |
//! |---|---|
//! | nhs_number | ten digits; "chi:", "hcni:", "ihi:" before those of Scotland, Northern Ireland and Ireland |
//! | names | lower-case words of a–z; aliases after a bar: "elizabeth ann\|liz" |
//! | full_name | "family, given middle"; see [`name::split_full`] |
//! | dates | YYYYMMDD, `-` for unknown digits; year_of_birth YYYY |
//! | sex | male, female, indeterminate, unknown |
//! | ethnicity | A–H, J–N, P, R, S, T, Z, 99; 0 for white not further specified |
//! | postcode | "NW1 4AB", partial "NW1" or "NW1 4"; a foreign one lower-case |
//! | address | lower-case words, abbreviations written out, without postcode |
//! | phone, email | E.164; lower case |
//! | uprn, gp_practice, local_id | digits; letter and five digits; upper case |

mod address;
mod characters;
mod codes;
mod context;
pub mod date;
mod email;
pub mod ethnicity;
pub mod facts;
mod identifiers;
pub mod name;
pub mod nhs_number;
mod number;
mod phone;
pub mod postcode;
mod reference;
mod sex;
pub mod variants;
mod verdict;

pub use context::Context;
pub use date::DateContext;
pub use verdict::{Flags, Reason, Verdict};

#[cfg(test)]
mod laws;
