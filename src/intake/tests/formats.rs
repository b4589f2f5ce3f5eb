//! Each format, and what is said to have been found.

use super::*;
use crate::intake::{Compression, estimate_rows, peek};
use crate::job::{Field, Source};

fn found(wanted: &[&str], format: Format, bytes: impl AsRef<[u8]>) -> String {
    read_one(wanted, format, bytes).unwrap().1.found
}

#[test]
fn what_is_found_in_delimited_text() {
    let auto = Format::default;
    assert_eq!(found(&["b"], auto(), "a,b\n1,2\n"), "CSV, comma, ASCII, 2 columns");
    assert_eq!(found(&["b"], auto(), "a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n"), "CSV, semicolon, ASCII, 3 columns");
    assert_eq!(found(&["b"], auto(), "a\tb\n1,1\t2\n"), "CSV, tab, ASCII, 2 columns");
    assert_eq!(found(&["b"], auto(), gzip(b"a|b\n1|2\n")), "CSV, pipe, ASCII, gzip, 2 columns");
    assert_eq!(
        found(&["b"], auto(), zstd::encode_all(&b"a|b\n1|2\n"[..], 1).unwrap()),
        "CSV, pipe, ASCII, zstd, 2 columns"
    );
    assert_eq!(found(&["b"], auto(), "\u{feff}a,b\n1,ë\n"), "CSV, comma, UTF-8 with BOM, 2 columns");
    assert_eq!(found(&["b"], auto(), b"a;b\n1;Zo\xeb\n"), "CSV, semicolon, Windows-1252, 2 columns");
    assert_eq!(found(&["b"], auto(), utf16("a,b\n1,Zoë\n", false, false)), "CSV, comma, UTF-16BE, 2 columns");
    assert_eq!(found(&["b"], auto(), utf16("a,b\n1,Zoë\n", true, false)), "CSV, comma, UTF-16LE, 2 columns");
    assert_eq!(found(&["b"], auto(), "a,b\n'1, 2','x'\n'3','y'\n"), "CSV, comma, quote \\', ASCII, 2 columns");
    assert_eq!(found(&["b"], auto(), "a^b^c\n1^2^3\n4^5^6\n7^8^9\n"), "CSV, delimiter ^, ASCII, 3 columns");
    let no_header = Format { header: Some(false), ..Format::default() };
    assert_eq!(found(&["2"], no_header, "x,y\n1,2\n"), "CSV, comma, no header, ASCII, 2 columns");
}

#[test]
fn an_apostrophe_that_marks_text_is_no_quote() {
    let (seen, _) = read_one(&["n", "s"], Format::default(), "n,s\n'9990000018,'Brien\n'9990000026,x\n").unwrap();
    assert_eq!(values(&seen), [["'9990000018", "'Brien"], ["'9990000026", "x"]]);
}

#[test]
fn encoding_is_decided_where_it_first_matters() {
    // The first accent stands far behind the head.
    let mut text = "id,name\n".to_string();
    (0..100_000).for_each(|row| text.push_str(&format!("{row},Ann\n")));
    text.push_str("x,Zoë\n");
    let (seen, report) = read_one(&["name"], Format::default(), &text).unwrap();
    assert_eq!((values(&seen).last().unwrap()[0], report.found.as_str()), ("Zoë", "CSV, comma, UTF-8, 2 columns"));
    let (bytes, ..) = encoding_rs::WINDOWS_1252.encode(&text);
    let (seen, report) = read_one(&["name"], Format::default(), bytes).unwrap();
    assert_eq!(
        (values(&seen).last().unwrap()[0], report.found.as_str()),
        ("Zoë", "CSV, comma, Windows-1252, 2 columns")
    );
}

#[test]
fn old_line_ends_and_skipped_rows() {
    let (seen, _) = read_one(&["b"], Format::default(), "a,b\r1,2\r\r3,4").unwrap();
    assert_eq!(values(&seen), [["2"], ["4"]]);
    let format = Format { skip_rows: 2, ..Format::default() };
    let (seen, _) = read_one(&["b"], format, "Report of ward 3\n\"printed, by\na;b\n1;2\n").unwrap();
    assert_eq!(values(&seen), [["2"]]);
}

#[test]
fn header_names_are_trimmed_and_matched_in_any_case() {
    let (seen, _) =
        read_one(&["NHS Number", "dob"], Format::default(), " nhs number ,DOB,dob,,\n1,2,3,,\n4,5,6,,\n").unwrap();
    assert_eq!(values(&seen), [["1", "3"], ["4", "6"]]);
    let (seen, _) = read_one(&["line (2)"], Format::default(), "line,line,x\n1,2,3\n").unwrap();
    assert_eq!(values(&seen), [["2"]]);
}

