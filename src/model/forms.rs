//! The candidate forms of a model: which kinds of strangers there are, and what each kind may learn (ACCURACY.md section 5).

use super::sample::Frequencies;
use crate::comparison::{Comparisons, Group};
use serde::{Deserialize, Serialize};

/// Strangers need two groups of fields with this much information to count as alike in both, in bits.
const ALIKE_BITS: f64 = 3.0;
/// Classes a model may have: a scorer keeps a score of each on the stack.
pub(super) const CLASSES_MAX: usize = 63;

/// A candidate form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Strangers alike in no group of fields, in one, or in two; each kind learns those groups and is like any strangers in the rest. It
    /// cannot take damaged duplicates for related strangers, because they agree on more.
    Constrained,
    /// Strangers, and related strangers, both free in all fields.
    Related,
    /// Strangers, and one kind for each comparison that says most about a pair, all free in all fields.
    ByField,
    /// One kind of strangers.
    Plain,
    /// Nothing is learnt: what agrees counts by its rarity among strangers. Only `evaluate --ablation` asks for it.
    Information,
}

/// Candidates in the order in which ties are broken.
pub const FORMS: [Form; 4] = [Form::Constrained, Form::Related, Form::ByField, Form::Plain];

impl Form {
    /// Expected pairs below which a kind of strangers is left out at the start.
    pub(super) fn pairs_min(self) -> f64 {
        if self == Form::Constrained { 5.0 } else { 20.0 }
    }
}

/// What a form's classes are, class 0 ("one person") first and plain strangers second.
pub(super) struct Layout {
    pub names: Vec<String>,
    /// Comparisons that each class learns, by place in the list.
    pub free: Vec<Vec<usize>>,
    kinds: Kinds,
}

enum Kinds {
    Groups(Vec<Vec<Group>>),
    Related,
    ByField,
    Plain,
}

impl Layout {
    pub fn of(form: Form, comparisons: &Comparisons) -> Layout {
        let all: Vec<usize> = (0..comparisons.list.len()).collect();
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
        match form {
            Form::Constrained => {
                let kinds = group_kinds(comparisons);
                let one_person = std::iter::once(("one person".to_string(), all));
                let strangers = kinds.iter().map(|kind| (kind_name(comparisons, kind), in_groups(comparisons, kind)));
                let (names, free) = one_person.chain(strangers).unzip();
                Layout { names, free, kinds: Kinds::Groups(kinds) }
            }
            Form::Related => Layout {
                names: named(&["one person", "strangers", "related strangers"]),
                free: vec![all; 3],
                kinds: Kinds::Related,
            },
            Form::ByField => {
                let mut names = named(&["one person", "strangers"]);
                let listed = comparisons.list.iter().take(CLASSES_MAX - 2);
                names.extend(listed.map(|comparison| format!("strangers alike in {}", comparison.name)));
                Layout { free: vec![all; names.len()], names, kinds: Kinds::ByField }
            }
            Form::Plain | Form::Information => {
                Layout { names: named(&["one person", "strangers"]), free: vec![all; 2], kinds: Kinds::Plain }
            }
        }
    }

    /// The class of strangers that a blocked pair with these levels (`u8::MAX` = missing) looks like.
    pub fn start_class(&self, comparisons: &Comparisons, u: &Frequencies, levels: &[u8]) -> usize {
        match &self.kinds {
            Kinds::Groups(kinds) => 1 + most_alike(comparisons, u, levels, kinds),
            Kinds::Related => 2,
            Kinds::ByField => {
                let known =
                    levels.iter().enumerate().filter(|(at, level)| **level != u8::MAX && at + 2 < self.free.len());
                let bits = known.map(|(at, level)| (at, -u[at][usize::from(*level)].log2()));
                let most = bits.fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best });
                2 + most.0
            }
            Kinds::Plain => 1,
        }
    }
}

/// The kinds of strangers: none alike, alike in one group of fields, alike in two.
fn group_kinds(comparisons: &Comparisons) -> Vec<Vec<Group>> {
    let telling = comparisons.list.iter().filter(|comparison| comparisons.tells_apart(comparison));
    let mut groups: Vec<Group> = telling.map(|comparison| comparison.group).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut kinds = vec![vec![]];
    if groups.len() < 2 {
        // Strangers alike in all there is are no other than one person as far as anybody can see.
        return kinds;
    }
    kinds.extend(groups.iter().map(|group| vec![*group]));
    if groups.len() >= 4 {
        for (i, a) in groups.iter().enumerate() {
            kinds.extend(groups[i + 1..].iter().filter(|b| !never_strangers(*a, **b)).map(|b| vec![*a, *b]));
        }
    }
    kinds.truncate(CLASSES_MAX - 1);
    kinds
}

/// An identifier and a date of birth together are no chance and no household: a class of strangers alike in both would only take the rows of
/// one person that hold nothing else.
fn never_strangers(a: Group, b: Group) -> bool {
    matches!((a, b), (Group::Date, Group::Number) | (Group::Number, Group::Date))
}

fn in_groups(comparisons: &Comparisons, kind: &[Group]) -> Vec<usize> {
    let listed = comparisons.list.iter().enumerate();
    listed.filter(|(_, comparison)| kind.contains(&comparison.group)).map(|(index, _)| index).collect()
}

fn kind_name(comparisons: &Comparisons, kind: &[Group]) -> String {
    let names: Vec<&str> =
        in_groups(comparisons, kind).into_iter().map(|index| comparisons.list[index].name.as_str()).collect();
    if names.is_empty() { "strangers".into() } else { format!("strangers alike in {}", names.join(", ")) }
}

/// The kind of strangers that a pattern looks like: the one or two groups with most information.
fn most_alike(comparisons: &Comparisons, u: &Frequencies, levels: &[u8], kinds: &[Vec<Group>]) -> usize {
    let mut by_group: Vec<(Group, f64)> = Vec::new();
    for (index, comparison) in comparisons.list.iter().enumerate().filter(|(index, _)| levels[*index] != u8::MAX) {
        let bits = -u[index][usize::from(levels[index])].log2();
        match by_group.iter_mut().find(|(group, _)| *group == comparison.group) {
            Some((_, sum)) => *sum += bits,
            None => by_group.push((comparison.group, bits)),
        }
    }
    by_group.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut wanted: Vec<Group> =
        by_group.iter().take(2).filter(|(_, bits)| *bits >= ALIKE_BITS).map(|(group, _)| *group).collect();
    wanted.sort_unstable();
    let one = by_group.first().map(|(group, _)| vec![*group]).unwrap_or_default();
    kinds.iter().position(|kind| *kind == wanted).or_else(|| kinds.iter().position(|kind| *kind == one)).unwrap_or(0)
}
