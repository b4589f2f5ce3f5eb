//! Variants of given names: Bill and William, Mohammed and Muhammad, Yusuf and Yousef.
//!
//! A name may belong to several classes (Alex: Alexander, Alexandra). Two names are variants where they share one. Sharing a class is
//! weaker evidence than equality; how much is for the comparison to learn. Source: data/reference/given_name_variants.csv.

use super::reference;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// The classes of one word of a given name (canonical); empty where it has none. Sorted.
pub fn classes_of(token: &str) -> &'static [u16] {
    table().get(token).map_or(&[], Vec::as_slice)
}

/// Whether two different words of given names share a class.
pub fn are_variants(left: &str, right: &str) -> bool {
    let right = classes_of(right);
    classes_of(left).iter().any(|class| right.contains(class))
}

/// Every other form of one word of a given name, of all its classes; some may come twice.
pub fn of(token: &str) -> impl Iterator<Item = &'static str> {
    static MEMBERS: OnceLock<Vec<Vec<&'static str>>> = OnceLock::new();
    let members = MEMBERS.get_or_init(|| {
        let mut members = vec![Vec::new(); heads().len()];
        for (&name, classes) in table() {
            classes.iter().for_each(|&class| members[usize::from(class)].push(name));
        }
        members.iter_mut().for_each(|names| names.sort_unstable());
        members
    });
    classes_of(token).iter().flat_map(|&class| &members[usize::from(class)]).copied()
}

/// The full form of one word of a given name: a name that heads a class is its own, any other goes by the head of its first class
/// ("bill" → "william"), a name without a class stays as it is.
pub fn full_form(token: &str) -> &str {
    let heads = heads();
    match classes_of(token).first() {
        Some(_) if heads.contains(&token) => token,
        Some(&class) => heads[usize::from(class)],
        None => token,
    }
}

/// The first name of each class, by class.
fn heads() -> &'static [&'static str] {
    static HEADS: OnceLock<Vec<&'static str>> = OnceLock::new();
    HEADS.get_or_init(|| {
        let text = include_str!("../../data/reference/given_name_variants.csv");
        reference::lines(text).map(|line| line.split(',').next().unwrap_or_default().trim()).collect()
    })
}

fn table() -> &'static FxHashMap<&'static str, Vec<u16>> {
    static TABLE: OnceLock<FxHashMap<&'static str, Vec<u16>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: FxHashMap<&'static str, Vec<u16>> = FxHashMap::default();
        let text = include_str!("../../data/reference/given_name_variants.csv");
        for (class, line) in reference::lines(text).enumerate() {
            for name in line.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let classes = table.entry(name).or_default();
                if classes.last() != Some(&(class as u16)) {
                    classes.push(class as u16);
                }
            }
        }
        table
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_variants_share_a_class() {
        for (left, right) in [
            ("bill", "william"),
            ("peggy", "margaret"),
            ("liz", "elizabeth"),
            ("mohammed", "md"),
            ("muhammad", "mohd"),
            ("yusuf", "yousef"),
            ("aleksandr", "alexander"),
            ("trudie", "gertrude"),
            ("alex", "alexandra"),
            ("alex", "alexander"),
        ] {
            assert!(are_variants(left, right), "{left} {right}");
        }
        assert!(!are_variants("alexander", "alexandra"));
        assert!(!are_variants("john", "mary"));
        assert!(classes_of("qqq").is_empty());
    }

    #[test]
    fn full_forms() {
        for (name, full) in
            [("bill", "william"), ("william", "william"), ("jack", "jack"), ("peggy", "margaret"), ("qqq", "qqq")]
        {
            assert_eq!(full_form(name), full, "{name}");
        }
        for head in heads() {
            assert_eq!(full_form(head), *head);
        }
    }

    #[test]
    fn the_table_is_of_canonical_words() {
        assert!(table().len() > 1000, "{}", table().len());
        for (name, classes) in table() {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
            assert!(classes.is_sorted());
        }
        let text = include_str!("../../data/reference/given_name_variants.csv");
        assert!(reference::lines(text).count() >= 300);
        assert!(reference::lines(text).all(|line| line.split(',').count() >= 2), "a class has two names at least");
    }
}
