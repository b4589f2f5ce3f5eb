//! The thirty kinds of extract: who sends them, in which columns, codes and formats. Column names follow DOMAIN.md section 4.

mod kinds;

use super::layouts::Column;
use crate::job::Setting;
use kinds::KINDS;

/// How an extract is written to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Delimited { delimiter: u8, encoding: Encoding, line_break: &'static str, compression: Compression },
    JsonLines { compression: Compression },
    FixedWidth,
    Parquet,
    Xlsx,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf8WithMark,
    Windows1252,
    Utf16WithMark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dates {
    Iso,
    DayFirst,
    Dotted,
    MonthNames,
    Compact,
    /// Days since 30 December 1899, as spreadsheets count.
    Serial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sexes {
    /// 1, 2, 9, X
    Digits,
    /// 0, 1, 2, 9
    OldDigits,
    Letters,
    Words,
    /// 1.0, 2.0
    Decimals,
    /// MAL, FEM, UNK: this provider's own.
    Own,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberStyle {
    Plain,
    /// 999 123 4567
    Spaced,
    /// 9991234567.0
    Decimal,
}

/// A provider's own ways of writing values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub dates: Dates,
    pub sexes: Sexes,
    pub numbers: NumberStyle,
    pub postcode_space: bool,
    pub capitals: bool,
    /// What stands for "nothing": often nothing, sometimes a word.
    pub nothing: &'static str,
}

/// One kind of extract.
pub(super) struct Kind {
    pub id: &'static str,
    pub name: &'static str,
    pub setting: Setting,
    pub format: Format,
    pub style: Style,
    pub columns: &'static [Column],
    /// Removes names where the NHS number passes its check.
    pub nameless: bool,
    /// Writes the date format into the job file; otherwise it must be found from the data.
    pub states_dates: bool,
}

/// A provider of the population at hand.
pub(super) struct Provider {
    pub kind: &'static Kind,
    pub id: String,
    pub name: String,
    /// Code of the practice, for practices.
    pub practice_code: String,
}

impl Provider {
    pub fn setting(&self) -> Setting {
        self.kind.setting
    }

    /// Sends one row an event, so that a record_id repeats.
    pub fn sends_events(&self) -> bool {
        self.kind.columns.iter().any(|column| column.what.is_event())
    }

    pub fn for_maternity(&self) -> bool {
        self.kind.id.contains("maternity")
    }
}

/// The first `count` providers: the thirty kinds in turn, then further ones of the same kinds.
pub(super) fn providers(count: usize) -> Vec<Provider> {
    // Few providers should still be of several settings: every seventh kind comes first.
    let mut order: Vec<usize> = (0..KINDS.len()).collect();
    if count < KINDS.len() {
        order = (0..KINDS.len()).map(|place| place * 7 % KINDS.len()).collect();
    }
    let mut list: Vec<Provider> = (0..count)
        .map(|place| {
            let (kind, copy) = (&KINDS[order[place % KINDS.len()]], place / KINDS.len());
            let suffix = if copy == 0 { String::new() } else { format!("-{}", copy + 1) };
            let practice_code = format!("E84{:03}", (order[place % KINDS.len()] + copy * KINDS.len()) % 1000);
            Provider {
                kind,
                id: format!("{}{suffix}", kind.id),
                name: format!("{}{}", kind.name, suffix.replace('-', " ")),
                practice_code,
            }
        })
        .collect();
    list.sort_by_key(|provider| KINDS.iter().position(|kind| std::ptr::eq(kind, provider.kind)));
    list
}
