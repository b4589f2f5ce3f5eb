//! Values that a job file writes as text: shares, spans, dates, characters, date formats.

use super::Within;
use jiff::civil::Date;

/// `"2 %"` as 0.02; a bare number counts as the share itself. `None` outside 0..=1.
pub(super) fn share(text: &str) -> Option<f64> {
    let text = text.trim();
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim_end().parse::<f64>().ok()? / 100.0,
        None => text.parse::<f64>().ok()?,
    };
    (0.0..=1.0).contains(&value).then_some(value)
}

/// `"12 months"`, `"90 days"`, `"2 years"`, `"6 weeks"`; a sum such as `"1 year 6 months"` too. `None` for nothing and for more than
/// 200 years.
pub(super) fn span(text: &str) -> Option<Within> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return None;
    }
    let mut within = Within { months: 0, days: 0 };
    for pair in words.chunks_exact(2) {
        let count: i32 = pair[0].parse().ok().filter(|count| (0..=100_000).contains(count))?;
        match pair[1].trim_end_matches('s') {
            "year" => within.months = within.months.checked_add(count.checked_mul(12)?)?,
            "month" => within.months = within.months.checked_add(count)?,
            "week" => within.days = within.days.checked_add(count.checked_mul(7)?)?,
            "day" => within.days = within.days.checked_add(count)?,
            _ => return None,
        }
    }
    let within_limits = within.months <= 200 * 12 && within.days <= 200 * 366;
    (within_limits && (within.months > 0 || within.days > 0)).then_some(within)
}

/// The smallest size that can be meant.
const SIZE_MIN: u64 = 1 << 20;
/// The largest, 1 PiB; as no unit is that large, messages call it 1024 TiB.
const SIZE_MAX: u64 = 1 << 50;

/// `"8 GiB"`, `"512 MiB"`, `"1.5 GB"` in bytes; units of 1024 are KiB, MiB, GiB and TiB, of 1000 kB, MB, GB and TB. `None` without a unit and
/// outside 1 MiB..=1 PiB.
pub(super) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|letter: char| letter.is_ascii_alphabetic())?);
    let bytes: u64 = match unit {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    let size = number.trim_end().parse::<f64>().ok()? * bytes as f64;
    (SIZE_MIN as f64..=SIZE_MAX as f64).contains(&size).then_some(size as u64)
}

/// An ISO date.
pub(super) fn date(text: &str) -> Option<Date> {
    jiff::fmt::strtime::parse("%Y-%m-%d", text.trim()).ok()?.to_date().ok()
}

/// A delimiter or quote.
pub(super) fn character(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\n' | b'\r' | 0) => Some(*byte),
        b"tab" => Some(b'\t'),
        _ => None,
    }
}

/// Why a strptime format cannot be used for dates, if so.
pub(super) fn date_format_problem(format: &str) -> Option<&'static str> {
    // 2003-04-15 16:27:38 UTC, a moment whose parts all differ is written in the format and read back: what comes back must be the same day.
    let day = jiff::civil::date(2003, 4, 15);
    let Ok(moment) = jiff::Timestamp::from_second(1050424058) else { return None };
    let moment = moment.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let Ok(written) = jiff::fmt::strtime::format(format, &moment) else {
        return Some("has a conversion that is not known");
    };
    let read = jiff::fmt::strtime::parse(format, &written).and_then(|parts| parts.to_date());
    match read {
        Ok(read) if read == day => None,
        _ => Some("does not give a whole date (day, month and year)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        assert_eq!(share("2 %"), Some(0.02));
        assert_eq!(share("2%"), Some(0.02));
        assert_eq!(share("0.02"), Some(0.02));
        assert_eq!(share("100 %"), Some(1.0));
        for wrong in ["101 %", "-1 %", "2", "", "%", "two %", "nan", "inf"] {
            assert_eq!(share(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn spans() {
        assert_eq!(span("12 months"), Some(Within { months: 12, days: 0 }));
        assert_eq!(span("90 days"), Some(Within { months: 0, days: 90 }));
        assert_eq!(span("2 years"), Some(Within { months: 24, days: 0 }));
        assert_eq!(span("1 year 6 months 1 week"), Some(Within { months: 18, days: 7 }));
        for wrong in [
            "",
            "12",
            "months",
            "12months",
            "0 days",
            "-3 days",
            "12 moons",
            "1.5 years",
            "99999999999 days",
            "900 years",
        ] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("8 GiB"), Some(8 << 30));
        assert_eq!(size("512MiB"), Some(512 << 20));
        assert_eq!(size(" 1.5 GB "), Some(1_500_000_000));
        assert_eq!(size("2048 KiB"), Some(2 << 20));
        assert_eq!(size("1 TiB"), Some(1 << 40));
        // The bounds that messages name are sizes themselves.
        assert_eq!(size("1 MiB"), Some(SIZE_MIN));
        assert_eq!(size("1024 TiB"), Some(SIZE_MAX));
        for wrong in [
            "8",
            "",
            "GiB",
            "8 gigs",
            "8 G",
            "-8 GiB",
            "0 GiB",
            "1023 KiB",
            "1025 TiB",
            "8000 TiB",
            "nan GiB",
            "inf GiB",
            "1e3",
            "8 GiB each",
        ] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_and_characters() {
        assert_eq!(date("2026-11-22"), Some(jiff::civil::date(2026, 11, 22)));
        assert_eq!(date("2026-02-30"), None);
        assert_eq!(date("22/11/2026"), None);
        assert_eq!(character(";"), Some(b';'));
        assert_eq!(character("tab"), Some(b'\t'));
        assert_eq!(character("\t"), Some(b'\t'));
        assert_eq!(character("¦"), None);
        assert_eq!(character("a"), None);
        assert_eq!(character(""), None);
    }

    #[test]
    fn date_formats() {
        for right in
            ["%d/%m/%Y", "%Y-%m-%d", "%Y %m %d", "%d-%b-%Y", "%d/%m/%y", "%Y%m%d", "%d/%m/%Y %H:%M:%S", "%d %B %Y"]
        {
            assert_eq!(date_format_problem(right), None, "{right}");
        }
        for wrong in ["DD/MM/YYYY", "%d/%m", "%Y", "", "%d/%d/%Y", "%i", "%"] {
            assert!(date_format_problem(wrong).is_some(), "{wrong}");
        }
    }
}
