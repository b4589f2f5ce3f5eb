//! Every code, gathered from the rooms that raise them, for `onefolk explain code`.

use super::{Code, Exit};

pub(super) static DISK_FULL: Code = Code {
    id: "OF0401",
    exit: Exit::Resource,
    title: "the disk is full",
    next_step: "Free space on the output's disk or point [job] output elsewhere, then run again; nothing was published",
    explanation: "A file could not be written because the disk (or a quota) is full. What was published before still stands. \
                  Free some space, lower [job] keep_runs, or point [job] output at a larger disk.",
};

pub(super) static NOT_PERMITTED: Code = Code {
    id: "OF0402",
    exit: Exit::Resource,
    title: "a file may not be read or written",
    next_step: "Give the account that runs onefolk the permission that the message names, then run again",
    explanation: "The operating system refused access to a file or folder. onefolk writes below [job] output and reads the \
                  files that the job names; the account that runs it needs both permissions.",
};

/// Standard output or a file that a command writes on its own could not be written.
pub static OUTPUT_FAILED: Code = Code {
    id: "OF0403",
    exit: Exit::Resource,
    title: "what was asked for could not be written",
    next_step: "Check that the place it should be written to exists and can be written, then run again",
    explanation: "Printing to standard output or writing the file named by --output failed. The message names the file and the \
                  reason that the operating system gave.",
};

/// Something happened that the program's own rules exclude.
pub static INTERNAL: Code = Code {
    id: "OF0404",
    exit: Exit::Resource,
    title: "onefolk stopped on a mistake of its own",
    next_step: "Report the place named above with the version (onefolk --version); nothing was published",
    explanation: "A rule inside the program was broken, and it stopped rather than go on with a wrong result. \
                  What was published before still stands. The message names a place in the program and never a person's values, so \
                  it can be passed on as it is.",
};

/// There is no memory left.
pub static MEMORY_EXHAUSTED: Code = Code {
    id: "OF0405",
    exit: Exit::Resource,
    title: "there is no memory left",
    next_step: "Give onefolk more memory (`onefolk plan` says how much a run needs), then `onefolk run --resume`; nothing was published",
    explanation: "The operating system gave no more memory, because the machine, a limit (ulimit -v) or a control group has none left. What \
                  was published before still stands, and `--resume` goes on from the last stage that was finished. Where the system's \
                  own guard ends the program instead, nothing can be said any more: the exit code is 137 then, and the same holds.",
};

/// The command line is wrong.
pub static USAGE: Code = Code {
    id: "OF0601",
    exit: Exit::JobWrong,
    title: "the command line is wrong",
    next_step: "Run `onefolk --help`, or `onefolk COMMAND --help` for an example, and correct the command line",
    explanation: "A command, option or value on the command line is not known, missing or in the wrong place. Nothing was read or \
                  written. Each command's --help ends with an example.",
};

/// `explain code` was asked for a code that does not exist.
pub static UNKNOWN_CODE: Code = Code {
    id: "OF0602",
    exit: Exit::JobWrong,
    title: "there is no such code",
    next_step: "Give a code as it stands in the last line of an error, or run `onefolk explain code` for the list",
    explanation: "Codes are OF and four digits, such as OF0101. `onefolk explain code` without a code lists all of them.",
};

/// A command would have replaced a file that exists.
pub static FILE_EXISTS: Code = Code {
    id: "OF0603",
    exit: Exit::JobWrong,
    title: "the file exists already",
    next_step: "Name another file, or move the existing one away, then run again",
    explanation: "A file that may hold somebody's work is never overwritten.",
};

/// `init` found nothing to describe.
pub static NO_EXTRACTS: Code = Code {
    id: "OF0604",
    exit: Exit::InputUnusable,
    title: "no extract was found",
    next_step: "Name folders that hold extracts, one subfolder a provider, then run again",
    explanation: "`onefolk init FOLDER...` looks for extracts directly in each folder and in its subfolders. It found no file that can \
                  be read as one.",
};

static OWN: &[&Code] = &[
    &DISK_FULL,
    &NOT_PERMITTED,
    &OUTPUT_FAILED,
    &INTERNAL,
    &MEMORY_EXHAUSTED,
    &USAGE,
    &UNKNOWN_CODE,
    &FILE_EXISTS,
    &NO_EXTRACTS,
];

/// The tables of all rooms, in the order of the pipeline.
pub static ALL: &[&[&Code]] = &[
    OWN,
    crate::job::CODES,
    crate::intake::CODES,
    crate::consent::CODES,
    crate::decisions::CODES,
    crate::reference::CODES,
    crate::model::splink::CODES,
    crate::publish::CODES,
    crate::keys::CODES,
    crate::audit::CODES,
    crate::policy::CODES,
    crate::release::CODES,
    crate::cohort::CODES,
    crate::run::CODES,
    crate::run::gates::CODES,
    crate::evaluate::CODES,
    crate::explain::CODES,
    crate::look_up::CODES,
    crate::doctor::CODES,
    crate::generate::CODES,
];

/// The code with this name, in any case.
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().flat_map(|table| table.iter()).find(|code| code.id.eq_ignore_ascii_case(id)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut seen = BTreeSet::new();
        for code in ALL.iter().flat_map(|table| table.iter()) {
            let digits = code.id.strip_prefix("OF").expect("a code begins with OF");
            assert!(digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{}", code.id);
            assert!(seen.insert(code.id), "{} is used twice", code.id);
            assert!(code.exit != Exit::Done, "{} is a failure", code.id);
        }
        assert!(seen.len() >= 10, "{seen:?}");
    }

    #[test]
    fn each_room_keeps_to_its_range() {
        let ranges: [(&[&Code], &str); 3] =
            [(crate::job::CODES, "OF01"), (crate::intake::CODES, "OF02"), (crate::run::CODES, "OF05")];
        for (codes, range) in ranges {
            for code in codes {
                assert!(code.id.starts_with(range), "{} belongs into {range}", code.id);
            }
        }
        for code in OWN.iter().chain(crate::publish::CODES) {
            let lock_or_output = ["OF04", "OF05", "OF06"].iter().any(|range| code.id.starts_with(range));
            assert!(lock_or_output, "{}", code.id);
        }
    }

    /// The last line on stderr is one sentence in the imperative, on one line.
    #[test]
    fn sentences_are_sentences() {
        for code in ALL.iter().flat_map(|table| table.iter()) {
            assert!(!code.title.is_empty() && !code.title.ends_with('.'), "{}: {}", code.id, code.title);
            let next = code.next_step;
            assert!(
                next.starts_with(char::is_uppercase) && !next.ends_with('.') && !next.contains('\n'),
                "{}: {next}",
                code.id
            );
            assert!(code.explanation.ends_with('.') && code.explanation.len() > 40, "{}", code.id);
            assert!(!code.explanation.contains("  "), "{} has a broken line", code.id);
        }
    }

    #[test]
    fn codes_are_found_in_any_case() {
        assert_eq!(find("of0101").map(|code| code.id), Some("OF0101"));
        assert_eq!(find("OF9999"), None);
    }
}
