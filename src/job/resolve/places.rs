//! Facts that tell where somebody is, whether or not the job says so: `place = true` is easily forgotten.

use crate::job::{Carry, Field, Provider};
use std::collections::BTreeSet;

/// Fields whose values tell where somebody lives, can be reached or is registered.
const TELLING: [Field; 6] =
    [Field::Address, Field::Postcode, Field::Uprn, Field::Phone, Field::Email, Field::GpPractice];

/// Marks every fact that holds the values of a column which some provider maps to such a field as if the job had said `place = true`, and
/// those of the same name with it: a fact is one column, whoever sends it.
pub(super) fn mark(providers: &mut [Provider]) {
    let all: &[Provider] = providers;
    let mut telling = BTreeSet::new();
    for keeper in all {
        let facts = keeper.carry.iter().filter(|fact| fact.place || holds_place(all, keeper, fact));
        telling.extend(facts.map(|fact| fact.name.clone()));
    }
    for fact in providers.iter_mut().flat_map(|provider| &mut provider.carry) {
        fact.place |= telling.contains(&fact.name);
    }
}

fn holds_place(providers: &[Provider], keeper: &Provider, fact: &Carry) -> bool {
    let mut read = providers.iter().flat_map(|provider| provider.fields_read_from(keeper, &fact.column));
    fact.holds_values() && read.any(|field| TELLING.contains(&field))
}
