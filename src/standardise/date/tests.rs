//! Dates as extracts write them.

use super::*;

const AS_OF: Date = Date::constant(2026, 11, 22);

fn learnt(column: &[&str]) -> DateContext {
    DateContext::learn(None, AS_OF, &mut column.iter().map(|value| (*value, 1)))
}

fn cleaned(raw: &str, context: &DateContext) -> (String, Verdict) {
    let mut out = String::new();
    let verdict = clean(raw, context, &mut out);
    (out, verdict)
}

#[test]
fn a_day_first_column_is_read_day_first() {
    let context = learnt(&["13/01/1980", "05/06/1981", "25/12/1990"]);
    for (raw, canonical) in [
        ("05/06/1981", "19810605"),
        ("5/6/1981", "19810605"),
        ("05.06.1981", "19810605"),
        ("05-06-1981 00:00:00", "19810605"),
        ("5 June 1981", "19810605"),
        ("05-JUN-81", "19810605"),
        ("5th Jun 1981", "19810605"),
        ("June 5, 1981", "19810605"),
        ("05JUN1981:00:00:00", "19810605"),
        ("Fri, 05 Jun 1981", "19810605"),
        ("1981-06-05", "19810605"),
        ("1981-06-05T00:00:00Z", "19810605"),
        ("1981-06-05 10:15:00.000+01:00", "19810605"),
        ("1981/6/5", "19810605"),
        ("19810605", "19810605"),
        ("05061981", "19810605"),
        ("5061981", "19810605"),
        ("050681", "19810605"),
        ("19810605.0", "19810605"),
        ("19810605 10:15", "19810605"),
        ("29742", "19810605"),
        ("29742.5", "19810605"),
        ("1981", "1981----"),
        ("Jun 1981", "198106--"),
        ("06/1981", "198106--"),
        ("1981-06", "198106--"),
        ("1981-00-00", "1981----"),
        ("99/06/1981", "198106--"),
        ("1981----", "1981----"),
    ] {
        assert_eq!(cleaned(raw, &context).0, canonical, "{raw}");
    }
    assert_eq!(context.found(), Some("dates as day/month/year, unambiguous in 66 %"));
}

#[test]
fn a_month_first_column_is_read_month_first() {
    let context = learnt(&["01/13/1980", "05/06/1981", "12/25/1990"]);
    assert_eq!(cleaned("05/06/1981", &context).0, "19810506");
    assert_eq!(cleaned("05061981", &context).0, "19810506");
    assert_eq!(cleaned("19810506", &context).0, "19810506");
    // Only the other order gives a month.
    assert_eq!(cleaned("25/12/1990", &context).0, "19901225");
}

#[test]
fn ambiguity_is_said() {
    let context = learnt(&["05/06/1981", "01/02/1990"]);
    assert_eq!(context.found(), Some("dates as day/month/year, ambiguous: no value tells day from month"));
    assert_eq!(cleaned("05/06/1981", &context).0, "19810605");
    assert_eq!(learnt(&["", "unknown"]).found(), None);
}

#[test]
fn two_digit_years_are_the_latest_not_after_as_of() {
    let context = learnt(&["13/01/80"]);
    assert_eq!(cleaned("13/01/26", &context).0, "20260113");
    assert_eq!(cleaned("13/01/27", &context).0, "19270113");
    let context = learnt(&["80-01-13", "81-12-25"]);
    assert_eq!(cleaned("05-06-07", &context).0, "20050607");
}

#[test]
fn serials_and_years_are_told_apart_by_the_column() {
    assert_eq!(cleaned("1950", &learnt(&["29742", "30000"])).0, "19050503");
    assert_eq!(cleaned("1950", &learnt(&["1980", "1990"])).0, "1950----");
    assert_eq!(cleaned("59", &learnt(&["29742"])).0, "19000228");
    assert_eq!(cleaned("61", &learnt(&["29742"])).0, "19000301");
}