#[test]
fn row_number_as_record_id() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "name\nAnn\n\"x\",\"y\"\nBob\n");
    let mut numbered = provider(&["name"], vec![path]);
    numbered.columns.insert(Field::RecordId, Source { columns: vec!["row_number".to_string()], ..Source::default() });
    let seen = joined(&read(&job(folder.path(), vec![numbered], 1), Sizes::default()).unwrap());
    assert_eq!(values(&seen), [["1", "Ann"], ["3", "Bob"]]);
    // An extract that has such a column keeps it, and a fact of that name is an ordinary column.
    let error = read_one(&["row_number"], Format::default(), "name\nAnn\n").unwrap_err();
    assert_eq!(error.code.id, "OF0210");
}

#[test]
fn json_lines_keep_what_is_written() {
    let text = "{\"id\": 9990000018, \"x\": 1.50e3, \"n\": null, \"o\": {\"a\": [1, \"}\"]}, \"s\": \"Zo\\u00eb \\\"q\\\"\", \"t\": true}\r\n\
                {\"s\":\"\", \"extra\": 1}\r\n\r\n{ }\r\n";
    let (seen, report) = read_one(&["id", "x", "n", "o", "s", "t"], Format::default(), text).unwrap();
    assert_eq!(values(&seen)[0], ["9990000018", "1.50e3", "", "{\"a\": [1, \"}\"]}", "Zoë \"q\"", "true"]);
    assert_eq!(values(&seen)[1..], [[""; 6], [""; 6]]);
    assert_eq!(report.found, "JSON lines, ASCII, 7 columns");
}

#[test]
fn fixed_width_counts_characters() {
    let column = |column: &str, start, width| FixedColumn { column: column.to_string(), start, width };
    let layout = vec![column("id", 1, 4), column("name", 5, 6), column("town", 11, 8)];
    let format = Format { layout, ..Format::default() };
    let (seen, report) = read_one(
        &["town", "name", "id"],
        format,
        "0001Zoë   Hove\r\n0002Siân\r\n00\r\n0003Ann   Brighton and more\r\n",
    )
    .unwrap();
    assert_eq!(values(&seen), [["Hove", "Zoë", "0001"], ["", "Siân", "0002"], ["Brighton", "Ann", "0003"]]);
    assert_eq!(seen.quarantined[0].2, QuarantineCode::Ragged);
    assert_eq!(report.found, "fixed width, UTF-8, 3 columns");
}

#[test]
fn xlsx() {
    use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Workbook};
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Notes").unwrap().write(0, 0, "nothing").unwrap();
    let sheet = workbook.add_worksheet().set_name("Patients").unwrap();
    for (column, name) in ["NHS", "born", "serial", "weight", "name"].iter().enumerate() {
        sheet.write(1, column as u16, *name).unwrap();
    }
    let date = CellFormat::new().set_num_format("dd/mm/yyyy");
    sheet.write(2, 0, 9_990_000_018_f64).unwrap();
    sheet.write_with_format(2, 1, ExcelDateTime::from_ymd(1980, 2, 29).unwrap(), &date).unwrap();
    sheet.write(2, 2, 29_280_f64).unwrap();
    sheet.write(2, 3, 71.5).unwrap();
    sheet.write(2, 4, "Zoë\nO'Hara").unwrap();
    sheet.write(5, 4, "only a name").unwrap();
    sheet.write(6, 0, "x").unwrap();
    sheet.write(6, 7, "beyond").unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    let format = || Format { sheet: Some("Patients".to_string()), ..Format::default() };
    let wanted = ["NHS", "born", "serial", "weight", "name"];
    for packed in [bytes.clone(), gzip(&bytes)] {
        let (seen, report) = read_one(&wanted, format(), packed).unwrap();
        assert_eq!(
            values(&seen),
            [["9990000018", "1980-02-29", "29280", "71.5", "Zoë\nO'Hara"], ["", "", "", "", "only a name"]]
        );
        assert_eq!((report.rows, report.quarantined), (3, 1));
        assert!(report.found.starts_with("XLSX, sheet \"Patients\" of 2"), "{}", report.found);
    }
    let other = Format { sheet: Some("Clients".to_string()), ..Format::default() };
    assert_eq!(read_one(&wanted, other, &bytes).unwrap_err().code.id, "OF0207");
    assert_eq!(read_one(&["name of"], format(), &bytes).unwrap_err().code.id, "OF0210");
}

pub(super) fn parquet_bytes(rows: usize, group_rows: usize) -> Vec<u8> {
    use arrow::array::*;
    use arrow::datatypes::Int32Type;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use std::sync::Arc;
    let some = |row: usize| (!row.is_multiple_of(7)).then_some(row);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values((0..rows).map(|row| row as i64)))),
        ("unwanted", Arc::new(Int64Array::from_iter_values((0..rows).map(|row| row as i64)))),
        ("name", Arc::new((0..rows).map(|row| some(row).map(|row| format!("Zoë {row}"))).collect::<StringArray>())),
        ("large", Arc::new((0..rows).map(|row| some(row).map(|row| format!("L{row}"))).collect::<LargeStringArray>())),
        ("born", Arc::new(Date32Array::from_iter((0..rows).map(|row| some(row).map(|row| row as i32))))),
        (
            "seen",
            Arc::new(TimestampMicrosecondArray::from_iter_values((0..rows).map(|row| row as i64 * 43_200_000_000))),
        ),
        ("flag", Arc::new((0..rows).map(|row| some(row).map(|row| row % 2 == 0)).collect::<BooleanArray>())),
        (
            "nhs",
            Arc::new(Float64Array::from_iter((0..rows).map(|row| some(row).map(|row| 9_990_000_000.0 + row as f64)))),
        ),
        ("sex", Arc::new((0..rows).map(|row| ["F", "M"][row % 2]).collect::<DictionaryArray<Int32Type>>())),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
            .unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// A column that is stored as codes comes out with each value once a batch, whatever pages and batches it spans; one that is not, as text.
