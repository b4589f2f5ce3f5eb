//! A person's page as one file of HTML, without script and without any request.

use super::page::PersonPage;
use super::shown::yes_or_no;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::summary::page::frame::{self, Frame, section};
use maud::{Markup, html};
use std::path::Path;

impl PersonPage {
    /// Writes the page into a new file (mode 0600).
    ///
    /// # Errors
    /// OF0603 where the file exists, OF0403 where it cannot be written.
    pub fn write_html(&self, path: &Path) -> Result<()> {
        disk::write_file(path, self.html().as_bytes()).map_err(|error| Failure::of_new_file(&error, path))
    }

    /// The page; it holds what [`PersonPage`] holds, so names only where they were asked for.
    pub fn html(&self) -> String {
        let wishes = self.wishes.as_ref().map(|wishes| ("wishes", "Wishes for the end of life", wishes.table()));
        let packages =
            self.packages.as_ref().map(|packages| ("packages", "Packages of care", packages.drawn(&self.as_of)));
        let parts: Vec<(&str, &str, Markup)> = [
            ("before", "Before you rely on this", self.before()),
            ("best-record", "Best record", self.best()),
            ("known-to", "Known to", self.known()),
            ("facts", "Carried facts", self.carried()),
        ]
        .into_iter()
        .chain(wishes)
        .chain(packages)
        .chain([("opt-outs", "Opt-outs", self.opted_out())])
        .collect();
        let contents: Vec<(&str, &str)> = parts.iter().map(|(anchor, heading, _)| (*anchor, *heading)).collect();
        let page = frame::document(&Frame {
            title: &format!("Person {}", self.person_id),
            own_style: "th[scope=row],td{vertical-align:top}",
            skip_to: "Skip to the page",
            contents: &contents,
            banner: frame::banner(
                &format!("as of {} · run {}", self.as_of, self.run_id),
                &format!("Person {}", self.person_id),
                "What is known of one person, put together from the records of several providers.",
            ),
            sections: html! { @for (anchor, heading, shows) in &parts { (section(anchor, heading, html! {}, shows.clone())) } },
            footer: html! { p { "By onefolk " (env!("CARGO_PKG_VERSION")) ". For the care of this person only." } },
        });
        page.into_string()
    }

    fn before(&self) -> Markup {
        let lines = self.warnings().into_iter().map(|(label, words)| vec![label.to_string(), words]);
        table("What to know first", &["about", "what"], lines.collect())
    }

    fn best(&self) -> Markup {
        let status = vec!["status".to_string(), self.status.replace('_', " "), String::new()];
        let fields = self.best_record.iter().map(|field| {
            let value = field.value.clone().unwrap_or_else(|| "(known)".into());
            vec![field.field.replace('_', " "), value, field.from.clone().unwrap_or_default()]
        });
        table("Fields of the best record", &["field", "value", "from"], std::iter::once(status).chain(fields).collect())
    }

    fn known(&self) -> Markup {
        if self.providers.is_empty() {
            return html! { p { "Not known." } };
        }
        let lines = self.providers.iter().map(|line| {
            let contact = line.last_contact.clone().unwrap_or_else(|| "not known".into());
            vec![line.name.clone(), line.setting.replace('_', " "), line.records.to_string(), contact]
        });
        table("Providers who know the person", &["provider", "setting", "records", "last contact"], lines.collect())
    }

    fn carried(&self) -> Markup {
        if self.facts.is_empty() {
            return html! { p { "None." } };
        }
        let lines = self.facts.iter().map(|(name, value)| vec![name.replace('_', " "), value.clone()]);
        table("Facts of the person", &["fact", "value"], lines.collect())
    }

    fn opted_out(&self) -> Markup {
        let lines = [("type 1", self.opt_outs.type_1), ("national", self.opt_outs.national)];
        let lines = lines.map(|(kind, yes)| vec![kind.to_string(), yes_or_no(yes).to_string()]);
        table("Which opt-outs", &["kind", "opted out"], lines.to_vec())
    }
}

pub(super) fn table(label: &str, heads: &[&str], lines: Vec<Vec<String>>) -> Markup {
    frame::scrolling(
        label,
        html! {
            table {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody {
                    @for line in &lines {
                        tr {
                            @for (at, cell) in line.iter().enumerate() {
                                @if at == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        },
    )
}
