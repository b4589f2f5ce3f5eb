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
    /// OF0535 where the index is damaged, OF071x where it cannot be noted that identifiers are shown.
    pub fn ask(&self, query: &Query, limit: usize) -> Result<Answer> {
        let answer = self.finder.ask(query, limit, self.show_identifiers, &|person| self.gone.is_gone(person))?;
        if self.show_identifiers {
            let people = answer.found.iter().map(|found| found.person_id.clone());
            let note = Note::new(Event::LookUp).of_run(&self.run_id).about(people).with("command", "find");
            audit::add(self.job, &[note])?;
        }
        Ok(answer)
    }
}

/// Answers one question.
///
/// # Errors
/// As [`Asking::of`] and [`Asking::ask`].
pub fn find(job: &Job, query: &Query, limit: usize, show_identifiers: bool) -> Result<Answer> {
    Asking::of(job, show_identifiers)?.ask(query, limit)
}
