//! Whatever the csv crate writes is read back exactly, in every dialect, encoding, compression, block size and number of threads.

use super::*;
use proptest::prelude::*;

/// A table as the csv crate writes it.
#[derive(Debug, Clone)]
struct Written {
    table: Vec<Vec<String>>,
    delimiter: u8,
    quote: u8,
    always_quoted: bool,
    returns: bool,
}

const HEADER: [&str; 3] = ["PatientID", "Family name", "Address line"];

fn written(characters: &'static str) -> impl Strategy<Value = Written> {
    let cell = proptest::string::string_regex(characters).unwrap();
    let row = proptest::collection::vec(cell, HEADER.len());
    let table = proptest::collection::vec(row, 0..40);
    let delimiter = prop_oneof![Just(b','), Just(b';'), Just(b'\t'), Just(b'|')];
    let quote = prop_oneof![4 => Just(b'"'), 1 => Just(b'\'')];
    (table, delimiter, quote, any::<bool>(), any::<bool>()).prop_map(
        |(table, delimiter, quote, always_quoted, returns)| Written { table, delimiter, quote, always_quoted, returns },
    )
}

impl Written {
    fn text(&self) -> String {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(self.delimiter)
            .quote(self.quote)
            .quote_style(if self.always_quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
            .terminator(if self.returns { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        writer.write_record(HEADER).unwrap();
        self.table.iter().for_each(|row| writer.write_record(row).unwrap());
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    fn format(&self) -> Format {
        // A single quote is found only where it is in use; a job names it.
        Format { quote: (self.quote == b'\'').then_some(self.quote), ..Format::default() }
    }

    fn is_read_from(&self, bytes: Vec<u8>, format: Format, sizes: Sizes, threads: usize) {
        let (seen, report) = read_one_in_blocks(&HEADER, format, bytes, sizes, threads).unwrap();
        assert_eq!(values(&seen), self.table, "{}", report.found);
        assert_eq!(report.rows, self.table.len() as u64);
    }
}

/// Everything but NUL, which no extract may hold; quotes, delimiters and line breaks are frequent.
const ANY_TEXT: &str = "([a-zé\"',;|\t\r\n ]|[^\u{0}\u{feff}]){0,12}";
const WINDOWS_TEXT: &str = "[a-z\"';, \nÀ-ÿ€‘’“”–Š]{0,12}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn utf8_in_any_dialect(written in written(ANY_TEXT), mark in any::<bool>(), block in 1_usize..400, threads in 1_usize..4) {
        let mut bytes = if mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        bytes.extend(written.text().into_bytes());
        // A declared encoding and the whole file as head: what is found automatically has its own tests.
        let format = Format { encoding: Some("utf-8".to_string()), ..written.format() };
        let sizes = Sizes { block_bytes: block, ..Sizes::default() };
        written.is_read_from(bytes, format, sizes, threads);
    }

    #[test]
    fn small_heads_and_blocks(written in written(ANY_TEXT), block in 1_usize..200) {
        let format = Format { delimiter: Some(written.delimiter), quote: Some(written.quote), encoding: Some("utf-8".to_string()), ..Format::default() };
        let sizes = Sizes { block_bytes: block, head_bytes: 64 };
        written.is_read_from(written.text().into_bytes(), format, sizes, 2);
    }

    #[test]
    fn utf16_with_and_without_mark(written in written(ANY_TEXT), little in any::<bool>(), mark in any::<bool>()) {
        let bytes = utf16(&written.text(), little, mark);
        let label = if little { "utf-16le" } else { "utf-16be" };
        let format = Format { encoding: (!mark).then(|| label.to_string()), ..written.format() };
        written.is_read_from(bytes, format, Sizes::default(), 2);
    }

    #[test]
    fn windows_1252(written in written(WINDOWS_TEXT)) {
        let text = written.text();
        let (bytes, _, lossy) = encoding_rs::WINDOWS_1252.encode(&text);
        prop_assert!(!lossy);
        let format = Format { encoding: Some("windows-1252".to_string()), ..written.format() };
        written.is_read_from(bytes.into_owned(), format, Sizes::default(), 2);
    }

    #[test]
    fn compressed(written in written("[a-z0-9 ,é\n]{0,12}"), zstd in any::<bool>()) {
        let text = written.text().into_bytes();
        let bytes = if zstd { zstd::encode_all(&text[..], 3).unwrap() } else { gzip(&text) };
        written.is_read_from(bytes, written.format(), Sizes { block_bytes: 100, ..Sizes::default() }, 2);
    }

    /// On bytes that nobody would call an extract nothing panics, and every row is accounted for (checked by `joined`); the batches
    /// joined are the same whatever the blocks and threads.
    #[test]
    fn arbitrary_bytes(
        lines in proptest::collection::vec("[ab\"\"\"',,\r\n\n\u{0}é]{0,30}", 0..60),
        noise in proptest::collection::vec(any::<u8>(), 0..40),
        block in 1_usize..300,
    ) {
        let mut bytes = b"a,b,c\n".to_vec();
        bytes.extend(lines.concat().into_bytes());
        bytes.extend(noise);
        bytes.extend(lines.join("\n").into_bytes());
        let format = || Format { delimiter: Some(b','), quote: Some(b'"'), encoding: Some("utf-8".to_string()), ..Format::default() };
        let (whole, report) = read_one_in_blocks(&["a", "c"], format(), &bytes, Sizes::default(), 1).unwrap();
        let sizes = Sizes { block_bytes: block, head_bytes: 64 };
        let (blocks, cut_report) = read_one_in_blocks(&["a", "c"], format(), &bytes, sizes, 3).unwrap();
        prop_assert_eq!(whole, blocks);
        prop_assert_eq!(report.rows, cut_report.rows);
        prop_assert_eq!(report.blake3, blake3::hash(&bytes).to_hex().to_string());
    }

    /// The same without any help: dialect, encoding and kind of file are guessed from noise.
    #[test]
    fn arbitrary_files(bytes in proptest::collection::vec(any::<u8>(), 0..2000), start in 0_usize..8) {
        let starts: [&[u8]; 8] = [b"", b"PAR1", b"PK\x03\x04", &[0x1f, 0x8b, 8, 0], &[0x28, 0xb5, 0x2f, 0xfd], b"{\"a\":", &[0xff, 0xfe], b"a,b\n\""];
        let mut file = starts[start].to_vec();
        file.extend(bytes);
        let _ = read_one(&[], Format::default(), &file);
        let _ = read_one(&["a"], Format { kind: Some(FormatKind::JsonLines), ..Format::default() }, &file);
        let layout = vec![FixedColumn { column: "a".into(), start: 3, width: 5 }];
        let _ = read_one(&["a"], Format { layout, ..Format::default() }, &file);
    }
}

/// Broken quotes that stand more than a block apart, and quoted fields near the limits of what is believed.
#[test]
fn long_broken_text_in_blocks_of_every_size() {
    let mut text = String::from("id,name,note\n");
    for row in 0..3000 {
        match row % 500 {
            17 => text.push_str(&format!("{row},\"never closed,x\n")),
            18 => text.push_str(&format!("{row},\"closed\",\"two\nlines\"\n")),
            200 => text.push_str(&format!("{row},\"{}\",long\n", "line\n".repeat(if row > 1000 { 99 } else { 120 }))),
            300 => text.push_str(&format!("{row},\"{}\",long\n", "x".repeat(if row > 1000 { 60_000 } else { 70_000 }))),
            400 => text.push_str(&format!("{row},\"a\n1,2,3\nb\",too,many,fields\n")),
            _ => text.push_str(&format!("{row},plain,\"quo\"\"ted\"\n")),
        }
    }
    let (whole, _) = read_one_in_blocks(&["id", "note"], Format::default(), &text, Sizes::default(), 1).unwrap();
    assert!(whole.quarantined.len() > 20);
    for block_bytes in [1, 100, 999, 5000, 70_000, 200_000] {
        let sizes = Sizes { block_bytes, head_bytes: 4096 };
        let (blocks, _) = read_one_in_blocks(&["id", "note"], Format::default(), &text, sizes, 2).unwrap();
        assert_eq!(whole, blocks, "blocks of {block_bytes}");
    }
}
