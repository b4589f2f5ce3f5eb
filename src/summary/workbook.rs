//! `report.xlsx`: the tables of `summary/` as a commissioner expects a workbook: notes first, then a sheet a table with a header that stays,
//! filters, numbers as numbers, and columns as wide as what they hold.

use super::figures::Figures;
use super::tables::Table;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

/// Excel takes no more letters for the name of a sheet.
const SHEET_NAME_MAX: usize = 31;
/// Room in a header for the arrow of its filter, in letters.
const ARROW: f64 = 4.0;
/// A column is no wider than this; what is longer wraps in the notes and runs on elsewhere.
const WIDTH_MAX: f64 = 60.0;

/// The paper that a sheet prints on, as Excel numbers it.
const A4: u8 = 9;

/// What cells look like.
struct Formats {
    title: Format,
    header: Format,
    number: Format,
    share: Format,
    hidden: Format,
    words: Format,
}

impl Formats {
    fn new() -> Formats {
        Formats {
            title: Format::new().set_bold().set_font_size(14),
            header: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_background_color(Color::RGB(0xE9EFF1))
                .set_border_bottom(FormatBorder::Thin),
            number: Format::new().set_num_format("#,##0"),
            share: Format::new().set_num_format("0.0"),
            hidden: Format::new().set_align(FormatAlign::Right),
            words: Format::new().set_text_wrap().set_align(FormatAlign::Top),
        }
    }
}

/// The workbook. The same tables give the same bytes: it says when it is of, not when it was written.
pub(super) fn write(figures: &Figures, tables: &[Table]) -> Vec<u8> {
    laid_out(figures, tables)
        .and_then(|mut book| book.save_to_buffer())
        .expect("names and sizes are within what Excel takes")
}

fn laid_out(figures: &Figures, tables: &[Table]) -> Result<Workbook, XlsxError> {
    let mut book = Workbook::new();
    let (year, month, day) = (figures.as_of.year(), figures.as_of.month(), figures.as_of.day());
    let of = ExcelDateTime::from_ymd(year.unsigned_abs(), month.unsigned_abs(), day.unsigned_abs())?;
    book.set_properties(&DocProperties::new().set_title("onefolk report").set_creation_datetime(&of));
    let formats = Formats::new();
    let (dictionary, data) = tables.split_last().expect("the dictionary is always there");
    notes(book.add_worksheet(), figures, dictionary, data, &formats)?;
    for table in data {
        sheet(book.add_worksheet(), table, &formats)?;
    }
    Ok(book)
}

/// What the workbook is of, which sheet holds what, and what each column means and how small counts are protected.
fn notes(
    sheet: &mut Worksheet,
    figures: &Figures,
    dictionary: &Table,
    data: &[Table],
    formats: &Formats,
) -> Result<(), XlsxError> {
    sheet.set_name("Notes")?;
    sheet.write_string_with_format(0, 0, format!("{}, as of {}", figures.job, figures.as_of), &formats.title)?;
    let lines = [
        format!("Run {}. Made by onefolk {}.", figures.run_id, env!("CARGO_PKG_VERSION")),
        "A star stands for a number that is hidden so that nobody can be recognised; it is not zero.".into(),
        match figures.preset.rounds() {
            true => "Counts are rounded, so that sums of rows need not be the sums shown.".into(),
            false => "Counts that are not hidden stand as they are.".into(),
        },
        format!("Sheets: {}.", data.iter().map(sheet_name).collect::<Vec<_>>().join(", ")),
    ];
    for (row, line) in (2..).zip(&lines) {
        sheet.write_string(row, 0, line)?;
    }
    let first = 3 + lines.len() as u32;
    for (at, heading) in (0..).zip(["sheet", "column", "meaning", "unit", "how small counts are protected"]) {
        sheet.write_string_with_format(first, at, heading, &formats.header)?;
    }
    let of_sheets = dictionary.rows.iter().filter(|row| row[0] != dictionary.shape.file);
    for (row, values) in (first + 1..).zip(of_sheets) {
        sheet.write_string_with_format(row, 0, named(&values[0]), &formats.words)?;
        for (at, value) in (1..).zip(&values[1..]) {
            sheet.write_string_with_format(row, at, value, &formats.words)?;
        }
    }
    for (at, width) in (0..).zip([24.0, 22.0, 48.0, 18.0, WIDTH_MAX]) {
        sheet.set_column_width(at, width)?;
    }
    Ok(())
}

fn sheet(sheet: &mut Worksheet, table: &Table, formats: &Formats) -> Result<(), XlsxError> {
    sheet.set_name(sheet_name(table))?.set_freeze_panes(1, 0)?;
    let columns = table.shape.columns;
    for (at, column) in (0..).zip(columns) {
        sheet.write_string_with_format(0, at, heading(column), &formats.header)?;
        let longest = table.rows.iter().map(|row| row[usize::from(at)].chars().count()).max().unwrap_or(0);
        let header = heading(column).chars().count() as f64 + ARROW;
        sheet.set_column_width(at, header.max(longest as f64 + 2.0).min(WIDTH_MAX))?;
    }
    for (row, values) in (1..).zip(&table.rows) {
        for ((at, value), column) in (0..).zip(values).zip(columns) {
            cell(sheet, (row, at), value, column.2, formats)?;
        }
    }
    sheet.autofilter(0, 0, table.rows.len() as u32, columns.len() as u16 - 1)?;
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    Ok(())
}

/// Counts and shares become numbers, so that they can be added and drawn; a hidden one stays a star. Nothing is ever a formula.
fn cell(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    value: &str,
    unit: &str,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let is_counted = is_counted(unit);
    match value.parse::<f64>() {
        Ok(number) if is_counted && matches!(unit, "percent" | "people of 1,000") => {
            sheet.write_number_with_format(row, column, number, &formats.share)?;
        }
        Ok(number) if is_counted => {
            sheet.write_number_with_format(row, column, number, &formats.number)?;
        }
        _ if value.is_empty() => {}
        _ if is_counted => {
            sheet.write_string_with_format(row, column, value, &formats.hidden)?;
        }
        _ => {
            sheet.write_string(row, column, value)?;
        }
    }
    Ok(())
}

fn is_counted(unit: &str) -> bool {
    const WORDS: [&str; 8] =
        ["word", "text", "identifier", "name", "five-year band", "band", "postcode district", "date"];
    !WORDS.contains(&unit)
}

/// The name of a column and, where it is counted, in what: "records (rows)".
fn heading(&(column, _, unit, _): &(&str, &str, &str, &str)) -> String {
    let words = column.replace('_', " ");
    match is_counted(unit) && !words.contains(unit) {
        true => format!("{words} ({unit})"),
        false => words,
    }
}

fn sheet_name(table: &Table) -> String {
    named(table.shape.file)
}

/// "people_by_age_sex.csv" as "people by age sex".
fn named(file: &str) -> String {
    let words = file.trim_end_matches(".csv").replace('_', " ");
    words.chars().take(SHEET_NAME_MAX).collect()
}
