//! Wishes for the end of life on a person's page: what was wished, and who holds it.

use super::shown_html::table;
use crate::failure::Result;
use crate::job::{END_OF_LIFE_COLUMNS, Job};
use crate::publish::WISHES;
use crate::publish::published::PublishedRun;
use maud::Markup;
use serde::Serialize;

/// All wishes of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WishesOfPerson {
    /// By what they are about, the latest decision first.
    pub wishes: Vec<WishLine>,
    /// Did the provider that saw the person last hold them? Absent where no wish is recorded, or where that may not be told.
    pub known_to_last: Option<bool>,
    /// Of whoever has died.
    pub died_where_wished: Option<bool>,
}

/// One wish, as one record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WishLine {
    pub wish: String,
    /// Absent where it may not be told, or where the job carries it as a place and identifiers were not asked for.
    pub place: Option<String>,
    pub provider: Option<String>,
    pub provider_name: Option<String>,
    /// Only where identifiers were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    pub decided_on: Option<String>,
}

/// What the run knows of the wishes of the person in this row of people.parquet; `None` where it has none of anybody.
pub(super) fn of(
    job: &Job,
    run: &PublishedRun,
    row: usize,
    person_id: &str,
    show: bool,
) -> Result<Option<WishesOfPerson>> {
    if !run.has(WISHES) {
        return Ok(None);
    }
    let mut found = WishesOfPerson::default();
    run.one("people.parquet", row, |rows| {
        let flag = |column: &str| rows.said(column, 0).map(|flag| flag == "true");
        let [_, known, where_wished, _] = END_OF_LIFE_COLUMNS;
        (found.known_to_last, found.died_where_wished) = (flag(known), flag(where_wished));
        Ok(())
    })?;
    let settings = job.end_of_life.as_ref();
    let is_place = |wish: &str| {
        let named = settings.and_then(|settings| match wish {
            "preferred_place_of_care" => settings.preferred_place_of_care.as_ref(),
            _ => Some(&settings.preferred_place_of_death),
        });
        job.providers.iter().flat_map(|provider| &provider.carry).any(|fact| fact.place && Some(&fact.name) == named)
    };
    run.each_whole(WISHES, |rows| {
        let (person, wish) = (rows.text("person_id")?, rows.text("wish")?);
        for row in (0..rows.len()).filter(|&row| person.value(row) == person_id) {
            let said = |column: &str| rows.said(column, row);
            let provider = said("provider");
            let known = |id: &String| job.providers.iter().find(|known| known.id == *id);
            found.wishes.push(WishLine {
                wish: wish.value(row).to_string(),
                place: said("place").filter(|_| show || !is_place(wish.value(row))),
                provider_name: provider.as_ref().map(|id| known(id).map_or(id, |known| &known.name).clone()),
                provider,
                record_id: said("record_id").filter(|_| show),
                decided_on: said("decided_on"),
            });
        }
        Ok(())
    })?;
    Ok(Some(found))
}

impl WishesOfPerson {
    /// For the page of HTML.
    pub(super) fn table(&self) -> Markup {
        table(
            "Wishes, one a line",
            &["what", "which"],
            self.lines().into_iter().map(|(label, words)| vec![label, words]).collect(),
        )
    }

    /// For people to read, by label.
    pub(super) fn lines(&self) -> Vec<(String, String)> {
        let label = |words: &str| words.to_string();
        let mut lines: Vec<(String, String)> = Vec::new();
        for wish in &self.wishes {
            let place = wish.place.as_ref().map_or_else(|| "(known)".to_string(), |place| place.replace('_', " "));
            let provider = wish.provider_name.as_deref().unwrap_or("provider not known");
            let record = wish.record_id.as_ref().map(|id| format!(" (record {id})")).unwrap_or_default();
            let decided = wish.decided_on.as_ref().map(|day| format!(", decided {day}")).unwrap_or_default();
            lines.push((wish.wish.replace('_', " "), format!("{place}, from {provider}{record}{decided}")));
        }
        if lines.is_empty() {
            lines.push((label("wishes"), label("none recorded")));
        }
        let known = |yes: bool| if yes { "had them" } else { "did not have them" };
        lines.extend(self.known_to_last.map(|yes| (label("who saw the person last"), label(known(yes)))));
        let followed = |yes: bool| if yes { "yes" } else { "no" };
        lines.extend(self.died_where_wished.map(|yes| (label("died where they wished"), label(followed(yes)))));
        lines
    }
}
