//! Gates that somebody waives for one night, by name.

use super::GATES;
use crate::failure::{Code, Exit, Failure, Result};
use crate::job::nearest;

pub(super) static NO_SUCH_GATE: Code = Code {
    id: "OF0528",
    exit: Exit::JobWrong,
    title: "there is no gate of this name",
    next_step: "Name a gate as the message of a failed run does, such as --waive provider_shrunk",
    explanation: "--waive names one gate that may be broken for this one run: as_of, objections_fell, run_before, \
                  decisions_lost, column_missing, provider_missing, provider_left, extract_twice, quarantined, provider_shrunk, \
                  column_changed, column_meaning, people_change, merges or negative_controls. It may be given several times. What \
                  the gate saw is told all the same, and run.json keeps that it was waived.",
};

/// Gates that one run may break.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waived {
    /// One bit a gate, in the order of `GATES`.
    bits: u16,
}

impl Waived {
    /// # Errors
    /// OF0528 for a name that no gate has, with the nearest one.
    pub fn parse(names: &[String]) -> Result<Waived> {
        let mut waived = Waived::default();
        for name in names {
            let Some(at) = GATES.iter().position(|gate| gate.name == *name) else {
                let meant = match nearest(name, GATES.iter().map(|gate| gate.name)) {
                    Some(near) => format!("did you mean {near}?"),
                    None => {
                        format!("the gates are {}", GATES.iter().map(|gate| gate.name).collect::<Vec<_>>().join(", "))
                    }
                };
                return Err(Failure::new(&NO_SUCH_GATE, format!("{name}: {meant}")));
            };
            waived.bits |= 1 << at;
        }
        Ok(waived)
    }

    pub(super) fn holds(self, name: &str) -> bool {
        GATES.iter().position(|gate| gate.name == name).is_some_and(|at| self.bits & (1 << at) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_waived_by_name_and_a_misspelt_name_is_told() {
        let waived = Waived::parse(&["merges".into(), "quarantined".into()]).expect("they are gates");
        let held: Vec<&str> = GATES.iter().map(|gate| gate.name).filter(|name| waived.holds(name)).collect();
        assert_eq!(held, ["quarantined", "merges"]);
        let failure = Waived::parse(&["provider_shrink".into()]).expect_err("it is misspelt");
        assert_eq!((failure.code.id, failure.code.exit.number()), ("OF0528", 2));
        assert!(failure.what.contains("did you mean provider_shrunk?"), "{failure}");
        for gate in &GATES {
            assert!(gate.code.explanation.contains(&format!("--waive {}", gate.name)), "{}", gate.name);
        }
    }
}
