//! Carried facts: flags "true" or "false", dates ISO, numbers plain decimal, categories trimmed, lists sorted and joined by `;`.
//! Source: `records::Records::facts`.

use super::characters::{is_null_literal, single_spaces, strip_point_zero, trim};
use super::date::DateContext;
use super::{Flags, Reason, Verdict, date, number};
use crate::job::CarryKind;

/// Cleans one value of a carried fact. `out` is cleared first; it is empty where the verdict is null.
pub fn clean(kind: CarryKind, raw: &str, dates: &DateContext, out: &mut String) -> Verdict {
    out.clear();
    match kind {
        CarryKind::Flag => clean_flag(raw, out),
        CarryKind::Date => clean_date(raw, dates, out),
        CarryKind::Number => number::clean(raw, out),
        CarryKind::Category => clean_category(raw, out),
        CarryKind::List => clean_list(raw, out),
    }
}

fn clean_flag(raw: &str, out: &mut String) -> Verdict {
    let value = strip_point_zero(trim(raw)).to_ascii_lowercase();
    let flag = match value.as_str() {
        "" => return Verdict::MISSING,
        "1" | "01" | "y" | "yes" | "t" | "true" | "x" | "present" | "positive" | "on" => "true",
        "0" | "00" | "n" | "no" | "f" | "false" | "absent" | "negative" | "off" => "false",
        _ if is_null_literal(&value) => return Verdict::null(Reason::Placeholder),
        _ => return Verdict::null(Reason::UnknownCode),
    };
    out.push_str(flag);
    Verdict::KEPT
}

/// Only a whole date that exists is a fact.
fn clean_date(raw: &str, dates: &DateContext, out: &mut String) -> Verdict {
    let mut canonical = String::new();
    let verdict = date::clean(raw, dates, &mut canonical);
    if verdict.is_null {
        return verdict;
    }
    match date::to_calendar(&canonical) {
        Some(date) => {
            use std::fmt::Write;
            write!(out, "{date}").expect("a string takes every write");
            verdict
        }
        None => Verdict::null(Reason::NotADate).with(if verdict.flags.has(Flags::PARTIAL) {
            Flags::PARTIAL
        } else {
            Flags::IMPOSSIBLE
        }),
    }
}

fn clean_category(raw: &str, out: &mut String) -> Verdict {
    single_spaces(trim(raw), out);
    if out.is_empty() {
        return Verdict::MISSING;
    }
    // "Unknown" and "none" may be categories of their own; only what exports write for nothing is missing.
    if matches!(out.as_str(), "NULL" | "null" | "NaN" | "nan" | "N/A" | "n/a" | "#N/A" | "<NA>" | "-" | "." | "NaT") {
        out.clear();
        return Verdict::null(Reason::Placeholder);
    }
    Verdict::KEPT
}

/// A word of a package of care, or an entry of a list: as a category, but "unknown" and the like are none.
pub(crate) fn clean_word(raw: &str, out: &mut String) -> Verdict {
    let verdict = clean_category(raw, out);
    if verdict.is_null || !is_null_literal(out) {
        return verdict;
    }
    out.clear();
    Verdict::null(Reason::Placeholder)
}

/// Entries parted by `;` or `|`, or by commas where neither occurs; each once, in order. One that says that nothing is known is none.
fn clean_list(raw: &str, out: &mut String) -> Verdict {
    let value = trim(raw);
    let by_semicolon = value.contains([';', '|']);
    let mut entries: Vec<String> = Vec::new();
    let mut entry = String::new();
    for part in value.split(|c| if by_semicolon { matches!(c, ';' | '|') } else { c == ',' }) {
        if !clean_word(part, &mut entry).is_null {
            entries.push(entry.clone());
        }
    }
    entries.sort_unstable();
    entries.dedup();
    match &entries[..] {
        [] => return if value.is_empty() { Verdict::MISSING } else { Verdict::null(Reason::Placeholder) },
        // The comma would part a single entry that holds one when it is read again.
        [only] if by_semicolon && only.contains(',') => {
            out.push_str(only);
            out.push(';');
        }
        _ => out.push_str(&entries.join(";")),
    }
    Verdict::KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(kind: CarryKind, raw: &str) -> String {
        let as_of = jiff::civil::Date::constant(2026, 11, 22);
        let dates = DateContext::learn(None, as_of, &mut [("13/01/2020", 1)].into_iter());
        let mut out = "left over".to_string();
        let verdict = clean(kind, raw, &dates, &mut out);
        assert_eq!(verdict.is_null, out.is_empty(), "{raw}");
        out
    }

    #[test]
    fn every_kind() {
        for (kind, raw, canonical) in [
            (CarryKind::Flag, "Y", "true"),
            (CarryKind::Flag, "1.0", "true"),
            (CarryKind::Flag, "No", "false"),
            (CarryKind::Flag, "maybe", ""),
            (CarryKind::Date, "05/06/2020", "2020-06-05"),
            (CarryKind::Date, "2020-06-05", "2020-06-05"),
            (CarryKind::Date, "2020", ""),
            (CarryKind::Date, "30/02/2020", ""),
            (CarryKind::Number, "1,234.50", "1234.5"),
            (CarryKind::Category, "  Mildly  frail ", "Mildly frail"),
            (CarryKind::Category, "Unknown", "Unknown"),
            (CarryKind::Category, "NULL", ""),
            (CarryKind::List, "b; a;b", "a;b"),
            (CarryKind::List, "b, a", "a;b"),
            (CarryKind::List, "asthma, severe;", "asthma, severe;"),
            (CarryKind::List, "", ""),
            (CarryKind::List, "N/K", ""),
            (CarryKind::List, "<\u{a0}[", ""),
            (CarryKind::List, "asthma; not known; N/K; ;copd", "asthma;copd"),
        ] {
            assert_eq!(cleaned(kind, raw), canonical, "{raw}");
            assert_eq!(cleaned(kind, canonical), canonical, "{raw}");
        }
    }
}
