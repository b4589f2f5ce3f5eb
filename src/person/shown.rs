//! A person's page, and an answer, as text for people.

use super::page::{PersonPage, Waiting};
use crate::look_up::{Answer, Found};
use std::fmt::{Display, Formatter, Result};

/// Width of the column of labels.
const LABELS: usize = 28;

impl Display for PersonPage {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "Person {}, as of {} (run {})", self.person_id, self.as_of, self.run_id)?;
        writeln!(f, "\nBefore you rely on this")?;
        for (label, words) in self.warnings() {
            line(f, label, &words)?;
        }
        writeln!(f, "\nBest record")?;
        line(f, "status", &self.status.replace('_', " "))?;
        for field in &self.best_record {
            let value = field.value.as_deref().unwrap_or("(known)");
            let from = field.from.as_deref().map(|from| format!("   from {from}")).unwrap_or_default();
            line(f, &field.field.replace('_', " "), &format!("{value}{from}"))?;
        }
        writeln!(f, "\nKnown to")?;
        if self.providers.is_empty() {
            line(f, "providers", "not known")?;
        }
        for provider in &self.providers {
            let contact = provider.last_contact.as_deref().unwrap_or("not known");
            let setting = provider.setting.replace('_', " ");
            line(
                f,
                &provider.provider,
                &format!("{}, {setting}; records {}; last contact {contact}", provider.name, provider.records),
            )?;
        }
        self.facts(f)?;
        if let Some(wishes) = &self.wishes {
            writeln!(f, "\nWishes for the end of life")?;
            wishes.lines().into_iter().try_for_each(|(label, words)| line(f, &label, &words))?;
        }
        if let Some(packages) = &self.packages {
            writeln!(f, "\nPackages of care")?;
            packages.lines().into_iter().try_for_each(|(label, words)| line(f, &label, &words))?;
        }
        writeln!(f, "\nOpt-outs")?;
        line(f, "type 1", yes_or_no(self.opt_outs.type_1))?;
        line(f, "national", yes_or_no(self.opt_outs.national))?;
        if !self.identifiers_shown {
            writeln!(
                f,
                "\nNames, dates, numbers and places are shown with --show-identifiers; the audit says who was shown, and whether these were."
            )?;
        }
        Ok(())
    }
}

impl PersonPage {
    /// What a reader must know first, by label.
    pub(super) fn warnings(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![("as of", format!("{}: nothing later is known here", self.as_of))];
        let own = |feed: &&super::Feed| self.providers.iter().any(|line| line.provider == feed.provider);
        let old: Vec<String> = self
            .feeds
            .iter()
            .filter(|feed| feed.days_old > 0)
            .map(|feed| {
                let whose = if own(&feed) { ", who knows this person" } else { "" };
                format!("{} {}{whose}", feed.name, days(feed.days_old))
            })
            .collect();
        let fresh = "every provider's last extract was there".to_string();
        all.push(("feeds", if old.is_empty() { fresh } else { format!("old ones stand in: {}", old.join("; ")) }));
        let conflicts: Vec<String> = self.conflicts.iter().map(|field| field.replace('_', " ")).collect();
        let agree = "in nothing that a person keeps for life".to_string();
        all.push((
            "records disagree",
            if conflicts.is_empty() { agree } else { format!("in {}", conflicts.join(", ")) },
        ));
        let waiting: Vec<String> = self.waiting.iter().map(words_of).collect();
        let nothing = "nothing waits for review".to_string();
        all.push(("review", if waiting.is_empty() { nothing } else { waiting.join("; ") }));
        all.push(("held together", self.held_together()));
        all
    }

    /// What is so first, then in one line what is not: most facts of most people say no.
    fn facts(&self, f: &mut Formatter<'_>) -> Result {
        if self.facts.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nCarried facts")?;
        let (no, yes): (Vec<_>, Vec<_>) = self.facts.iter().partition(|(_, value)| says_no(value));
        for (name, value) in yes {
            line(f, &name.replace('_', " "), value)?;
        }
        let no: Vec<String> = no.into_iter().map(|(name, _)| name.replace('_', " ")).collect();
        if no.is_empty() { Ok(()) } else { line(f, "no, none or 0", &no.join(", ")) }
    }

    fn held_together(&self) -> String {
        let records = format!("{} record{}", self.bond.records, if self.bond.records == 1 { "" } else { "s" });
        let bare = if self.bond.bare { "; they say too little to be linked with others" } else { "" };
        match self.bond.weakest_probability {
            Some(probability) => {
                format!("{records}; the weakest bond is right with probability {probability:.3}{bare}")
            }
            None => format!("{records}{bare}"),
        }
    }
}

fn words_of(waiting: &Waiting) -> String {
    let pairs = format!("{} pair{}", waiting.pairs, if waiting.pairs == 1 { "" } else { "s" });
    format!("{pairs} ({})", waiting.reason.replace('_', " "))
}

fn days(days: u64) -> String {
    format!("{days} day{} old", if days == 1 { "" } else { "s" })
}

fn says_no(value: &str) -> bool {
    matches!(value, "false" | "0" | "[]")
}

pub(super) fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn line(f: &mut Formatter<'_>, label: &str, words: &str) -> Result {
    writeln!(f, "  {label:<LABELS$}  {words}")
}

impl Display for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.found.is_empty() {
            return writeln!(f, "Nobody of run {} answers that.", self.run_id);
        }
        for found in &self.found {
            writeln!(f, "{}  {}", found.person_id, how_well(found))?;
            if let Some(names) = &found.names {
                writeln!(f, "                  {names}, born {}", found.born.as_deref().unwrap_or("not known"))?;
            }
        }
        if self.more > 0 {
            writeln!(f, "{} more answer it less well; a date of birth, or --limit, tells them apart.", self.more)?;
        }
        writeln!(f, "Run {}. `onefolk person ID` shows one of them.", self.run_id)
    }
}

/// "12.3 bits: name the same, one letter differs; date of birth day and month swapped".
fn how_well(found: &Found) -> String {
    let name: Vec<&str> = found.name.iter().map(|how| how.unwrap_or("not in any name")).collect();
    let name = if name.is_empty() { String::new() } else { format!("name: {}; ", name.join(", ")) };
    let postcode = found.postcode.map(|place| format!("; postcode: {}", place.words())).unwrap_or_default();
    format!("{:+.1} bits  {name}date of birth: {}{postcode}", found.bits, found.date_of_birth.words())
}
