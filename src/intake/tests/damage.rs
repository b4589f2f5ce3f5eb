//! Rows that cannot be read: each goes to quarantine alone, with its code, and its neighbours are kept.

use super::QuarantineCode::*;
use super::*;

fn codes(seen: &Seen) -> Vec<(u32, QuarantineCode)> {
    seen.quarantined.iter().map(|bad| (bad.1, bad.2)).collect()
}

#[test]
fn ragged_rows() {
    let (seen, report) =
        read_one(&["a", "c"], Format::default(), "a,b,c\n1,2,3\n1,2\n4,5,6,\n7,8,9,, \n1,2,3,4\n").unwrap();
    assert_eq!(values(&seen), [["1", "3"], ["4", "6"], ["7", "9"]]);
    assert_eq!(codes(&seen), [(2, Ragged), (5, Ragged)]);
    assert_eq!(seen.quarantined[0].3, "1,2");
    assert_eq!((report.rows, report.quarantined), (5, 2));
}

#[test]
fn a_broken_quote_takes_its_own_line_only() {
    let text = "id,name,town\n1,Ann,Hove\n2,\"Bob,Hove\n3,\"Cy\",Hove\n4,Di,\"Ho\nve\"\n5,Ed,Hove\n";
    let (seen, _) = read_one(&["id", "town"], Format::default(), text).unwrap();
    assert_eq!(values(&seen), [["1", "Hove"], ["3", "Hove"], ["4", "Ho\nve"], ["5", "Hove"]]);
    assert_eq!(codes(&seen), [(2, BrokenQuote)]);
    assert_eq!(seen.quarantined[0].3, "2,\"Bob,Hove");
}

#[test]
fn a_broken_quote_takes_the_rest_of_its_own_field() {
    let text = "id,name,address\n1,Ann,\"1 High St\nHove\nBN3,\n2,Bob,Hove\n";
    let (seen, _) = read_one(&["id"], Format::default(), text).unwrap();
    assert_eq!(values(&seen), [["2"]]);
    assert_eq!(seen.quarantined[0].3, "1,Ann,\"1 High St\nHove\nBN3,");
}

#[test]
fn a_broken_quote_in_the_last_line_and_without_a_later_quote() {
    let mut text = String::from("id,name\n");
    (0..500).for_each(|row| text.push_str(&format!("{row},Ann\n")));
    text.insert("id,name\n0,".len(), '"');
    text.push_str("500,\"Ann");
    let (seen, report) = read_one(&["id"], Format::default(), text).unwrap();
    assert_eq!(codes(&seen), [(1, BrokenQuote), (501, BrokenQuote)]);
    assert_eq!(report.rows, 501);
}

#[test]
fn a_quoted_field_may_be_long_and_the_reason_says_how_long() {
    let lines = |count: usize| "x\n".repeat(count);
    let letters = |count: usize| "x".repeat(count);
    for (note, is_right) in [(lines(100), true), (lines(101), false), (letters(65_000), true), (letters(70_000), false)]
    {
        let folder = Folder::new();
        let path = folder.write("a.csv", format!("id,note\n1,\"{note}\"\n2,y\n"));
        let format = Format { delimiter: Some(b','), ..Format::default() };
        let job = job(folder.path(), vec![Provider { format, ..provider(&["id"], vec![path]) }], 1);
        let reasons = |batch: crate::intake::Batch| -> Vec<String> {
            batch.quarantined.into_iter().map(|bad| bad.reason).collect()
        };
        let reasons = crate::intake::read_all(&job, reasons, |_| {}).unwrap().batches.concat();
        let expected = "a quoted field is never closed, or is longer than 64 KiB or 100 lines";
        assert_eq!(reasons.first().map(String::as_str), (!is_right).then_some(expected), "{} bytes", note.len());
    }
}

