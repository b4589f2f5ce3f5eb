//! From scored pairs to people.
//!
//! In: links between identities with log odds, and what may never be one person. Out: a [`Partition`] of the records.
//! Always: every record belongs to exactly one person; ties break by content hash, never by row order.

/// Who is who: one dense number a record, in the order in which people first appear in the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Person of each record, `0..people`.
    pub person: Vec<u32>,
    pub people: u32,
}
