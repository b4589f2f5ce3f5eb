//! The thirty kinds of extract: who sends them, in which columns, codes and formats. Column names follow DOMAIN.md section 4.

use super::layouts::{self, Column};
use crate::job::Setting;

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

const fn csv(delimiter: u8, encoding: Encoding, line_break: &'static str, compression: Compression) -> Format {
    Format::Delimited { delimiter, encoding, line_break, compression }
}

const fn style(dates: Dates, sexes: Sexes) -> Style {
    Style { dates, sexes, numbers: NumberStyle::Plain, postcode_space: true, capitals: false, nothing: "" }
}

const fn kind(
    id: &'static str,
    name: &'static str,
    setting: Setting,
    format: Format,
    style: Style,
    columns: &'static [Column],
) -> Kind {
    Kind { id, name, setting, format, style, columns, nameless: false, states_dates: false }
}

use Compression as C;
use Dates as D;
use Encoding as E;
use Setting as S;
use Sexes as X;

const LF: &str = "\n";
const CRLF: &str = "\r\n";

/// In the order of settings.
pub(super) static KINDS: [Kind; 30] = [
    kind(
        "gp-brent-01",
        "Chestnut Medical Centre",
        S::GeneralPractice,
        csv(b',', E::Utf8, LF, C::Gzip),
        style(D::DayFirst, X::Letters),
        layouts::PRACTICE_A,
    ),
    kind(
        "gp-brent-02",
        "Willow Tree Surgery",
        S::GeneralPractice,
        csv(b';', E::Windows1252, CRLF, C::None),
        style(D::DayFirst, X::Words),
        layouts::PRACTICE_B,
    ),
    kind(
        "gp-ealing-01",
        "Broadway Health Centre",
        S::GeneralPractice,
        csv(b'\t', E::Utf8WithMark, CRLF, C::None),
        style(D::Iso, X::Digits),
        layouts::PRACTICE_A,
    ),
    Kind {
        states_dates: true,
        ..kind(
            "gp-ealing-02",
            "Elm Grove Practice",
            S::GeneralPractice,
            csv(b'|', E::Utf8, LF, C::Zstd),
            style(D::MonthNames, X::Letters),
            layouts::PRACTICE_B,
        )
    },
    kind(
        "gp-harrow-01",
        "Hillside Practice",
        S::GeneralPractice,
        Format::Parquet,
        style(D::Iso, X::Letters),
        layouts::PRACTICE_A,
    ),
    kind(
        "gp-harrow-02",
        "Station Road Surgery",
        S::GeneralPractice,
        Format::Xlsx,
        style(D::Serial, X::Words),
        layouts::PRACTICE_B,
    ),
    kind(
        "gp-hounslow-01",
        "Riverside Medical Centre",
        S::GeneralPractice,
        csv(b'\t', E::Utf16WithMark, CRLF, C::None),
        style(D::DayFirst, X::Letters),
        layouts::PRACTICE_C,
    ),
    kind(
        "gp-westminster-01",
        "Canal View Practice",
        S::GeneralPractice,
        csv(b',', E::Utf8, LF, C::Zstd),
        style(D::Iso, X::Digits),
        layouts::PRACTICE_C,
    ),
    Kind {
        nameless: true,
        ..kind(
            "acute-north-west-inpatients",
            "North West Hospitals, inpatients",
            S::Acute,
            csv(b',', E::Utf8, CRLF, C::Gzip),
            Style { postcode_space: false, ..style(D::Iso, X::Digits) },
            layouts::INPATIENTS,
        )
    },
    Kind {
        nameless: true,
        ..kind(
            "acute-royal-outpatients",
            "Royal Hospital, outpatients",
            S::Acute,
            csv(b'|', E::Utf8, LF, C::Zstd),
            Style { postcode_space: false, ..style(D::Compact, X::OldDigits) },
            layouts::OUTPATIENTS,
        )
    },
    kind(
        "acute-north-west-emergency",
        "North West Hospitals, emergency department",
        S::Acute,
        Format::JsonLines { compression: C::Gzip },
        style(D::Iso, X::Digits),
        layouts::EMERGENCY,
    ),
    kind(
        "acute-hillingdon-patients",
        "Hillingdon Hospital, patient index",
        S::Acute,
        Format::FixedWidth,
        Style { capitals: true, ..style(D::Compact, X::Letters) },
        layouts::PATIENT_INDEX,
    ),
    kind(
        "acute-queens-maternity",
        "Queen's Hospital, maternity",
        S::Acute,
        csv(b',', E::Utf8, LF, C::None),
        style(D::DayFirst, X::Letters),
        layouts::MATERNITY,
    ),
    kind(
        "community-north-west",
        "North West Community Trust",
        S::Community,
        csv(b',', E::Utf8, CRLF, C::Gzip),
        Style { numbers: NumberStyle::Spaced, ..style(D::Iso, X::Digits) },
        layouts::COMMUNITY,
    ),
    kind(
        "community-children",
        "Children's Community Services",
        S::Community,
        Format::JsonLines { compression: C::None },
        Style { numbers: NumberStyle::Spaced, ..style(D::DayFirst, X::Words) },
        layouts::CHILDREN,
    ),
    kind(
        "mental-health-west",
        "West Mental Health Trust",
        S::MentalHealth,
        Format::Parquet,
        style(D::Iso, X::Digits),
        layouts::MENTAL_HEALTH,
    ),
    kind(
        "mental-health-central",
        "Central Mental Health Trust",
        S::MentalHealth,
        csv(b';', E::Utf8, LF, C::Gzip),
        Style { nothing: "NULL", ..style(D::Iso, X::Digits) },
        layouts::MENTAL_HEALTH,
    ),
    kind(
        "social-care-brent",
        "Brent Council, adult social care",
        S::SocialCare,
        csv(b',', E::Utf8WithMark, CRLF, C::None),
        style(D::DayFirst, X::Words),
        layouts::COUNCIL_A,
    ),
    kind(
        "social-care-ealing",
        "Ealing Council, adult social care",
        S::SocialCare,
        csv(b',', E::Utf8, LF, C::None),
        Style { numbers: NumberStyle::Decimal, ..style(D::Serial, X::Decimals) },
        layouts::COUNCIL_B,
    ),
    Kind {
        states_dates: true,
        ..kind(
            "social-care-harrow",
            "Harrow Council, adult social care",
            S::SocialCare,
            csv(b'|', E::Windows1252, LF, C::None),
            Style { nothing: "N/K", ..style(D::Dotted, X::Own) },
            layouts::COUNCIL_A,
        )
    },
    kind(
        "ambulance-london",
        "Ambulance service, incidents",
        S::Ambulance,
        Format::JsonLines { compression: C::Zstd },
        style(D::DayFirst, X::Letters),
        layouts::AMBULANCE,
    ),
    kind(
        "urgent-care-telephone",
        "Urgent care by telephone",
        S::UrgentCare,
        csv(b',', E::Utf8, CRLF, C::None),
        Style { capitals: true, ..style(D::DayFirst, X::Letters) },
        layouts::TELEPHONE,
    ),
    kind(
        "urgent-care-centre",
        "Urgent treatment centre",
        S::UrgentCare,
        csv(b'\t', E::Utf8, LF, C::Gzip),
        style(D::Iso, X::Digits),
        layouts::TREATMENT_CENTRE,
    ),
    kind(
        "hospice-st-anne",
        "St Anne's Hospice",
        S::Hospice,
        Format::Xlsx,
        style(D::DayFirst, X::Words),
        layouts::HOSPICE,
    ),
    kind(
        "hospice-care-plans",
        "End-of-life care plans",
        S::Hospice,
        csv(b',', E::Utf8, LF, C::None),
        style(D::Iso, X::Letters),
        layouts::CARE_PLANS,
    ),
    kind(
        "pharmacy-high-street",
        "High Street Pharmacy",
        S::Pharmacy,
        csv(b',', E::Windows1252, CRLF, C::None),
        Style { capitals: true, postcode_space: false, ..style(D::DayFirst, X::Letters) },
        layouts::PHARMACY,
    ),
    kind(
        "public-health-immunisations",
        "Immunisation service",
        S::PublicHealth,
        csv(b',', E::Utf8, LF, C::Zstd),
        style(D::Compact, X::OldDigits),
        layouts::IMMUNISATIONS,
    ),
    kind(
        "housing-brent",
        "Brent Homes",
        S::Housing,
        csv(b';', E::Utf8, CRLF, C::None),
        style(D::DayFirst, X::Letters),
        layouts::TENANTS,
    ),
    kind(
        "voluntary-neighbours",
        "Good Neighbours",
        S::Voluntary,
        Format::Xlsx,
        style(D::DayFirst, X::Letters),
        layouts::VOLUNTEERS,
    ),
    kind(
        "other-eye-screening",
        "Diabetic eye screening",
        S::Other,
        csv(b',', E::Utf8, LF, C::Gzip),
        Style { numbers: NumberStyle::Spaced, postcode_space: false, ..style(D::Iso, X::Words) },
        layouts::EYE_SCREENING,
    ),
];
