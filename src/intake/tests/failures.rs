//! Extracts that cannot be used at all: the right code, provider and file named, no value said.

use super::*;
use crate::failure::Exit;

fn code(wanted: &[&str], format: Format, bytes: impl AsRef<[u8]>) -> &'static str {
    let error = read_one(wanted, format, bytes).unwrap_err();
    assert!(error.what.starts_with("provider gp-brent-01, extract"), "{}", error.what);
    error.code.id
}

#[test]
fn files_that_are_no_extracts() {
    let auto = Format::default;
    assert_eq!(code(&["a"], auto(), ""), "OF0202");
    assert_eq!(code(&["a"], auto(), gzip(b"")), "OF0202");
    assert_eq!(code(&["a"], auto(), "\u{feff}"), "OF0202");
    assert_eq!(code(&["a"], auto(), "\n\n"), "OF0209");
    assert_eq!(code(&["a"], auto(), "\"a,b\n1,2\n"), "OF0209");
    assert_eq!(code(&["a"], Format { encoding: Some("utf-8".into()), ..auto() }, b"a,b\xff\n1,2\n"), "OF0209");
    assert_eq!(code(&["a"], auto(), "%PDF-1.7 x"), "OF0213");
    assert_eq!(code(&["a"], auto(), [0xd0, 0xcf, 0x11, 0xe0, 0xa1]), "OF0213");
    assert_eq!(code(&["a"], auto(), "[ {\"a\": 1},\n{\"a\": 2} ]"), "OF0213");
    assert_eq!(code(&["a"], auto(), "PK\x03\x04 no workbook"), "OF0206");
    assert_eq!(code(&["a"], Format { kind: Some(FormatKind::Xlsx), ..auto() }, "a,b\n1,2\n"), "OF0206");
    assert_eq!(code(&["a"], Format { encoding: Some("klingon".into()), ..auto() }, "a,b\n1,2\n"), "OF0212");
    assert_eq!(code(&["a"], auto(), "a,a\n1,2\n"), "OF0215");
    assert_eq!(code(&["dob"], auto(), "Dob,DOB\n1,2\n"), "OF0215");
}

#[test]
fn a_header_without_rows_is_an_extract_of_nobody() {
    for text in ["a,b\n", "a,b"] {
        let (seen, report) = read_one(&["b"], Format::default(), text).unwrap();
        assert!(seen.rows.is_empty() && seen.quarantined.is_empty());
        assert_eq!((report.rows, report.found.as_str()), (0, "CSV, comma, ASCII, 2 columns"));
    }
}

