//! False and missed links estimated from pairs that somebody has labelled.
//!
//! Nobody labels pairs at random: the doubtful ones are looked at. So pairs are counted in strata of probability, linked and not linked
//! apart, and each stratum's share of right answers counts for all pairs of the stratum (stratified estimation; Cochran 1977, chapter 5).

use super::codes::{LABEL_LINE_WRONG, LABELS_UNREADABLE, NOTHING_LABELLED};
use super::interval::Estimate;
use super::known::{Keys, Known};
use super::scene::Scene;
use super::scored::Scored;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::records::MISSING;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Edges of the strata. Below the first, pairs are not kept and so cannot be counted.
const STRATA: [f64; 8] = [0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999, 1.0];
const COLUMNS: [&str; 3] = ["left", "right", "label"];
const Z: f64 = 1.959_963_984_540_054;

/// What labels say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Labelled {
    pub yes: u64,
    pub no: u64,
    /// Counted, and otherwise left out.
    pub unsure: u64,
    /// Lines that name a record which was not linked in the run.
    pub not_in_run: u64,
    /// Labelled pairs of too low a probability to belong to a stratum.
    pub too_low: u64,
    /// The same pair labelled again: the last label counts.
    pub again: u64,
    pub strata: Vec<Stratum>,
    pub false_links: Bounds,
    pub missed_links: Bounds,
    pub precision: Option<f64>,
    /// Of the pairs that blocking met: labels say nothing of others.
    pub recall: Option<f64>,
    /// Pairs in strata without any label: these figures do not cover them.
    pub pairs_not_covered: u64,
}

/// Pairs of about one probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stratum {
    pub from: f64,
    pub to: f64,
    /// Given to one person.
    pub linked: bool,
    pub pairs: u64,
    pub yes: u64,
    pub no: u64,
}

/// A number of pairs with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    pub pairs: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Yes,
    No,
    Unsure,
}

/// Reads labels and weighs them.
///
/// # Errors
/// OF0536 where the file cannot be read, OF0537 where a line is wrong, OF0538 where no label counts.
pub(super) fn labelled(scene: &Scene, known: &Known, scored: &Scored, path: &Path) -> Result<Labelled> {
    let keys = Keys::of(scene, known);
    let (mut labels, mut not_in_run, mut again) = (BTreeMap::new(), 0, 0);
    read(path, |left, right, label| {
        let find =
            |(provider, id): (&str, &str)| keys.find(provider, id).filter(|key| known.found[*key as usize] != MISSING);
        match (find(left), find(right)) {
            (Some(a), Some(b)) if a != b => again += u64::from(labels.insert((a.min(b), a.max(b)), label).is_some()),
            _ => not_in_run += 1,
        }
    })?;
    let mut found = Labelled {
        yes: 0,
        no: 0,
        unsure: 0,
        not_in_run,
        too_low: 0,
        again,
        strata: strata(scored),
        false_links: Bounds { pairs: 0.0, low: 0.0, high: 0.0 },
        missed_links: Bounds { pairs: 0.0, low: 0.0, high: 0.0 },
        precision: None,
        recall: None,
        pairs_not_covered: 0,
    };
    let scorer = scene.model.scorer(&scene.comparisons);
    for ((a, b), label) in labels {
        let pairs =
            known.identities(a).iter().flat_map(|&x| known.identities(b).iter().map(move |&y| (x.min(y), x.max(y))));
        let weight = pairs.filter_map(|(x, y)| scene.kept_weight(&scorer, x, y)).max();
        // A pair that linking did not keep belongs to no stratum.
        let p = weight.map_or(-1.0, |weight| scored.calibration.probability(weight).min(1.0 - 1e-15));
        let linked = known.found[a as usize] == known.found[b as usize];
        found.count(p, linked, label);
    }
    if found.yes + found.no == 0 {
        let what = format!("{}: {} lines name records that are not in the run", path.display(), found.not_in_run);
        return Err(Failure::new(&NOTHING_LABELLED, what));
    }
    found.estimate();
    Ok(found)
}

fn strata(scored: &Scored) -> Vec<Stratum> {
    let lowest = scored.between(0.0, STRATA[0]).together;
    // What was linked counts however little it has in common itself; what was not is left out below the first edge.
    let mut strata = vec![Stratum { from: 0.0, to: STRATA[0], linked: true, pairs: lowest, yes: 0, no: 0 }];
    for edges in STRATA.windows(2) {
        let counts = scored.between(edges[0], edges[1]);
        for (linked, pairs) in [(true, counts.together), (false, counts.pairs - counts.together)] {
            strata.push(Stratum { from: edges[0], to: edges[1], linked, pairs, yes: 0, no: 0 });
        }
    }
    strata
}

impl Labelled {
    fn count(&mut self, p: f64, linked: bool, label: Label) {
        match label {
            Label::Yes => self.yes += 1,
            Label::No => self.no += 1,
            Label::Unsure => return self.unsure += 1,
        }
        let fits = |stratum: &&mut Stratum| stratum.linked == linked && (stratum.from..stratum.to).contains(&p);
        match self.strata.iter_mut().find(fits) {
            Some(stratum) if label == Label::Yes => stratum.yes += 1,
            Some(stratum) => stratum.no += 1,
            None => self.too_low += 1,
        }
    }