#[test]
fn a_swallowing_quote_that_happens_to_close_well() {
    // Both quotes are broken, and between them they swallow line 2 without leaving anything loose.
    let text = "id,name,town\n1,\"Ann,Hove\n2,Bob,Hove\n3,Cy\",Hove\n4,Di,Hove\n";
    let (seen, _) = read_one(&["id"], Format::default(), text).unwrap();
    assert!(values(&seen).contains(&vec!["4"]));
    assert_eq!(seen.rows.len() + seen.quarantined.len(), if seen.quarantined.is_empty() { 2 } else { 4 });
}

#[test]
fn a_quoted_record_with_too_many_fields_stays_one() {
    let (seen, _) = read_one(&["a"], Format::default(), "a,b\n1,2\n\"x\ny\",2,3\n4,5\n").unwrap();
    assert_eq!(values(&seen), [["1"], ["4"]]);
    assert_eq!(codes(&seen), [(2, Ragged)]);
    assert_eq!(seen.quarantined[0].3, "\"x\ny\",2,3");
}

#[test]
fn text_behind_a_closing_quote_belongs_to_the_value() {
    let (seen, _) = read_one(&["a", "b"], Format::default(), "a,b\n\"x\"y,\"\"\n\"\"\"q\"\"\",'n\n").unwrap();
    assert_eq!(values(&seen), [["xy", ""], ["\"q\"", "'n"]]);
}

#[test]
fn undecodable_rows() {
    let mut bytes = "id,name\n1,Zoë\n2,".as_bytes().to_vec();
    bytes.extend(b"Zo\xeb\n3,Ann\n4,A\0nn\n");
    bytes.extend("5,Siân\n".as_bytes());
    let (seen, report) = read_one(&["id", "name"], Format::default(), bytes).unwrap();
    assert_eq!(values(&seen), [["1", "Zoë"], ["3", "Ann"], ["5", "Siân"]]);
    assert_eq!(codes(&seen), [(2, Undecodable), (4, Undecodable)]);
    assert_eq!(seen.quarantined[0].3, "2,Zo\u{fffd}");
    assert_eq!(report.found, "CSV, comma, UTF-8, 2 columns");
}

#[test]
fn undecodable_utf16() {
    let mut bytes = utf16("id,name\n1,Ann\n2,", true, true);
    bytes.extend([0x00, 0xd8]); // half a pair
    bytes.extend(utf16("x\n3,Bob\n", true, false));
    let (seen, report) = read_one(&["id"], Format::default(), bytes).unwrap();
    assert_eq!(values(&seen), [["1"], ["3"]]);
    assert_eq!(codes(&seen), [(2, Undecodable)]);
    assert_eq!(report.found, "CSV, comma, UTF-16LE with BOM, 2 columns");
}

#[test]
fn undefined_bytes_of_windows_1252() {
    let format = Format { encoding: Some("windows-1252".to_string()), ..Format::default() };
    let (seen, _) = read_one(&["a"], format, b"a\nZo\xeb\nx\x81y\n\x80\n").unwrap();
    assert_eq!(values(&seen), [["Zoë"], ["€"]]);
    assert_eq!(codes(&seen), [(2, Undecodable)]);
}

#[test]
fn blank_lines_are_no_records() {
    let (seen, report) = read_one(&["a"], Format::default(), "\r\n\na,b\r\n\r\n1,2\r\n\r\n\r\n3,4\r\n\n").unwrap();
    assert_eq!(values(&seen), [["1"], ["3"]]);
    assert_eq!(report.rows, 2);
}

#[test]
fn every_row_of_a_file_may_be_quarantined() {
    let (seen, report) = read_one(&["a"], Format::default(), "a,b\n1\n2\n3\n").unwrap();
    assert!(seen.rows.is_empty());
    assert_eq!((report.rows, report.quarantined), (3, 3));
}

#[test]
fn json_lines_that_are_no_objects() {
    let text = "{\"a\":1}\n[1]\nnot json\n{\"a\":\"\\ud800\"}\n{\"a\":2} x\n{\"a\":3}\n";
    let (seen, _) = read_one(&["a"], Format::default(), text).unwrap();
    assert_eq!(values(&seen), [["1"], ["3"]]);
    assert_eq!(codes(&seen), [(2, Ragged), (3, Ragged), (4, Undecodable), (5, Ragged)]);
}
