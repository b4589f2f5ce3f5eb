//! How many names the lists hold, for the night after: a list that has lost most of them is most likely cut off or the wrong one.

use super::listed::{LOCAL, ListHeld, NATIONAL, NEVER_LINK, REPLACED, TYPE_1};
use super::{Authority, OptOuts};
use crate::job::NationalList;
use jiff::civil::Date;
use serde::Serialize;

/// Names (NHS numbers and records) by kind of list, as run.json has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Held {
    pub local: u64,
    pub type_1: u64,
    /// Of those who refuse. A list of those who allow protects the more the fewer it holds.
    pub national: u64,
    /// Pairs to keep apart.
    pub never_link: u64,
    /// Numbers for which others stand: whoever objected under one of the two may have rows under the other.
    pub nhs_number_replaced: u64,
    /// The same by list; run.json has it beside the kinds.
    #[serde(skip)]
    pub by_file: Vec<ListHeld>,
}

impl Held {
    /// Those that hold today; or did on the day `then`, as nobody is lost whose line says that it is over.
    pub fn of(authority: &Authority, opt_outs: &OptOuts, then: Option<Date>) -> Held {
        let refused = opt_outs.national.iter().filter(|(list, _)| matches!(list, NationalList::Refused));
        let mut by_file = authority.listed.held(then);
        by_file.extend(opt_outs.listed.held(then));
        Held {
            local: authority.local.count(then),
            type_1: opt_outs.type_1.count(then),
            national: refused.map(|(_, named)| named.count(then)).sum(),
            never_link: authority.never.len() as u64,
            nhs_number_replaced: authority.replaced.len() as u64,
            by_file,
        }
    }

    /// How many names all lists of a kind hold, with the word that run.json has for it.
    pub fn by_kind(&self) -> [(&'static str, u64); 5] {
        [
            (LOCAL, self.local),
            (TYPE_1, self.type_1),
            (NATIONAL, self.national),
            (NEVER_LINK, self.never_link),
            (REPLACED, self.nhs_number_replaced),
        ]
    }
}
