//! The conversation: a pair, a key, the next pair.

use super::queue::{Waiting, names};
use super::shown;
use crate::audit::{self, Event, Note};
use crate::decisions::{Answer, Book, NOT_A_PERSON};
use crate::explain::{self, Options, SideBySide};
use crate::failure::{Failure, OUTPUT_FAILED, Result};
use crate::job::Job;
use std::io::Write;
use std::path::Path;

/// What somebody has typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// With why, in their own words; may be empty.
    Answer(Answer, String),
    /// One of the two records, 0 or 1, is no person's; with why.
    NotAPerson(usize, String),
    /// Back to the pair before, whose answer is taken back.
    Back,
    Quit,
    NotUnderstood,
}

impl Key {
    /// Reads a line: a key or its word, and why.
    pub fn of_line(line: &str) -> Key {
        let line = line.trim();
        let (word, why) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let answer = |answer| Key::Answer(answer, why.trim().to_string());
        match word.to_ascii_lowercase().as_str() {
            "y" | "yes" => answer(Answer::Yes),
            "n" | "no" => answer(Answer::No),
            "u" | "unsure" => answer(Answer::Unsure),
            "1" | "2" => Key::NotAPerson(usize::from(word == "2"), why.trim().to_string()),
            "b" | "back" | "undo" => Key::Back,
            "q" | "quit" => Key::Quit,
            _ => Key::NotUnderstood,
        }
    }
}

pub(super) struct Session<'a> {
    pub job: &'a Job,
    pub run_id: &'a str,
    pub open: &'a [Waiting],
    pub look: &'a dyn Fn(usize) -> SideBySide,
    pub book: Book,
    pub by: &'a str,
    pub options: Options,
    pub out: &'a mut (dyn Write + Send),
}

impl Session<'_> {
    /// Asks until all is answered or `keys` ends; gives how many answers stand.
    pub fn ask(&mut self, keys: &mut (dyn FnMut() -> Result<Key> + Send)) -> Result<usize> {
        let mut at = 0;
        self.show(at)?;
        while at < self.open.len() {
            match keys()? {
                Key::Answer(answer, why) => {
                    let [left, right] = names(&self.open[at].pair);
                    self.note(Event::Decision, answer.word(), at)?;
                    self.book.add((&left, &right), answer, self.by, &why)?;
                    at = self.next(at)?;
                }
                Key::NotAPerson(side, why) => {
                    self.note(Event::Decision, NOT_A_PERSON, at)?;
                    self.book.add_not_a_person(&names(&self.open[at].pair)[side], self.by, &why)?;
                    at = self.next(at)?;
                }
                Key::Back if self.book.take_back()? => {
                    at -= 1;
                    self.note(Event::DecisionTakenBack, "", at)?;
                    self.say("Taken back.\n")?;
                    self.show(at)?;
                }
                Key::Back => self.say("There is nothing to take back in this session.\n")?,
                Key::Quit => break,
                Key::NotUnderstood => {
                    self.say("y yes · n no · u unsure · 1 or 2 that record is not a person · b back · q quit\n")?
                }
            }
        }
        Ok(at)
    }

    fn next(&mut self, at: usize) -> Result<usize> {
        if at + 1 < self.open.len() {
            self.show(at + 1)?;
        }
        Ok(at + 1)
    }

    /// Notes what is about to be decided; it is not decided where that fails.
    fn note(&self, event: Event, answer: &str, at: usize) -> Result<()> {
        let people = self.open[at].pair.people.clone();
        audit::add(self.job, &[Note::new(event).of_run(self.run_id).about(people).with("answer", answer)]).map(|_| ())
    }

    fn show(&mut self, at: usize) -> Result<()> {
        let people = self.open[at].pair.people.clone();
        explain::note_look_up(self.job, self.run_id, "review", people, self.options)?;
        let pair = (self.look)(at);
        let text = shown::pair(self.job, &self.open[at], &pair, (at + 1, self.open.len()), self.options);
        self.say(&text)
    }

    fn say(&mut self, text: &str) -> Result<()> {
        let said = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        said.map_err(|error| Failure::from_io(&error, Path::new("standard output"), &OUTPUT_FAILED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_key_and_why() {
        let answer = |answer, why: &str| Key::Answer(answer, why.to_string());
        for (line, key) in [
            ("y", answer(Answer::Yes, "")),
            (" N  twins at school \n", answer(Answer::No, "twins at school")),
            ("unsure", answer(Answer::Unsure, "")),
            ("1", Key::NotAPerson(0, String::new())),
            ("2 a ward fridge", Key::NotAPerson(1, "a ward fridge".into())),
            ("b", Key::Back),
            ("q", Key::Quit),
            ("", Key::NotUnderstood),
            ("yesterday", Key::NotUnderstood),
        ] {
            assert_eq!(Key::of_line(line), key, "{line}");
        }
    }
}
