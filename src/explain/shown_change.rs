//! A person's story as text for people.

use super::change::{ChangeExplained, StoryLine};
use super::counted;
use std::fmt::{Display, Formatter, Result};

impl Display for ChangeExplained {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "Person {}: {}.\n", self.person_id, self.today_in_words())?;
        for line in &self.story {
            writeln!(f, "{}  {} {}", line.as_of, line.person_id, words(line))?;
        }
        if self.runs_gone > 0 {
            let runs = counted(self.runs_gone, "earlier run");
            let verb = if self.runs_gone == 1 { "is" } else { "are" };
            writeln!(
                f,
                "\n{runs} {verb} kept no more: of them it is known who was new and who went away, not who grew or shrank."
            )?;
        }
        writeln!(f, "\nRun {}. Why the records are together: onefolk explain person.", self.run_id)
    }
}

impl ChangeExplained {
    fn today_in_words(&self) -> String {
        let records = |records: i64| counted(usize::try_from(records).unwrap_or(0), "record");
        match &self.today[..] {
            [] => "no record of it is left in any extract".into(),
            [one] if one.person_id == self.person_id => format!("still the same today, with {}", records(one.records)),
            [one] => format!("today it is {}, with {}", one.person_id, records(one.records)),
            several => {
                let each = several.iter().map(|one| format!("{} with {}", one.person_id, records(one.records)));
                format!(
                    "today its records are those of {} people: {}",
                    several.len(),
                    each.collect::<Vec<_>>().join(", ")
                )
            }
        }
    }
}

fn words(line: &StoryLine) -> String {
    let into = line.into.join(" and ");
    match line.change.as_str() {
        "new" => "is new".into(),
        "grown" => "has grown: it has records that it did not have before".into(),
        "shrunk" => "has shrunk: records of it are in no extract any more".into(),
        "merged" => format!("went into {into}: they were found to be one person"),
        "split" if line.into.contains(&line.person_id) => {
            let others: Vec<&str> = line.into.iter().filter(|id| **id != line.person_id).map(String::as_str).collect();
            format!("was split: some of its records belong to {} now", others.join(" and "))
        }
        "split" => format!("was split and went away: its records belong to {into} now"),
        "retired" => "went away: none of its records is in any extract any more".into(),
        other => other.to_string(),
    }
}
