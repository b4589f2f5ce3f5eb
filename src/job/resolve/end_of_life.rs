//! `[end_of_life]`: carried facts that are there and of the right kind.

use super::Resolver;
use crate::job::problem::Problem;
use crate::job::reading::{self, Section};
use crate::job::{CarryKind, EndOfLifeSettings, Provider, Within, values};
use crate::suggest::nearest;

/// Days before a death in which unplanned admissions count, where the job does not say.
const LAST_DAYS: i32 = 90;

impl Resolver<'_> {
    pub(super) fn end_of_life(&mut self, root: &Section, providers: &[Provider]) -> Option<EndOfLifeSettings> {
        let section = root.section("end_of_life")?;
        let mut fact = |key: &str, kind: CarryKind| self.fact_of_kind(&section, providers, key, kind);
        let on_register = fact("on_register", CarryKind::Flag);
        let preferred_place_of_death = fact("preferred_place_of_death", CarryKind::Category);
        let preferred_place_of_care = fact("preferred_place_of_care", CarryKind::Category);
        let place_of_death = fact("place_of_death", CarryKind::Category);
        let decided_on = fact("decided_on", CarryKind::Date);
        let unplanned_admission = fact("unplanned_admission", CarryKind::Date);
        let places = section.section("places");
        let places = places.iter().flat_map(|places| places.entries());
        let place = |raw: &str| raw.trim().to_lowercase();
        Some(EndOfLifeSettings {
            on_register: on_register?,
            preferred_place_of_death: preferred_place_of_death?,
            preferred_place_of_care,
            place_of_death,
            decided_on,
            unplanned_admission,
            last_days: section.whole("last_days").and_then(|days| i32::try_from(days).ok()).unwrap_or(LAST_DAYS),
            died_within: section
                .text("died_within")
                .and_then(|span| values::span(&span.text))
                .unwrap_or(Within { months: 12, days: 0 }),
            places: places
                .filter_map(|(raw, value)| Some((place(&raw.text), place(&reading::text(value)?.text))))
                .collect(),
        })
    }

    /// The name of a carried fact; `None` where there is none of that name and kind.
    fn fact_of_kind(
        &mut self,
        section: &Section,
        providers: &[Provider],
        key: &str,
        kind: CarryKind,
    ) -> Option<String> {
        let named = section.text(key)?;
        let facts = || providers.iter().flat_map(|provider| &provider.carry);
        let Some(fact) = facts().find(|fact| fact.name == named.text) else {
            let names = || facts().filter(|fact| fact.kind == kind).map(|fact| fact.name.as_str());
            let problem = Problem::new(named.span, format!("No provider carries `{}`", named.text), "not carried");
            self.report(problem.suggest(nearest(&named.text, names()), || {
                format!("Carry it in [provider.carry], with kind = \"{}\"", super::carry::kind_word(kind))
            }));
            return None;
        };
        if fact.kind != kind {
            let message = format!(
                "`{}` is a {}, and `{key}` needs a {}",
                fact.name,
                super::carry::kind_word(fact.kind),
                super::carry::kind_word(kind)
            );
            self.report(Problem::new(named.span, message, "of another kind").help("Name a fact of that kind"));
            return None;
        }
        Some(named.text)
    }
}
