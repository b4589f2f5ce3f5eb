//! What linking leaves, as pieces: who was withheld, who is one person with whom, and the model that was learnt on the way.

use super::pieces::{Damaged, Reader, Writer};
use crate::clustering::{Clustering, Partition};
use crate::comparison::{Comparisons, Frequencies};
use crate::consent::{Withheld, WithheldReason};
use crate::model::{Frozen, LearntFrom, Model};
use crate::records::{Identities, Records};
use crate::run::link::Linked;
use crate::run::linked_night::LinkedNight;
use rustc_hash::FxHashSet;
use std::io;
use std::sync::Arc;

type Got<T> = Result<T, Damaged>;

/// A row that was withheld: its extract, provider and number, and why.
type Place = (u32, u16, u32, WithheldReason);

pub(super) fn put(writer: &mut Writer, night: &LinkedNight) -> io::Result<()> {
    let LinkedNight { withheld, gone, objectors, objected, linked, learnt } = night;
    // Who objects is told by the place of the row alone: what is left for the next night names nobody.
    let places: Vec<Place> =
        withheld.iter().map(|row| (row.extract, row.provider, row.source_row, row.reason)).collect();
    writer.put_list(&places)?;
    writer.put(&(gone, objectors, objected))?;
    put_linked(writer, linked)?;
    writer.put(&learnt.as_ref().map(Parts::of))
}

/// `records` are those that reading has left; gives also which of them stay, since they are not withheld.
pub(super) fn get(reader: &mut Reader, records: &Records) -> Got<(LinkedNight, Vec<bool>)> {
    let places: Vec<Place> = reader.get_list()?;
    let withheld: Vec<Withheld> = places.into_iter().map(|place| named(records, place)).collect::<Got<_>>()?;
    let (gone, objectors, objected) = reader.get()?;
    let linked = get_linked(reader)?;
    let learnt: Option<Parts> = reader.get()?;
    let learnt = learnt.map(Parts::into_frozen).transpose()?;
    let left: usize = records.len().checked_sub(withheld.len()).ok_or(Damaged)?;
    let clustering = &linked.clustering;
    let people = clustering.partition.people as usize;
    let fits = clustering.partition.person.len() == left
        && linked.identities.of_record.len() == left
        && [clustering.weakest.len(), clustering.right.len(), clustering.bare.len()] == [people; 3];
    if !fits {
        return Err(Damaged);
    }
    let stay = stay(records, &withheld)?;
    Ok((LinkedNight { withheld, gone, objectors, objected, linked, learnt }, stay))
}

fn named(records: &Records, (extract, provider, source_row, reason): Place) -> Got<Withheld> {
    let row = records.place(extract, source_row).ok_or(Damaged)?;
    let record_id = records.record_id.get(row).to_string();
    Ok(Withheld { extract, provider, record_id, source_row, reason })
}

fn stay(records: &Records, withheld: &[Withheld]) -> Got<Vec<bool>> {
    let rows: FxHashSet<(u32, u32)> = withheld.iter().map(|row| (row.extract, row.source_row)).collect();
    let stay: Vec<bool> =
        (0..records.len()).map(|row| !rows.contains(&(records.extract[row], records.source_row[row]))).collect();
    let gone = stay.iter().filter(|stay| !**stay).count();
    if gone == withheld.len() { Ok(stay) } else { Err(Damaged) }
}

fn put_linked(writer: &mut Writer, linked: &Linked) -> io::Result<()> {
    // What is compared is not needed once the levels of the pairs are known; what is left for the next night stands in files of its own.
    let Linked {
        identities,
        comparisons: _,
        clustering,
        model,
        levels,
        expected_matches,
        training_pairs,
        patterns,
        rules,
        limits,
        recalled,
        leaving: _,
    } = linked;
    let (hash, lists) = identities.lists();
    writer.put_list(hash)?;
    lists.into_iter().try_for_each(|list| writer.put_list(list))?;
    let Clustering { partition, links, review, weakest, right, bare, refused, counts } = clustering;
    writer.put(&partition.people)?;
    writer.put_list(&partition.person)?;
    writer.put_list(links)?;
    writer.put_list(review)?;
    writer.put_list(weakest)?;
    writer.put_list(right)?;
    writer.put_list(bare)?;
    writer.put(&(refused, counts))?;
    writer.put(&(model, levels, expected_matches, training_pairs, patterns, rules, limits, recalled))
}

fn get_linked(reader: &mut Reader) -> Got<Linked> {
    let hash = reader.get_list()?;
    let lists = [reader.get_list()?, reader.get_list()?, reader.get_list()?, reader.get_list()?];
    let identities = Identities::of_lists(hash, lists);
    let people = reader.get()?;
    let partition = Partition { people, person: reader.get_list()? };
    let (links, review, weakest) = (reader.get_list()?, reader.get_list()?, reader.get_list()?);
    let (right, bare) = (reader.get_list()?, reader.get_list()?);
    let (refused, counts) = reader.get()?;
    let clustering = Clustering { partition, links, review, weakest, right, bare, refused, counts };
    let (model, levels, expected_matches, training_pairs, patterns, rules, limits, recalled) = reader.get()?;
    Ok(Linked {
        identities,
        comparisons: Comparisons::none(),
        clustering,
        model,
        levels,
        expected_matches,
        training_pairs,
        patterns,
        rules,
        limits,
        recalled,
        leaving: None,
    })
}

/// A frozen model in a form that needs no names, and the frequencies that stand in a file of their own.
#[derive(serde::Serialize, serde::Deserialize)]
struct Parts {
    format_version: u32,
    onefolk: String,
    learnt_from: LearntFrom,
    model: Model,
    frequencies: Option<Vec<u8>>,
}

impl Parts {
    fn of(frozen: &Frozen) -> Parts {
        let Frozen { format_version, onefolk, learnt_from, model } = frozen.clone();
        let frequencies = model.frequencies().map(Frequencies::to_bytes);
        Parts { format_version, onefolk, learnt_from, model, frequencies }
    }

    fn into_frozen(self) -> Got<Frozen> {
        let Parts { format_version, onefolk, learnt_from, mut model, frequencies } = self;
        if let (Some(measured), Some(bytes)) = (&mut model.measured, frequencies) {
            measured.tables = Some(Arc::new(Frequencies::from_bytes(&bytes).ok_or(Damaged)?));
        }
        Ok(Frozen { format_version, onefolk, learnt_from, model })
    }
}
