//! `onefolk find`: whom a question may be about, as things stand today.

use crate::audit::{self, Event, Note};
use crate::consent::{self, Authority};
use crate::failure::Result;
use crate::job::Job;
use crate::look_up::{Answer, Finder, Query};
use crate::publish::published::PublishedRun;
use crate::run::Gone;

/// The current run, ready to answer one question after another.
pub struct Asking<'a> {
    job: &'a Job,
    run_id: String,
    finder: Finder,
    gone: Gone,
    show_identifiers: bool,
}

impl<'a> Asking<'a> {
    /// # Errors
    /// OF0530 where there is no run, OF0581 where it cannot be searched, OF035x where today's lists cannot be read.
    pub fn of(job: &'a Job, show_identifiers: bool) -> Result<Asking<'a>> {
        let run = PublishedRun::current(job)?;
        let finder = Finder::open(&run)?;
        let authority: Authority = consent::read(job)?;
        let gone = Gone::since(job, &run, &finder, &authority)?;
        Ok(Asking { job, run_id: run.run_id, finder, gone, show_identifiers })
    }

    /// The `limit` people who answer a question best.
    ///
    /// # Errors
    /// As [`Asking::ask_all`].
    pub fn ask(&self, query: &Query, limit: usize) -> Result<Answer> {
        let answer = self.answer(query, limit)?;
        self.note(std::slice::from_ref(&answer))?;
        Ok(answer)
    }

    /// The answers to some questions, in their order; an entry of the audit each, which are on the disk together before this returns.
    ///
    /// # Errors
    /// OF0535 where the index is damaged, OF071x where it cannot be noted who was found: then nobody may be shown.
    pub fn ask_all(&self, queries: &[Query], limit: usize) -> Result<Vec<Answer>> {
        let answers = queries.iter().map(|query| self.answer(query, limit)).collect::<Result<Vec<Answer>>>()?;
        self.note(&answers)?;
        Ok(answers)
    }

    fn answer(&self, query: &Query, limit: usize) -> Result<Answer> {
        self.finder.ask(query, limit, self.show_identifiers, &|person| self.gone.is_gone(person))
    }

    /// Notes who was found. That somebody is known here, and how well they fit, tells of them even where no name is shown.
    fn note(&self, answers: &[Answer]) -> Result<()> {
        let look_up = || Note::new(Event::LookUp).of_run(&self.run_id).with("command", "find");
        let note = |answer: &Answer| {
            let people = answer.found.iter().map(|found| found.person_id.clone());
            look_up().with("identifiers", self.show_identifiers).about(people)
        };
        audit::add(self.job, &answers.iter().map(note).collect::<Vec<_>>()).map(|_| ())
    }
}

/// Answers one question.
///
/// # Errors
/// As [`Asking::of`] and [`Asking::ask`].
pub fn find(job: &Job, query: &Query, limit: usize, show_identifiers: bool) -> Result<Answer> {
    Asking::of(job, show_identifiers)?.ask(query, limit)
}