    fn estimate(&mut self) {
        let covered = |stratum: &&Stratum| stratum.yes + stratum.no > 0;
        let linked: u64 = self.strata.iter().filter(covered).filter(|stratum| stratum.linked).map(|s| s.pairs).sum();
        self.pairs_not_covered = self.strata.iter().filter(|stratum| !covered(stratum)).map(|s| s.pairs).sum();
        self.false_links = total(&self.strata, true, |stratum| stratum.no);
        self.missed_links = total(&self.strata, false, |stratum| stratum.yes);
        let right = linked as f64 - self.false_links.pairs;
        let share = |all: f64| (all > 0.0).then(|| right / all);
        self.precision = share(linked as f64);
        self.recall = share(right + self.missed_links.pairs);
    }

    /// Precision with the interval that follows from that of the false links.
    pub fn precision_estimate(&self) -> Estimate {
        let covered = self.strata.iter().filter(|stratum| stratum.linked && stratum.yes + stratum.no > 0);
        let linked: u64 = covered.map(|stratum| stratum.pairs).sum();
        let less = |wrong: f64| (linked > 0).then(|| 1.0 - (wrong / linked as f64).min(1.0));
        Estimate { value: self.precision, low: less(self.false_links.high), high: less(self.false_links.low) }
    }
}

/// Σ pairs · share, over the strata on one side, with the standard error of a stratified total. Half a label of either kind is added to a
/// stratum's variance, so that ten labels that agree are not taken for certainty.
fn total(strata: &[Stratum], linked: bool, hits: impl Fn(&Stratum) -> u64) -> Bounds {
    let (mut sum, mut variance) = (0.0, 0.0);
    for stratum in strata.iter().filter(|stratum| stratum.linked == linked && stratum.yes + stratum.no > 0) {
        let (labels, hits) = ((stratum.yes + stratum.no) as f64, hits(stratum) as f64);
        let size = stratum.pairs as f64;
        let share = (hits + 0.5) / (labels + 1.0);
        // A stratum that was labelled whole has nothing left to be unsure of.
        let unseen = (1.0 - labels / size.max(labels)).max(0.0);
        sum += size * hits / labels;
        variance += size * size * share * (1.0 - share) / labels * unseen;
    }
    let half = Z * f64::sqrt(variance);
    Bounds { pairs: sum, low: (sum - half).max(0.0), high: sum + half }
}

/// Hands `take` both records and the label of each line.
fn read(path: &Path, mut take: impl FnMut((&str, &str), (&str, &str), Label)) -> Result<()> {
    let unreadable = |error: csv::Error| {
        let line = error.position().map_or(0, csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Failure::from_io(&error, path, &LABELS_UNREADABLE),
            // What the library says may quote the line.
            _ => Failure::new(
                &LABEL_LINE_WRONG,
                format!("{} line {line}: it is no CSV line like the first", path.display()),
            ),
        }
    };
    let file = disk::open(path).map_err(|error| Failure::from_io(&error, path, &LABELS_UNREADABLE))?;
    let mut reader = csv::Reader::from_reader(file);
    let clean = |name: &[u8]| name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name).trim_ascii().to_vec();
    let header: Vec<Vec<u8>> = reader.byte_headers().map_err(unreadable)?.iter().map(clean).collect();
    let mut places = [0; 3];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        *place = header.iter().position(|name| name == column.as_bytes()).ok_or_else(|| {
            Failure::new(&LABEL_LINE_WRONG, format!("{}: there is no column {column}", path.display()))
        })?;
    }
    for line in reader.byte_records() {
        let line = line.map_err(unreadable)?;
        let number = line.position().map_or(0, csv::Position::line);
        let wrong = |what: &str| Failure::new(&LABEL_LINE_WRONG, format!("{} line {number}: {what}", path.display()));
        let field = |at: usize| {
            std::str::from_utf8(line.get(places[at]).unwrap_or_default()).map(str::trim).unwrap_or_default()
        };
        let record = |at: usize| {
            let (provider, id) = field(at)
                .split_once(':')
                .ok_or_else(|| wrong(&format!("{} is not provider:record_id", COLUMNS[at])))?;
            Ok((provider.trim(), id.trim()))
        };
        let label = match field(2).to_ascii_lowercase().as_str() {
            "yes" => Label::Yes,
            "no" => Label::No,
            "unsure" => Label::Unsure,
            _ => return Err(wrong("label is none of yes, no, unsure")),
        };
        take(record(0)?, record(1)?, label);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_count_for_all_their_pairs() {
        let stratum = |linked, pairs, yes, no| Stratum { from: 0.5, to: 0.8, linked, pairs, yes, no };
        let strata = [stratum(true, 1000, 8, 2), stratum(true, 50_000, 40, 0), stratum(false, 300, 1, 9)];
        let wrong = total(&strata, true, |stratum| stratum.no);
        assert_eq!(wrong.pairs, 200.0);
        // Forty labels that agree leave room for some error among 50,000 pairs.
        assert!(wrong.low == 0.0 && wrong.high > 1_000.0, "{wrong:?}");
        assert_eq!(total(&strata, false, |stratum| stratum.yes).pairs, 30.0);
        let whole = total(&[stratum(true, 10, 8, 2)], true, |stratum| stratum.no);
        assert_eq!((whole.pairs, whole.low, whole.high), (2.0, 2.0, 2.0));
    }
}