#[test]
fn compressed_files_cut_or_damaged() {
    let mut text = String::from("a,b\n");
    (0..200_000_u64).for_each(|row| text.push_str(&format!("{},{row}\n", row.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
    let zipped = gzip(text.as_bytes());
    let frames = zstd::encode_all(text.as_bytes(), 1).unwrap();
    assert_eq!(code(&["a"], Format::default(), &zipped[..zipped.len() / 2]), "OF0203");
    assert_eq!(code(&["a"], Format::default(), &zipped[..zipped.len() - 3]), "OF0203");
    assert_eq!(code(&["a"], Format::default(), &frames[..frames.len() / 2]), "OF0203");
    let mut damaged = zipped.clone();
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 0xff;
    assert_eq!(code(&["a"], Format::default(), damaged), "OF0204");
    // Several members after each other are one file.
    let (seen, _) = read_one(&["a"], Format::default(), [gzip(b"a,b\n1,2\n"), gzip(b"3,4\n")].concat()).unwrap();
    assert_eq!(values(&seen), [["1"], ["3"]]);
}

#[test]
fn what_stands_behind_a_gzip_stream() {
    let whole = gzip(b"a,b\n1,2\n");
    let followed_by = |bytes: &[u8]| read_one(&["a"], Format::default(), [&whole[..], bytes].concat());
    // Padding does no harm, be it longer than what is read at once.
    for zeros in [1, 10, 600_000] {
        let (seen, _) = followed_by(&vec![0_u8; zeros]).unwrap();
        assert_eq!(values(&seen), [["1"]]);
    }
    let (seen, _) = followed_by(&[vec![0; 100], gzip(b"3,4\n"), vec![0; 100]].concat()).unwrap();
    assert_eq!(values(&seen), [["1"], ["3"]]);
    for foreign in ["x", "\n", "a line of text, longer than the head of a stream\n", "\0\0\0x"] {
        let error = followed_by(foreign.as_bytes()).unwrap_err();
        assert_eq!(error.code.id, "OF0204", "{foreign:?}");
        assert!(error.what.ends_with("something stands behind the end of its stream"), "{}", error.what);
    }
    // Another stream, cut off in its head.
    assert_eq!(followed_by(&gzip(b"3,4\n")[..5]).unwrap_err().code.id, "OF0203");
}

#[test]
fn parquet_cut_or_damaged() {
    let bytes = super::formats::parquet_bytes(1000, 300);
    assert_eq!(code(&["id"], Format::default(), &bytes[..bytes.len() / 2]), "OF0208");
    assert_eq!(code(&["id"], Format::default(), gzip(&bytes)), "OF0208");
    let mut damaged = bytes.clone();
    damaged[4..200].fill(0xff);
    assert_eq!(code(&["id"], Format::default(), damaged), "OF0208");
}

#[test]
fn bombs_are_refused() {
    assert!(super::super::compression::is_bomb((1 << 30) + 1001, 1 << 20));
    assert!(!super::super::compression::is_bomb(1 << 30, 1));
    assert!(!super::super::compression::is_bomb(1 << 34, 1 << 25));
    // A little more than 1 GiB of one line in a few ten KiB.
    let lines = format!("{},b\n", "a".repeat(4000)).repeat(256).into_bytes();
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    for _ in 0..1100 {
        std::io::Write::write_all(&mut encoder, &lines).unwrap();
    }
    let folder = Folder::new();
    let path = folder.write("a.zst", encoder.finish().unwrap());
    let format = Format { header: Some(false), ..Format::default() };
    let job = job(folder.path(), vec![Provider { format, ..provider(&["2"], vec![path]) }], 2);
    let error =
        crate::intake::read_all(&job, |batch| assert!(batch.quarantined.is_empty()), |_| {}).map(|_| ()).unwrap_err();
    assert_eq!(error.code.id, "OF0205");
}

#[test]
fn a_line_without_end_is_no_text() {
    assert_eq!(code(&["a"], Format::default(), format!("a,b\n{}", "x".repeat(40 << 20))), "OF0213");
}

#[test]
fn missing_columns_name_the_nearest_and_no_value() {
    let error = read_one(&["Surnam"], Format::default(), "PatientID,Surname,Zachary\n1,Smith,x\n").unwrap_err();
    assert_eq!(error.what, "provider gp-brent-01, extract: no column \"Surnam\"; the nearest is \"Surname\"");
    let error = read_one(&["NHS number"], Format::default(), "Smith,Zachary,1980\n1,2,3\n").unwrap_err();
    assert_eq!(error.what, "provider gp-brent-01, extract: no column \"NHS number\" among its 3");
    assert_eq!(error.code.exit, Exit::InputUnusable);
}

#[test]
fn absent_files_and_providers_that_may_be_missing() {
    let folder = Folder::new();
    let good = folder.write("good.csv", "a,b\n1,2\n");
    let cut = folder.write("cut.csv", &gzip("a,b\n1,2\n3,4\n".repeat(100_000).as_bytes())[..900]);
    let absent = folder.path().join("absent.csv");
    let stop = |files| provider(&["a"], files);
    let without =
        |files| Provider { id: "optional".into(), when_missing: WhenMissing::Without, ..provider(&["a"], files) };

    let error = read(&job(folder.path(), vec![stop(vec![good.clone(), absent.clone()])], 2), Sizes::default())
        .map(|_| ())
        .unwrap_err();
    assert_eq!((error.code.id, error.code.exit), ("OF0201", Exit::InputUnusable));
    assert!(error.what.starts_with("provider gp-brent-01, absent.csv: "), "{}", error.what);
    let error = read(&job(folder.path(), vec![stop(vec![folder.path().to_path_buf()])], 2), Sizes::default())
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.code.id, "OF0201");
    let error = read(&job(folder.path(), vec![stop(vec![])], 2), Sizes::default()).map(|_| ()).unwrap_err();
    assert_eq!(error.code.id, "OF0216");

    for threads in [1, 2, 4] {
        let providers = vec![without(vec![absent.clone(), cut.clone()]), stop(vec![good.clone()]), without(vec![])];
        let sizes = Sizes { block_bytes: 1000, head_bytes: 1000 };
        let intake = read(&job(folder.path(), providers, threads), sizes).unwrap();
        assert_eq!(values(&joined(&intake)), [["1"]]);
        assert_eq!(intake.files.len(), 3);
        assert_eq!(intake.files[1].skipped.as_deref(), Some("a compressed extract is cut off: its stream has no end"));
        assert!(intake.files[0].skipped.as_deref().unwrap().starts_with("an extract could not be read: "));
        assert_eq!(intake.files[2].skipped, None);
    }
}

#[test]
fn of_several_failures_the_first_is_named() {
    let folder = Folder::new();
    let mut files: Vec<PathBuf> =
        (0..20).map(|number| folder.write(&format!("{number:02}.csv"), "a,b\n1,2\n".repeat(100 + number))).collect();
    files[7] = folder.write("07.csv", "x,y\n1,2\n");
    files[15] = folder.write("15.csv", "");
    for _ in 0..20 {
        let error = read(&job(folder.path(), vec![provider(&["a"], files.clone())], 4), Sizes::default())
            .map(|_| ())
            .unwrap_err();
        assert!(error.what.starts_with("provider gp-brent-01, 07.csv: no column"), "{}", error.what);
    }
}

#[test]
fn a_file_that_grows_while_it_is_read() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "a,b\n1,2\n".repeat(1000));
    let job = job(folder.path(), vec![provider(&["a"], vec![path.clone()])], 1);
    let grow = std::sync::Once::new();
    let progress = |_| {
        grow.call_once(|| {
            use std::io::Write;
            std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"3,4\n").unwrap();
        })
    };
    let error = crate::intake::read_all(&job, |_| (), progress).map(|_| ()).unwrap_err();
    assert_eq!(error.code.id, "OF0211");
}

#[test]
fn every_code_says_what_to_do() {
    let mut ids: Vec<_> = crate::intake::CODES.iter().map(|code| code.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), crate::intake::CODES.len());
    assert!(
        crate::intake::CODES
            .iter()
            .all(|code| code.id.starts_with("OF02") && code.next_step.len() > 20 && !code.next_step.ends_with('.'))
    );
}
