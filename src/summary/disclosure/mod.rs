//! Disclosure control: what a reader may see of a count, and nothing else.
//!
//! In: exact counts, the sums that hold between them, a [`Preset`] and a key. Out: [`Shown`], which nothing else makes. Always: a small count
//! is never shown; from everything that is printed none can be worked out, and none can be told to be 1 or 2.
//!
//! Three things together do it. *Hiding*: counts of the preset's small range print `*`. *Blurring*, where the preset rounds: each cell has a
//! shift of its own, -2 to 2, that is added before rounding, and a margin of its own, 0 to 4, by which its small range reaches
//! further; both come from a key and the cell's name, so that they are the same in every table and at every issue, where averaging finds
//! nothing, and somebody who knows that one person has joined cannot tell on which side of a boundary a count was. The whole population is
//! blurred like every other count: an exact one would tell how many have joined. *Hiding more*: a [`Table`] holds all cells of all tables
//! that leave together and every sum between them. Of each small count it looks for another population that prints the same and in which the
//! count is another number (`alternative`); where it finds none, it hides the least further that gives one (`protect`).
//!
//! The other population differs in the shifts, so that what is rounded is the same number, and not only the same multiple of 5: whoever has
//! watched a cell over many issues and knows where exactly it was rounded up knows no more of the shifts.
//!
//! Where tables were issued before ([`Control::after`]), the other population prints them as well (`across`).
//!
//! What it does not do: it knows no sums but those it is told, and no issues but those. Between figures that are blurred each by itself there
//! are more than it is told (`cells` says which); of exact ones it is told all. Of presets that do not round, differences between
//! issues are exact; a rule of the policy refuses to issue such tables twice, and what is published every night is rounded all the same
//! ([`Control::rounding`]).

mod across;
mod alternative;
mod issued;
mod others;
mod preset;
mod printing;
mod protect;
mod standing;
mod table;
#[cfg(test)]
mod tests;

pub use issued::Issued;
pub use preset::Preset;
pub use table::{Place, Protected, Table};

use std::fmt;

/// The largest shift of a count before it is rounded.
const SHIFT_MAX: i64 = 2;
/// By how much the small range of a cell may reach further than the preset says.
const MARGIN_MAX: u64 = 4;

/// The name of the cell of all people.
const WHOLE_POPULATION: &str = "everybody";

/// From here on a population is never hidden: it cannot be made of small counts alone. (transparency.html says it in words.)
const WHOLE_POPULATION_SHOWN_FROM: u64 = 1_000;

/// A count as a reader may see it. Only this room makes one, so an exact count cannot reach a page or a file by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown(Seen);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Hidden,
    Count(u64),
}

impl Shown {
    /// A count of which nothing is told.
    pub const HIDDEN: Shown = Shown(Seen::Hidden);
    /// Nothing at all, for the foot of a picture's scale.
    pub const NONE: Shown = Shown(Seen::Count(0));

    /// The printed count, `None` where it is hidden.
    pub fn count(self) -> Option<u64> {
        match self.0 {
            Seen::Hidden => None,
            Seen::Count(count) => Some(count),
        }
    }

    pub fn is_hidden(self) -> bool {
        self.0 == Seen::Hidden
    }

    /// This part in hundredths of `whole`, from printed counts only; `None` where either is hidden or the whole is 0.
    pub fn percent_of(self, whole: Shown) -> Option<f64> {
        let (part, whole) = (self.count()?, whole.count()?);
        (whole > 0).then(|| (part as f64 / whole as f64 * 100.0).min(100.0))
    }

    /// For CSV: the digits or `*`.
    pub fn plain(self) -> String {
        self.count().map_or_else(|| "*".into(), |count| count.to_string())
    }
}

/// With thousands separators, or `*`.
impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(count) = self.count() else { return f.write_str("*") };
        let digits = count.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// How counts are protected: the preset of the job, the key of the blur, and what was issued before.
#[derive(Debug, Clone)]
pub struct Control {
    preset: Preset,
    key: [u8; 32],
    before: Vec<Issued>,
}

/// What the key makes of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Blur {
    shift: i64,
    margin: u64,
}

impl Blur {
    const NONE: Blur = Blur { shift: 0, margin: 0 };
}

impl Control {
    /// `key` must be secret, and the same at every issue.
    pub fn new(preset: Preset, key: &[u8; 32]) -> Control {
        Control { preset, key: blake3::derive_key("onefolk 2026 blur of counts", key), before: Vec::new() }
    }

    /// The same, for tables that are held against issues before.
    pub fn after(self, before: Vec<Issued>) -> Control {
        Control { before, ..self }
    }

    pub fn preset(&self) -> Preset {
        self.preset
    }

    /// The same for what is published every night, whatever the job's preset: exact counts of two nights would tell who came and who went
    /// between them. It is held against no issue before.
    pub fn rounding(&self) -> Control {
        Control { preset: self.preset.rounding(), key: self.key, before: Vec::new() }
    }

    /// The blur of the cell of this name. Shifts are drawn evenly from -2..=2 and margins from 0..=4.
    fn blur(&self, name: &str) -> Blur {
        if !self.preset.rounds() {
            return Blur::NONE;
        }
        let hash = blake3::keyed_hash(&self.key, name.as_bytes());
        let drawn = |at: usize, of: u64| {
            let bytes: [u8; 8] = hash.as_bytes()[at..at + 8].try_into().expect("a hash has 32 bytes");
            u64::from_le_bytes(bytes) % of
        };
        Blur { shift: drawn(0, 2 * SHIFT_MAX as u64 + 1) as i64 - SHIFT_MAX, margin: drawn(8, MARGIN_MAX + 1) }
    }

    /// Is the count of the cell of this name too small to be shown?
    pub fn is_small(&self, name: &str, exact: u64) -> bool {
        self.preset.hides(exact) || exact > 0 && exact <= self.preset.high + self.blur(name).margin
    }

    /// A count in no sum with others. `name` tells it from every other cell, and is the same at every issue.
    pub fn single(&self, name: &str, exact: u64) -> Shown {
        match exact {
            _ if self.is_small(name, exact) => Shown::HIDDEN,
            0 => Shown::NONE,
            _ => Shown(Seen::Count(self.preset.printed(exact, self.blur(name).shift, self.preset.rounded_to))),
        }
    }

    /// A count in no sum with others but that it is part of a whole that is told too. Where counts are exact, few who are left of the whole
    /// are hidden with it.
    pub fn part(&self, name: &str, exact: u64, whole: u64) -> Shown {
        let rest = whole.saturating_sub(exact);
        let gives_away = self.preset.is_exact() && rest > 0 && self.preset.hides(rest);
        if gives_away { Shown::HIDDEN } else { self.single(name, exact) }
    }

    /// The total of the whole population outside of its [`Table`], which may have to hide it where it is small.
    pub fn whole_population(&self, exact: u64) -> Shown {
        if exact < WHOLE_POPULATION_SHOWN_FROM { Shown::HIDDEN } else { self.single(WHOLE_POPULATION, exact) }
    }
}
