//! A model between trainings: the file it stands in, and whether it still fits what is compared.

use super::Model;
use crate::blocking::Limits;
use crate::comparison::{Comparisons, Frequencies};
use crate::disk;
use crate::records::Formats;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Raised whenever a file of an older version would be read wrongly.
pub const FORMAT_VERSION: u32 = 2;

/// model.json: a model, and where it comes from. No person's value stands in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    pub format_version: u32,
    /// The version of onefolk that learnt it.
    pub onefolk: String,
    pub learnt_from: LearntFrom,
    #[serde(flatten)]
    pub model: Model,
}

/// What a model was learnt from: counts and one hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearntFrom {
    /// The job's reference date; no clock, so that the same data give the same file.
    pub as_of: String,
    /// Hash over the hashes of the extracts and the mapping of their columns, in hex.
    pub fingerprint: String,
    pub records: u64,
    pub identities: u64,
    /// Blocked pairs that training looked at.
    pub training_pairs: u64,
    /// Pairs of records that are expected to be one person.
    pub expected_matches: f64,
    /// Pairs that humans have labelled and that were mixed in.
    pub labels: Labels,
}

/// Counts of labelled pairs that a training used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    pub yes: u64,
    pub no: u64,
}

/// What was measured of a whole population when its model was learnt, and stays until the next training: so that what a night finds of two
/// records never hangs on who else is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub blocking: Limits,
    pub formats: Formats,
    /// BLAKE3 of the file of frequencies that belongs to the model, in hex.
    pub frequencies: String,
    /// What stands in that file.
    #[serde(skip)]
    pub tables: Option<Arc<Frequencies>>,
}

impl Measured {
    pub fn new(blocking: Limits, formats: Formats, tables: Frequencies) -> Measured {
        let frequencies = blake3::hash(&tables.to_bytes()).to_hex().to_string();
        Measured { blocking, formats, frequencies, tables: Some(Arc::new(tables)) }
    }
}

impl Model {
    /// How often values occurred, as it was frozen; `None` before.
    pub fn frequencies(&self) -> Option<&Frequencies> {
        self.measured.as_ref()?.tables.as_deref()
    }

    /// The limits of blocking, as they were frozen; `None` before.
    pub fn limits(&self) -> Option<Limits> {
        self.measured.as_ref().map(|measured| measured.blocking)
    }

    /// How providers write, as it was frozen; `None` before.
    pub fn formats(&self) -> Option<&Formats> {
        self.measured.as_ref().map(|measured| &measured.formats)
    }
}

impl Frozen {
    /// The bytes of model.json: indented, in a fixed order, so that two of them can be compared line by line.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a model is plain data");
        bytes.push(b'\n');
        bytes
    }

    /// Whether a file says that it is a model of ours, of whatever version.
    pub fn stands_at(path: &std::path::Path) -> bool {
        #[derive(Deserialize)]
        struct Version {
            #[serde(rename = "format_version")]
            _format_version: u32,
        }
        disk::read(path).is_ok_and(|bytes| serde_json::from_slice::<Version>(&bytes).is_ok())
    }

    /// Reads the bytes of model.json.
    ///
    /// # Errors
    /// In words, why these bytes are no model that this version can use.
    pub fn from_json(bytes: &[u8]) -> Result<Frozen, String> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let version: Version =
            serde_json::from_slice(bytes).map_err(|_| "it is not a model that onefolk has written".to_string())?;
        if version.format_version != FORMAT_VERSION {
            let theirs = version.format_version;
            return Err(format!("it has format {theirs}, and this version of onefolk reads format {FORMAT_VERSION}"));
        }
        let place = |error: serde_json::Error| format!("it is damaged in line {}", error.line());
        let frozen: Frozen = serde_json::from_slice(bytes).map_err(place)?;
        frozen.model.check().map_err(str::to_string)?;
        Ok(frozen)
    }
}

impl Model {
    /// Frequencies and shares rounded to what can stand in a file and be read by people: six significant digits. What is used afterwards
    /// is what stands there.
    pub fn rounded(&self) -> Model {
        let mut model = self.clone();
        model.u.iter_mut().flatten().for_each(|p| *p = six_digits(*p));
        for class in &mut model.classes {
            class.share = six_digits(class.share);
            class.free.iter_mut().flat_map(|(_, levels)| levels).for_each(|p| *p = six_digits(*p));
        }
        model
    }

    /// This model for tonight's comparisons, in their order. A comparison of the model that nobody has values for tonight is left out of it,
    /// which changes no weight: missing is no evidence.
    ///
    /// # Errors
    /// In words, where something is compared that the model knows nothing of.
    pub fn fitted(&self, comparisons: &Comparisons) -> Result<Model, String> {
        let mut places = Vec::with_capacity(comparisons.list.len());
        for comparison in &comparisons.list {
            let (name, levels) = (&comparison.name, comparison.levels);
            let at = self.comparisons.iter().position(|known| known == name);
            let at = at.ok_or_else(|| format!("{name} is compared, and the model does not know it"))?;
            if self.levels[at] != levels {
                return Err(format!("{name} has {levels} levels, and the model knows {}", self.levels[at]));
            }
            places.push(at);
        }
        Ok(self.restricted(&places))
    }

