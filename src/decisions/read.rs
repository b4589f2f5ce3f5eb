//! Reading decisions.

use super::{Answer, DECISION_WRONG, DECISIONS_UNREADABLE, Decided, Decisions, NOT_A_PERSON, RecordName};
use crate::disk;
use crate::failure::{Failure, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// The decisions in a file.
///
/// # Errors
/// OF0370 where it cannot be read or lacks a column, OF0371 where a line is wrong. What stands in a line is never repeated.
pub fn read(path: &Path) -> Result<Decisions> {
    let bytes = disk::read(path).map_err(|error| Failure::from_io(&error, path, &DECISIONS_UNREADABLE))?;
    parse(&bytes, path)
}

pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Decisions> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let header = reader
        .headers()
        .map_err(|_| Failure::new(&DECISIONS_UNREADABLE, format!("{}: its first line is no header", path.display())))?;
    let place = |names: &[&str]| header.iter().position(|known| names.contains(&known));
    let column = |names: &[&str]| {
        place(names).ok_or_else(|| {
            Failure::new(&DECISIONS_UNREADABLE, format!("{}: there is no column {}", path.display(), names[0]))
        })
    };
    // Labels made elsewhere may call the column `label`.
    let [left, right, decision] = [column(&["left"])?, column(&["right"])?, column(&["decision", "label"])?];
    let mut last: BTreeMap<(RecordName, RecordName), (Answer, u64)> = BTreeMap::new();
    let mut not_people: BTreeMap<RecordName, u64> = BTreeMap::new();
    let mut lines = 0;
    for line in reader.records() {
        let number = |position: Option<&csv::Position>| position.map_or(0, csv::Position::line);
        let wrong =
            |line: u64, what: &str| Failure::new(&DECISION_WRONG, format!("{} line {line}: {what}", path.display()));
        // What the library says may quote the line.
        let line = line.map_err(|error| wrong(number(error.position()), "it is no line of CSV in UTF-8"))?;
        lines += 1;
        let wrong = |what: &str| wrong(number(line.position()), what);
        let record = |at: usize, name: &str| {
            let written = line.get(at).unwrap_or_default();
            RecordName::parse(written).ok_or_else(|| wrong(&format!("{name} is not provider:record_id")))
        };
        let word = line.get(decision).unwrap_or_default();
        let answer = Answer::from_word(word);
        let about_one = line.get(right).unwrap_or_default().is_empty();
        if about_one && (word.eq_ignore_ascii_case(NOT_A_PERSON) || answer == Some(Answer::Unsure)) {
            let record = record(left, "left")?;
            if answer.is_none() {
                not_people.insert(record, number(line.position()))
            } else {
                not_people.remove(&record)
            };
            continue;
        }
        let (a, b) = (record(left, "left")?, record(right, "right")?);
        if a == b {
            return Err(wrong("it names one record twice"));
        }
        let answer = answer.ok_or_else(|| wrong("the decision is none of yes, no, unsure, not_a_person"))?;
        let at = line.position().map_or(0, csv::Position::line);
        last.insert(if a < b { (a, b) } else { (b, a) }, (answer, at));
    }
    let decided = |((left, right), (answer, line))| Decided { left, right, answer, line };
    let pairs = last.into_iter().map(decided).collect();
    let blake3 = blake3::hash(bytes).to_hex().to_string();
    let (not_people, not_people_lines) = not_people.into_iter().unzip();
    Ok(Decisions { pairs, not_people, not_people_lines, bytes: bytes.len() as u64, lines, blake3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Decided>> {
        parse(text.as_bytes(), Path::new("decisions.csv")).map(|decisions| decisions.pairs)
    }

    #[test]
    fn a_record_that_is_not_a_person_is_said_without_a_second_record_and_taken_back() {
        let text = "left,right,decision,by,when,why\na:1,,not_a_person,ann,,ward fridge\na:2,,Not_A_Person,,,\na:1,,unsure,,,\n";
        let decisions = parse(text.as_bytes(), Path::new("decisions.csv")).expect("it is right");
        assert_eq!(decisions.not_people, [RecordName::parse("a:2").expect("it is right")]);
        assert_eq!(decisions.not_people_lines, [3]);
        assert_eq!((decisions.pairs.len(), decisions.bytes, decisions.lines), (0, text.len() as u64, 3));
        assert_eq!(decisions.blake3, blake3::hash(text.as_bytes()).to_hex().to_string());
        let failure = parsed("left,right,decision\na:1,b:2,not_a_person\n").expect_err("it names two records");
        assert_eq!(failure.code.id, "OF0371");
        assert!(parsed("left,right,decision\na:1,,no\n").is_err());
    }

    #[test]
    fn the_last_decision_of_a_pair_counts_whichever_way_round_it_is_written() {
        let text = "left,right,decision,by,when,why\na:1,b:2,yes,ann,,\nb:2,a:1,No,bob,,\"moved, 2019\"\nc:x:y,a:1,unsure,,,\n";
        let decided = parsed(text).expect("it is right");
        let told: Vec<(String, String, Answer)> =
            decided.iter().map(|one| (one.left.to_string(), one.right.to_string(), one.answer)).collect();
        assert_eq!(
            told,
            [
                ("a:1".to_string(), "b:2".to_string(), Answer::No),
                ("a:1".to_string(), "c:x:y".to_string(), Answer::Unsure)
            ]
        );
        assert_eq!(parsed("\u{feff}right,label,left\nb:2,yes,a:1\n").expect("it is right").len(), 1);
    }

    #[test]
    fn what_is_wrong_is_told_by_line_and_never_repeated() {
        for (text, code, says) in [
            ("left,right\na:1,b:2\n", "OF0370", "no column decision"),
            ("left,right,decision\na:1,b:2,yes\na:1,secret,yes\n", "OF0371", "line 3: right is not"),
            ("left,right,decision\na:1,b:2,maybe-secret\n", "OF0371", "line 2: the decision is none of"),
            ("left,right,decision\na:1,a:1,yes\n", "OF0371", "line 2: it names one record twice"),
        ] {
            let failure = parsed(text).expect_err("it is wrong");
            assert_eq!(failure.code.id, code, "{failure}");
            assert!(failure.what.contains(says) && !failure.what.contains("secret"), "{failure}");
        }
    }
}
