//! How many names the lists hold, for the night after: a list that has lost most of them is most likely cut off or the wrong one.

use super::{Authority, OptOuts};
use crate::job::NationalList;
use jiff::civil::Date;
use serde::Serialize;

/// Names (NHS numbers and records) by kind of list, as run.json has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Held {
    pub local: u64,
    pub type_1: u64,
    /// Of those who refuse. A list of those who allow protects the more the fewer it holds.
    pub national: u64,
    /// Pairs to keep apart.
    pub never_link: u64,
}

impl Held {
    /// Those that hold today; or did on the day `then`, as nobody is lost whose line says that it is over.
    pub fn of(authority: &Authority, opt_outs: &OptOuts, then: Option<Date>) -> Held {
        let refused = opt_outs.national.iter().filter(|(list, _)| matches!(list, NationalList::Refused));
        Held {
            local: authority.local.count(then),
            type_1: opt_outs.type_1.count(then),
            national: refused.map(|(_, named)| named.count(then)).sum(),
            never_link: authority.never.len() as u64,
        }
    }

    /// The same with the word that run.json has for each kind.
    pub fn by_kind(self) -> [(&'static str, u64); 4] {
        [("local", self.local), ("type_1", self.type_1), ("national", self.national), ("never_link", self.never_link)]
    }
}