#[test]
fn parquet_text_in_codes() {
    use arrow::array::*;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use std::sync::Arc;
    let rows = 150_000;
    let name = |row: usize| [Some("ann"), None, Some(" bob "), Some(""), Some("Zoë"), Some("nul\0")][row * row % 6];
    let number = |row: usize| format!("{}", row * 7919 % 1_000_003);
    let columns: [(&str, ArrayRef); 2] = [
        ("name", Arc::new((0..rows).map(name).collect::<StringArray>())),
        ("number", Arc::new((0..rows).map(|row| Some(number(row))).collect::<StringArray>())),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap();
    let properties = WriterProperties::builder().set_column_dictionary_enabled("number".into(), false).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let folder = Folder::new();
    let path = folder.write("a.parquet", writer.into_inner().unwrap());
    let job = job(folder.path(), vec![provider(&["name", "number"], vec![path])], 2);
    let consume = |batch: crate::intake::Batch| {
        let [names, numbers] = &batch.columns[..] else { panic!("two columns were wanted") };
        assert!(
            names.shared().is_some_and(|(values, rows)| values.len() < 100 && rows.len() == batch.source_rows.len())
        );
        assert!(numbers.shared().is_none());
        for (at, &row) in batch.source_rows.iter().enumerate() {
            let row = row as usize - 1;
            assert_eq!((names.get(at), numbers.get(at)), (name(row).unwrap_or(""), number(row).as_str()));
        }
        assert!(batch.quarantined.iter().all(|bad| name(bad.source_row as usize - 1) == Some("nul\0")));
        batch.source_rows.len() + batch.quarantined.len()
    };
    let intake = crate::intake::read_all(&job, consume, |_| {}).unwrap();
    assert_eq!(intake.batches.iter().sum::<usize>(), rows);
    assert_eq!(intake.files[0].quarantined as usize, (0..rows).filter(|&row| name(row) == Some("nul\0")).count());
}

#[test]
fn parquet() {
    let bytes = parquet_bytes(1000, 300);
    let wanted = ["sex", "id", "name", "large", "born", "seen", "flag", "nhs"];
    let (seen, report) = read_one(&wanted, Format::default(), &bytes).unwrap();
    let values = values(&seen);
    assert_eq!(values[0], ["F", "0", "", "", "", "1970-01-01", "", ""]);
    assert_eq!(values[1], ["M", "1", "Zoë 1", "L1", "1970-01-02", "1970-01-01T12:00:00", "false", "9990000001"]);
    assert_eq!(values[999][1..4], ["999", "Zoë 999", "L999"]);
    assert_eq!(report.found, "Parquet, 4 row groups, 9 columns");
    assert_eq!((report.rows, report.blake3), (1000, blake3::hash(&bytes).to_hex().to_string()));
    assert_eq!(read_one(&["Surname"], Format::default(), &bytes).unwrap_err().code.id, "OF0210");
}

#[test]
fn a_first_look() {
    let folder = Folder::new();
    let mut text = "id;name\n".to_string();
    (0..200_000).for_each(|row| text.push_str(&format!("{row:06};Siân\n")));
    let plain = folder.write("a.csv", &text);
    let (windows, ..) = encoding_rs::WINDOWS_1252.encode(&text);
    let packed = folder.write("b.csv", gzip(&windows));
    let columnar = folder.write("c.bin", parquet_bytes(1000, 300));
    let provider = provider(&[], Vec::new());
    let look = peek(&provider, &plain).unwrap();
    assert_eq!(
        (look.found.as_str(), look.delimiter, look.compression),
        ("CSV, semicolon, UTF-8, 2 columns", Some(b';'), Compression::None)
    );
    assert_eq!((look.columns.as_slice(), look.sample.len()), (["id".to_string(), "name".to_string()].as_slice(), 200));
    assert_eq!(look.sample[199], ["000199", "Siân"]);
    let look = peek(&provider, &packed).unwrap();
    assert_eq!((look.encoding.as_deref(), look.compression), (Some("windows-1252"), Compression::Gzip));
    assert_eq!(peek(&provider, &columnar).unwrap().sample.len(), 200);
    for (path, rows, tolerance) in [(&plain, 200_000.0, 0.01), (&packed, 200_000.0, 0.2), (&columnar, 1000.0, 0.0)] {
        let estimate = estimate_rows(&provider, path).unwrap() as f64;
        assert!((estimate / rows - 1.0_f64).abs() <= tolerance, "{estimate} rows instead of {rows}");
    }
}
