//! The thirty kinds of extract, one by one.

use super::{Compression, Dates, Encoding, Format, Kind, NumberStyle, Sexes, Style};
use crate::generate::layouts::{self, Column};
use crate::job::Setting;

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
