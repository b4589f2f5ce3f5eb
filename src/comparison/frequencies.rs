//! How often values occur, as a model froze it: what makes a later night score a pair as the night that learnt did.
//!
//! In: what the comparisons of a learning night have measured. Out: a table by comparison, in bytes for a file of its own. Always: no
//! person's value stands in it but as a keyed hash; a value that the table does not hold follows a rule, and values for which the rule
//! gives what was measured (nearly all of those that one record holds) are left out; nothing here changes between trainings.

use super::tokens::FrozenTokens;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Begins the file, and says how it is laid out.
const MAGIC: &[u8; 8] = b"ofreq\0\0\x01";

/// What was measured of a population when its model was learnt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frequencies {
    hashes: Hashes,
    /// By name of the comparison.
    tables: BTreeMap<String, Table>,
}

/// One comparison's part.
#[derive(Debug, Clone, PartialEq)]
pub enum Table {
    Tokens(FrozenTokens),
    Bins(Bins),
}

/// A bin of rarity by value.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    /// The bin of a value that was not seen: what one record holds.
    pub unseen: u8,
    by_hash: FxHashMap<u64, u8>,
}

/// Keyed hashes of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hashes {
    key: [u8; 32],
}

impl Hashes {
    pub fn new(key: [u8; 32]) -> Hashes {
        Hashes { key }
    }

    pub fn of(&self, value: &str) -> u64 {
        let hash = blake3::keyed_hash(&self.key, value.as_bytes());
        u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes"))
    }

    /// Hashes of many values, in their order.
    pub fn of_all<'v>(&self, values: impl IndexedParallelIterator<Item = &'v str>) -> Vec<u64> {
        values.map(|value| self.of(value)).collect()
    }
}

impl Bins {
    /// What `bins` (by value) freezes to; `unseen` is the bin of what one record holds.
    pub fn freeze<'v>(
        hashes: &Hashes,
        values: impl IndexedParallelIterator<Item = &'v str>,
        bins: &[u8],
        unseen: u8,
    ) -> Bins {
        let other = values.zip(bins).filter(|(_, bin)| **bin != unseen);
        Bins {
            unseen,
            by_hash: other.map(|(value, bin)| (hashes.of(value), *bin)).collect::<Vec<_>>().into_iter().collect(),
        }
    }

    /// The bins of tonight's values.
    pub fn look_up<'v>(&self, hashes: &Hashes, values: impl IndexedParallelIterator<Item = &'v str>) -> Vec<u8> {
        values.map(|value| self.by_hash.get(&hashes.of(value)).copied().unwrap_or(self.unseen)).collect()
    }
}

impl Frequencies {
    pub fn new(key: [u8; 32], tables: BTreeMap<String, Table>) -> Frequencies {
        Frequencies { hashes: Hashes::new(key), tables }
    }

    pub(super) fn tokens(&self, comparison: &str) -> Option<(&Hashes, &FrozenTokens)> {
        match self.tables.get(comparison) {
            Some(Table::Tokens(tokens)) => Some((&self.hashes, tokens)),
            _ => None,
        }
    }

    pub(super) fn bins(&self, comparison: &str) -> Option<(&Hashes, &Bins)> {
        match self.tables.get(comparison) {
            Some(Table::Bins(bins)) => Some((&self.hashes, bins)),
            _ => None,
        }
    }

    /// The bytes of the file: the same for the same tables. About 20 bytes a name that several records hold.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(MAGIC.to_vec());
        out.0.extend_from_slice(&self.hashes.key);
        out.number(self.tables.len() as u64);
        for (name, table) in &self.tables {
            out.number(name.len() as u64);
            out.0.extend_from_slice(name.as_bytes());
            match table {
                Table::Tokens(tokens) => {
                    out.0.push(0);
                    tokens.write(&mut out);
                }
                Table::Bins(bins) => {
                    out.0.extend_from_slice(&[1, bins.unseen]);
                    out.sorted(&bins.by_hash, |out, bin| out.0.push(*bin));
                }
            }
        }
        out.0
    }

    /// `None` where these bytes are no such file.
    pub fn from_bytes(bytes: &[u8]) -> Option<Frequencies> {
        let mut from = Reader(bytes.strip_prefix(MAGIC)?);
        let key = from.take(32)?.try_into().ok()?;
        let mut tables = BTreeMap::new();
        for _ in 0..from.number()? {
            let length = from.number()? as usize;
            let name = String::from_utf8(from.take(length)?.to_vec()).ok()?;
            let table = match from.byte()? {
                0 => Table::Tokens(FrozenTokens::read(&mut from)?),
                1 => Table::Bins(Bins { unseen: from.byte()?, by_hash: from.by_hash(Reader::byte)? }),
                _ => return None,
            };
            tables.insert(name, table);
        }
        from.0.is_empty().then_some(Frequencies { hashes: Hashes::new(key), tables })
    }
}

/// Little-endian numbers, one after another.
pub(super) struct Writer(pub Vec<u8>);

impl Writer {
    pub fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub fn short(&mut self, number: u16) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// The entries of a table by hash, ascending.
    pub fn sorted<T>(&mut self, table: &FxHashMap<u64, T>, write: impl Fn(&mut Writer, &T)) {
        let mut entries: Vec<(&u64, &T)> = table.iter().collect();
        entries.sort_unstable_by_key(|(hash, _)| **hash);
        self.number(entries.len() as u64);
        for (hash, entry) in entries {
            self.number(*hash);
            write(self, entry);
        }
    }
}

/// Reads what [`Writer`] wrote; `None` beyond the end.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub fn number(&mut self) -> Option<u64> {
        self.take(8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes")))
    }

    pub fn short(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_le_bytes(bytes.try_into().expect("two bytes")))
    }

    pub fn by_hash<T>(&mut self, read: impl Fn(&mut Reader<'a>) -> Option<T>) -> Option<FxHashMap<u64, T>> {
        let entries = self.number()? as usize;
        // A damaged length must not ask for more than there is.
        let mut table = FxHashMap::with_capacity_and_hasher(entries.min(self.0.len() / 8), Default::default());
        for _ in 0..entries {
            table.insert(self.number()?, read(self)?);
        }
        Some(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_what_is_cut_off_is_not() {
        let hashes = Hashes::new([7; 32]);
        let values = ["ann", "bob", "cy"];
        let bins = Bins::freeze(&hashes, values.par_iter().copied(), &[4, 2, 1], 4);
        assert_eq!(bins.by_hash.len(), 2, "what the rule gives is left out");
        assert_eq!(bins.look_up(&hashes, ["cy", "dee", "ann"].par_iter().copied()), [1, 4, 4]);
        let tables = BTreeMap::from([("sex".to_string(), Table::Bins(bins))]);
        let frequencies = Frequencies::new([7; 32], tables);
        let bytes = frequencies.to_bytes();
        assert_eq!(Frequencies::from_bytes(&bytes).as_ref(), Some(&frequencies));
        assert!(!bytes.windows(3).any(|window| window == b"bob"));
        (0..bytes.len()).for_each(|length| assert!(Frequencies::from_bytes(&bytes[..length]).is_none(), "{length}"));
    }
}