#[test]
fn impossible_dates_keep_their_digits() {
    let context = learnt(&["13/01/1980"]);
    for (raw, canonical) in [("30/02/1980", "19800230"), ("31/13/1980", "19801331"), ("25/14/1980", "19801425")] {
        let (out, verdict) = cleaned(raw, &context);
        assert_eq!(out, canonical);
        assert!(verdict.flags.has(Flags::IMPOSSIBLE) && !verdict.is_null);
        assert_eq!(cleaned(&out, &context).0, canonical);
    }
}

#[test]
fn implausible_and_default_dates_are_flagged() {
    let context = learnt(&["13/01/1980"]);
    for (raw, flag) in [
        ("01/01/1980", Flags::FIRST_OF_JANUARY),
        ("15/06/1980", Flags::DEFAULT_DAY),
        ("23/11/2026", Flags::FUTURE),
        ("02/03/1880", Flags::BEFORE_1890),
        ("01/01/1900", Flags::DEFAULT_DATE),
        ("01/01/1970", Flags::DEFAULT_DATE),
        ("1980", Flags::PARTIAL),
    ] {
        let (_, verdict) = cleaned(raw, &context);
        assert!(verdict.flags.has(flag) && !verdict.is_null, "{raw}");
    }
    for raw in ["01/01/1800", "15/10/1582", "11/11/1811", "30/12/1899", "31/12/9999"] {
        let (out, verdict) = cleaned(raw, &context);
        assert!(out.is_empty() && verdict.flags.has(Flags::DEFAULT_DATE), "{raw}");
        assert_eq!(verdict.reason, Some(Reason::Placeholder));
    }
    let historic = learnt(&["1700-02-03", "1750-05-06"]);
    assert_eq!(cleaned("1800-01-01", &historic).0, "18000101");
}

#[test]
fn what_is_no_date_is_null() {
    let context = learnt(&["13/01/1980"]);
    for (raw, reason) in [
        ("unknown", Reason::Placeholder),
        ("00/00/0000", Reason::Placeholder),
        ("Smith", Reason::NotADate),
        ("12", Reason::NotADate),
        ("1/2", Reason::NotADate),
        ("12345678901234567890", Reason::NotADate),
        ("10:30", Reason::NotADate),
    ] {
        let (out, verdict) = cleaned(raw, &context);
        assert!(out.is_empty() && verdict.is_null, "{raw} {out}");
        assert_eq!(verdict.reason, Some(reason), "{raw}");
    }
}

#[test]
fn the_job_s_format_goes_first() {
    let none = &mut std::iter::empty();
    let context = DateContext::learn(Some("%m/%d/%Y"), AS_OF, none);
    assert_eq!(cleaned("05/06/1981", &context).0, "19810506");
    assert_eq!(cleaned("05/06/1981 00:00:00", &context).0, "19810506");
    let parts = DateContext::learn(Some("%Y %m %d"), AS_OF, &mut std::iter::empty());
    assert_eq!(cleaned("1981 6 5", &parts).0, "19810605");
    assert_eq!(cleaned("1980 2 30", &parts).0, "19800230");
    let short = DateContext::learn(Some("%d%m%y"), AS_OF, &mut std::iter::empty());
    assert_eq!(cleaned("050630", &short).0, "19300605");
}

#[test]
fn years_alone() {
    let context = learnt(&["1980"]);
    for (raw, year) in [("1980", "1980"), ("1980.0", "1980"), ("13/01/1980", "1980"), ("unknown", "")] {
        let mut out = String::new();
        clean_year(raw, &context, &mut out);
        assert_eq!(out, year, "{raw}");
    }
}

#[test]
fn a_canonical_date_becomes_a_calendar_date() {
    assert_eq!(to_calendar("19810605"), Some(Date::constant(1981, 6, 5)));
    assert_eq!(to_calendar("19800230"), None);
    assert_eq!(to_calendar("1981----"), None);
}
