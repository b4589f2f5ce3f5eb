//! How a postcode that somebody says agrees with a recorded one.

use super::index::Index;
use crate::comparison::kernels::within_one_edit;
use crate::standardise::postcode::{outward, sector};
use serde::Serialize;

/// How a postcode agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceAlike {
    /// In all that was said.
    Same,
    /// One character more, fewer, other, or two neighbours swapped.
    OneSlip,
    /// Some houses further, such as NW1 4AB and NW1 4CD.
    SameSector,
    SameDistrict,
    Elsewhere,
    /// None is recorded.
    Unknown,
}

impl PlaceAlike {
    /// In words, to stand after "postcode".
    pub fn words(self) -> &'static str {
        match self {
            PlaceAlike::Same => "the same",
            PlaceAlike::OneSlip => "one character differs",
            PlaceAlike::SameSector => "of the same sector",
            PlaceAlike::SameDistrict => "of the same district",
            PlaceAlike::Elsewhere => "elsewhere",
            PlaceAlike::Unknown => "not known",
        }
    }
}

/// How much rarer than the recorded postcode one slip of it is said, in bits: one in a hundred, of some sixty slips.
const ONE_SLIP: f64 = 12.5;
/// Of those whose recorded postcode is not theirs any more, two in a hundred of all people live in the same sector and three in the
/// same district; six live elsewhere, which takes so many bits.
const IN_SECTOR: f64 = 0.02;
const IN_DISTRICT: f64 = 0.03;
const ELSEWHERE: f64 = -4.0;

/// A postcode as it was said, weighed by how many people of the index live there.
pub(super) struct Said<'a> {
    postcode: &'a str,
    same: f64,
    in_sector: f64,
    in_district: f64,
}

impl<'a> Said<'a> {
    /// `postcode` is canonical and British, whole or not.
    pub fn new(index: &Index, postcode: &'a str) -> Said<'a> {
        let rarity = |living: u32| (f64::from(index.people() + 1) / f64::from(living + 1)).log2();
        // With a space, as NW1 is no part of NW10.
        let district = outward(postcode).map(|outward| format!("{outward} "));
        let living = |area: Option<&str>| area.map_or(0.0, |area| rarity(index.living_in(area)));
        let is_district = Some(postcode) == outward(postcode);
        Said {
            postcode,
            same: if is_district { living(district.as_deref()) } else { rarity(index.living_in(postcode)) },
            in_sector: living(sector(postcode)) + IN_SECTOR.log2(),
            in_district: living(district.as_deref()) + IN_DISTRICT.log2(),
        }
    }

    /// How a recorded postcode agrees, and what that is worth in bits.
    pub fn alike(&self, recorded: Option<&str>) -> (PlaceAlike, f64) {
        let Some(recorded) = recorded else { return (PlaceAlike::Unknown, 0.0) };
        let same_sector = sector(recorded).is_some() && sector(recorded) == sector(self.postcode);
        let same_district = outward(recorded) == outward(self.postcode);
        let parts = [Some(recorded), sector(recorded), outward(recorded)];
        let (how, bits) = match () {
            () if parts.contains(&Some(self.postcode)) => return (PlaceAlike::Same, self.same),
            () if within_one_edit(self.postcode, recorded) => (PlaceAlike::OneSlip, self.same - ONE_SLIP),
            () if same_sector => (PlaceAlike::SameSector, self.in_sector),
            () if same_district => (PlaceAlike::SameDistrict, self.in_district),
            () => (PlaceAlike::Elsewhere, ELSEWHERE),
        };
        // Whoever lives near by is no less likely than who lives anywhere else.
        let near = if same_sector { self.in_sector } else { ELSEWHERE };
        (how, bits.max(near).max(ELSEWHERE))
    }
}