    /// The comparisons at `places`, in that order.
    fn restricted(&self, places: &[usize]) -> Model {
        let now = |old: usize| places.iter().position(|place| *place == old);
        let mut model = self.clone();
        model.comparisons = places.iter().map(|&at| self.comparisons[at].clone()).collect();
        model.levels = places.iter().map(|&at| self.levels[at]).collect();
        model.u = places.iter().map(|&at| self.u[at].clone()).collect();
        for class in &mut model.classes {
            let kept = class.free.iter().filter_map(|(old, levels)| Some((now(*old)?, levels.clone())));
            class.free = kept.collect();
            class.free.sort_by_key(|(at, _)| *at);
        }
        model
    }

    /// What every scorer relies on.
    fn check(&self) -> Result<(), &'static str> {
        let width = self.comparisons.len();
        if self.levels.len() != width || self.u.len() != width || !(2..=64).contains(&self.classes.len()) {
            return Err("its lists do not fit each other");
        }
        let right = |at: usize, levels: &[f64]| {
            levels.len() == usize::from(self.levels[at]) && levels.iter().all(|p| (0.0..=1.0).contains(p))
        };
        let all = |class: &super::Class| class.free.iter().all(|(at, levels)| *at < width && right(*at, levels));
        let u = self.u.iter().enumerate().all(|(at, levels)| right(at, levels));
        if !u || !self.classes.iter().all(all) {
            return Err("its frequencies do not fit its levels");
        }
        let places: Vec<usize> = self.classes[0].free.iter().map(|(at, _)| *at).collect();
        if places != (0..width).collect::<Vec<_>>() {
            return Err("its first class does not know every comparison");
        }
        if self.measured.is_none() {
            return Err("it was frozen before the population was measured");
        }
        self.decision.as_ref().map(|_| ()).ok_or("it was frozen before anything was decided")
    }
}

/// Rounded to six significant digits.
pub fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().expect("a number was printed")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::{Class, ContextWeights, Decision, Form};
    use super::*;

    /// A small model: two comparisons, two classes.
    pub(crate) fn model() -> Model {
        let class = |name: &str, share: f64, free: Vec<(usize, Vec<f64>)>| Class { name: name.into(), share, free };
        Model {
            form: Form::Constrained,
            comparisons: vec!["name".into(), "sex".into()],
            levels: vec![3, 2],
            u: vec![vec![0.9, 0.09, 0.01], vec![0.5, 0.5]],
            classes: vec![
                class("one person", 1.0 / 3.0 * 1e-4, vec![(0, vec![0.02, 0.08, 0.9]), (1, vec![0.01, 0.99])]),
                class("strangers", 0.9999, vec![]),
            ],
            decision: Some(Decision {
                first_cut: 2048,
                context: Some(ContextWeights(vec![0; 3])),
                cut: 4096,
                calibration: None,
            }),
            measured: Some(Measured {
                blocking: Limits { cap: 60, cap_last: 60, weak_rules: true },
                formats: Formats::default(),
                frequencies: "00".into(),
                tables: None,
            }),
        }
    }

    pub(crate) fn frozen() -> Frozen {
        Frozen {
            format_version: FORMAT_VERSION,
            onefolk: "0.1.0".into(),
            learnt_from: LearntFrom {
                as_of: "2026-11-22".into(),
                fingerprint: "00".into(),
                records: 10,
                identities: 9,
                training_pairs: 20,
                expected_matches: 4.0,
                labels: Labels::default(),
            },
            model: model().rounded(),
        }
    }

    #[test]
    fn six_significant_digits_stay() {
        for (value, rounded) in [(0.0, 0.0), (1.0 / 3.0, 0.333_333), (1.234_567_89e-9, 1.234_57e-9), (0.5, 0.5)] {
            assert_eq!(six_digits(value), rounded);
            assert_eq!(six_digits(rounded), rounded, "rounding again changes nothing");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let frozen = frozen();
        let bytes = frozen.to_json();
        let again = Frozen::from_json(&bytes).expect("it was written");
        assert_eq!(again, frozen);
        assert_eq!(again.to_json(), bytes);
        // A run of an older version reads the model alone.
        let alone: Model = serde_json::from_slice(&bytes).expect("the model stands at the top");
        assert_eq!(alone, frozen.model);
    }

    #[test]
    fn what_is_no_model_is_refused_in_words() {
        let text = String::from_utf8(frozen().to_json()).expect("JSON is UTF-8");
        let wrong = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            Frozen::from_json(text.replacen(from, to, 1).as_bytes()).expect_err("it is wrong")
        };
        assert!(Frozen::from_json(b"{\"comparisons\": []}").unwrap_err().contains("not a model"));
        assert!(wrong("\"format_version\": 2", "\"format_version\": 9").contains("format 9"));
        assert!(wrong("\"share\": 0.9999", "\"share\": \"x\"").contains("damaged"));
        assert!(wrong("0.09,", "0.09, 0.4,").contains("frequencies"));
        assert!(wrong("0.09,", "7.0,").contains("frequencies"));
        assert!(wrong("\"name\",", "").contains("lists"));
    }

    #[test]
    fn leaving_out_what_nobody_has_keeps_the_rest() {
        let model = model();
        let rest = model.restricted(&[1]);
        assert_eq!((rest.comparisons, rest.levels, rest.u), (vec!["sex".to_string()], vec![2], vec![vec![0.5, 0.5]]));
        assert_eq!(rest.classes[0].free, [(0, vec![0.01, 0.99])]);
        let turned = model.restricted(&[1, 0]);
        assert_eq!(turned.m(1), model.m(0));
        assert_eq!(turned.u[1], model.u[0]);
    }
}
