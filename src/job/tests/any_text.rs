//! No text whatever makes the checker panic.

use super::WHOLE;
use super::world::Memory;
use crate::job::problem::{Look, render};
use proptest::prelude::*;

/// Pieces of job files, right and wrong, to be put together at random.
fn piece() -> impl Strategy<Value = String> {
    let words: Vec<&str> = WHOLE.split_inclusive(|letter: char| " \n=,[]{}\"".contains(letter)).collect();
    let words: Vec<String> = words.into_iter().map(String::from).collect();
    let odd = [
        "\u{feff}",
        "\r",
        "\0",
        "é",
        "\"\"\"",
        "'''",
        "[[",
        "]]",
        "1e400",
        "99999999999999999999",
        "0x",
        "nan",
        "2026-02-30",
        "\n",
        "=",
    ];
    prop_oneof![
        8 => proptest::sample::select(words),
        2 => proptest::sample::select(odd.to_vec()).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ]
}

/// Whatever is wrong can be shown, and a job comes out exactly where nothing is wrong.
fn survives(text: &str) {
    let checked = Memory { header: Some(vec!["PatientID", "DOB"]), ..Memory::usual() }.check(text);
    let shown = render(&checked.problems, text, &checked.path, Look::Plain);
    assert!(!shown.contains("Failed to read"), "{shown}");
    for problem in &checked.problems {
        let (line, column) = problem.position(text);
        assert!(line >= 1 && column >= 1 && !problem.message.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics_on_pieces(pieces in proptest::collection::vec(piece(), 0..60)) {
        survives(&pieces.concat());
    }

    #[test]
    fn never_panics_on_any_text(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn never_panics_on_a_mutated_job(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), 0usize..12, piece()), 1..6)
    ) {
        let mut letters: Vec<char> = WHOLE.chars().collect();
        for (at, removed, added) in changes {
            let start = at.index(letters.len());
            let end = (start + removed).min(letters.len());
            letters.splice(start..end, added.chars());
        }
        survives(&letters.into_iter().collect::<String>());
    }

    #[test]
    fn every_removed_line_leaves_a_job_or_a_problem(line in 0usize..200) {
        let lines: Vec<&str> = WHOLE.lines().collect();
        let line = line % lines.len();
        let text: String = lines.iter().enumerate().filter(|(at, _)| *at != line).map(|(_, text)| format!("{text}\n")).collect();
        survives(&text);
    }
}
