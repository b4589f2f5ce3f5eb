//! Scored pairs that wait on disk while people are made of them: 24 bytes each, and what people are made of needs as much again.

use super::aside::{ASIDE_FAILED, folder};
use super::checkpoint::pieces::{Damaged, Reader, Writer};
use crate::clustering::{Edge, Waiting};
use crate::disk;
use crate::failure::{Failure, Result};
use std::io;
use std::path::{Path, PathBuf};

/// Pairs on disk, beside the columns; they go with this.
pub(super) struct PairsAside {
    path: PathBuf,
    pairs: usize,
}

impl PairsAside {
    /// # Errors
    /// OF0441, or the code of a full disk; then pairs are lost, and the night with them.
    pub fn put(output: &Path, edges: Vec<Edge>) -> Result<PairsAside> {
        let folder = folder(output);
        let path = folder.join("pairs");
        let write = || -> io::Result<()> {
            disk::create_folder(&folder)?;
            disk::remove_file(&path)?;
            let mut writer = Writer::create(&path)?;
            writer.put_list(&edges)?;
            writer.finish()
        };
        write().map_err(|error| Failure::from_io(&error, &path, &ASIDE_FAILED))?;
        Ok(PairsAside { path, pairs: edges.len() })
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.path.metadata().map_or(0, |file| file.len())
    }
}

impl Waiting for PairsAside {
    fn count(&self) -> usize {
        self.pairs
    }

    fn each(&self, with: &mut dyn FnMut(&[Edge])) -> io::Result<()> {
        let damaged = |Damaged| io::Error::new(io::ErrorKind::InvalidData, "it is not what was written");
        let mut reader = Reader::open(&self.path)?;
        reader.get_some(|some: Vec<Edge>| with(&some)).map_err(damaged)?;
        reader.at_end().map_err(damaged)
    }
}

impl Drop for PairsAside {
    fn drop(&mut self) {
        // What cannot be removed now goes with the folder.
        let _ = disk::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(count: u32) -> Vec<Edge> {
        (0..count).map(|at| Edge::of(at, at + 1 + at % 3, i64::from(at) * 7 - 900, u64::from(at) << 40 | 5)).collect()
    }

    fn read(pairs: &PairsAside) -> io::Result<Vec<Edge>> {
        let mut all = Vec::new();
        pairs.each(&mut |some| all.extend_from_slice(some)).map(|()| all)
    }

    #[test]
    fn pairs_that_waited_are_what_they_were_as_often_as_they_are_asked_for() {
        let output = tempfile::tempdir().expect("a folder");
        let pairs = PairsAside::put(output.path(), edges(5_000)).expect("there is room");
        assert_eq!((pairs.count(), pairs.bytes() > 5_000), (5_000, true));
        assert_eq!(read(&pairs).expect("it is whole"), edges(5_000));
        assert_eq!(read(&pairs).expect("it is whole"), edges(5_000));
        drop(pairs);
        assert_eq!(std::fs::read_dir(folder(output.path())).expect("the folder stands").count(), 0);
    }

    #[test]
    fn pairs_that_were_changed_meanwhile_are_not_taken() {
        let output = tempfile::tempdir().expect("a folder");
        let pairs = PairsAside::put(output.path(), edges(900)).expect("there is room");
        let mut bytes = std::fs::read(&pairs.path).expect("it stands");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&pairs.path, bytes).expect("it can be changed");
        assert_eq!(read(&pairs).expect_err("it is damaged").kind(), io::ErrorKind::InvalidData);
    }
}
