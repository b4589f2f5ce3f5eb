//! Names as extracts write them.

use super::*;
use crate::standardise::Flags;

fn cleaned(raw: &str, part: Part) -> (String, Verdict) {
    let mut out = String::new();
    let verdict = clean(raw, part, &mut out);
    (out, verdict)
}

#[test]
fn given_names() {
    for (raw, canonical) in [
        ("Anna", "anna"),
        ("  ANNA  MARIA ", "anna maria"),
        ("Anne-Marie", "anne marie"),
        ("Zoë", "zoe"),
        ("JosÃ©", "jose"),
        ("Mr John", "john"),
        ("Dr. John", "john"),
        ("John, Mr", "john"),
        ("Sister Mary", "mary"),
        ("Dame", "dame"),
        ("Ne", "ne"),
        ("Count", "count"),
        ("Two", "two"),
        ("Na", "na"),
        ("Null", "null"),
        ("Md", "md"),
        ("J.", "j"),
        ("J R", "j r"),
        ("Elizabeth (Liz)", "elizabeth|liz"),
        ("Elizabeth \"Liz\"", "elizabeth|liz"),
        ("Elizabeth 'Liz' Ann", "elizabeth ann|liz"),
        ("Elizabeth known as Liz", "elizabeth|liz"),
        ("Elizabeth aka Liz", "elizabeth|liz"),
        ("(Liz)", "liz"),
        ("'Liz'", "liz"),
        ("D'Arcy", "darcy"),
        ("John (DECEASED)", "john"),
        ("ZZZJohn", "john"),
        ("J0hn", "john"),
        ("John2", "john"),
        ("John S/O Peter", "john"),
        ("Юрий", "iurii"),
        ("Mac", "mac"),
        ("Baby Rani", "rani"),
        ("elizabeth|liz", "elizabeth|liz"),
        ("Junior", "junior"),
    ] {
        let (out, verdict) = cleaned(raw, Part::Given);
        assert_eq!(out, canonical, "{raw}");
        assert!(!verdict.is_null);
    }
}

#[test]
fn family_names() {
    for (raw, canonical) in [
        ("O'Brien", "obrien"),
        ("O’Brien", "obrien"),
        ("O Brien", "obrien"),
        ("O' Brien", "obrien"),
        ("Ó Briain", "obriain"),
        ("0'Brien", "obrien"),
        ("OBRIEN", "obrien"),
        ("Mc Donald", "mcdonald"),
        ("Mac Donald", "macdonald"),
        ("Smith-Jones", "smith jones"),
        ("Smith,", "smith"),
        ("van der Berg", "van der berg"),
        ("Smith nee Brown", "smith|brown"),
        ("Patel (née Brown)", "patel|brown"),
        ("SMITH MR", "smith"),
        ("Smith Jr", "smith"),
        ("Count", "count"),
        ("Two", "two"),
        ("Baby", "baby"),
        ("Father", "father"),
        ("SMITH DO NOT USE", "smith"),
        ("SMITH (DUPLICATE)", "smith"),
        ("SMITH MERGED INTO 12345", "smith"),
        ("Ng", "ng"),
    ] {
        assert_eq!(cleaned(raw, Part::Family).0, canonical, "{raw}");
    }
    assert!(cleaned("Smith Jr", Part::Family).1.flags.has(Flags::SUFFIX_JUNIOR));
    assert!(cleaned("SMITH DO NOT USE", Part::Family).1.flags.has(Flags::DO_NOT_USE));
    assert!(cleaned("SMITH (DECEASED)", Part::Family).1.flags.has(Flags::DECEASED));
}

#[test]
fn babies_have_no_given_name() {
    for (raw, order) in [
        ("BABY OF JANE SMITH", None),
        ("Baby", None),
        ("BABY BOY", None),
        ("Baby Girl", None),
        ("MALE INFANT", None),
        ("Female", None),
        ("TWIN 1", Some(1)),
        ("TWIN TWO", Some(2)),
        ("Twin II", Some(2)),
        ("MALE TWIN 1", Some(1)),
        ("T2", Some(2)),
        ("B/O Jane", None),
        ("Twin 2 of Jane", Some(2)),
        ("girl of jane", None),
        ("Triplet 3", Some(3)),
    ] {
        let (out, verdict) = cleaned(raw, Part::Given);
        assert!(out.is_empty() && verdict.is_null && verdict.flags.has(Flags::BABY), "{raw} {out}");
        assert_eq!(verdict.flags.birth_order(), order, "{raw}");
        assert_eq!(verdict.reason, Some(Reason::Baby));
    }
}

#[test]
fn what_is_no_name_is_null() {
    for raw in [
        "-",
        ".",
        "Unknown",
        "UNKNOWN UNKNOWN",
        "N/K",
        "NK",
        "Not Known",
        "N/A",
        "NULL",
        "XX",
        "xxx",
        "ZZZ",
        "Mr",
        "TBC",
        "?",
        "123",
        "No Forename",
        "aaaa",
        "(unknown)",
        "TEST PATIENT",
        "DO NOT USE",
    ] {
        for part in [Part::Given, Part::Family] {
            let (out, verdict) = cleaned(raw, part);
            assert!(out.is_empty() && verdict.is_null && verdict.reason.is_some(), "{raw} {out}");
        }
    }
    assert!(cleaned("TEST PATIENT", Part::Given).1.flags.has(Flags::FILLER_PERSON));
    assert!(cleaned("ZZZTEST", Part::Family).1.flags.has(Flags::FILLER_PERSON));
    assert_eq!(cleaned("", Part::Given).1, Verdict::MISSING);
}

#[test]
fn people_who_do_not_exist() {
    for (given, family) in
        [("mickey", "mouse"), ("a n", "other"), ("joe", "bloggs"), ("test", "test"), ("anna", "zzztest")]
    {
        assert!(is_filler_person(given, family) && is_filler_family(family));
    }
    assert!(!is_filler_person("joe", "smith"));
    assert!(!is_filler_person("", ""));
    assert!(!is_filler_family("smith") && !is_filler_family(""));
    assert!(given_repeats_family("ali", "ali") && !given_repeats_family("", ""));
}

#[test]
fn full_names() {
    for (raw, given, middle, family) in [
        ("SMITH, John Paul", "john", "paul", "smith"),
        ("Smith, Mr John", "john", "", "smith"),
        ("Mr John Paul Smith", "john", "paul", "smith"),
        ("Anne-Marie Jane Smith", "anne marie", "jane", "smith"),
        ("John Smith", "john", "", "smith"),
        ("SMITH John", "john", "", "smith"),
        ("SMITH John P", "john", "p", "smith"),
        ("JOHN SMITH", "john", "", "smith"),
        ("Jan van der Berg", "jan", "", "van der berg"),
        ("O'Brien, Mary", "mary", "", "obrien"),
        ("Mary O Brien", "mary", "", "obrien"),
        ("Dame Diop", "dame", "", "diop"),
        ("Dame Judith Smith", "judith", "", "smith"),
        ("Elizabeth (Liz) Smith", "elizabeth|liz", "", "smith"),
        ("Anne Patel nee Brown", "anne", "", "patel|brown"),
        ("John Smith Jr", "john", "", "smith"),
        ("John Smith, Jr", "john", "", "smith"),
        ("John Smith,", "john", "", "smith"),
        ("Smith", "", "", "smith"),
        ("", "", "", ""),
        ("Unknown", "", "", ""),
        ("Baby Smith", "", "", "smith"),
    ] {
        let full = split_full(raw);
        assert_eq!((full.given.as_str(), full.middle.as_str(), full.family.as_str()), (given, middle, family), "{raw}");
    }
}

#[test]
fn a_cleaned_full_name_splits_into_the_same_parts() {
    for raw in
        ["Elizabeth (Liz) Ann Smith-Jones", "van der Berg, Jan", "Mr Smith-Jones", "Anne Patel nee Brown", "Plato"]
    {
        let mut once = String::new();
        clean_full(raw, &mut once);
        let (mut first, mut second) = (split_full(raw), split_full(&once));
        (first.flags, second.flags) = (Flags::NONE, Flags::NONE);
        (first.reason, second.reason) = (None, None);
        assert_eq!(first, second, "{raw} {once}");
    }
}

#[test]
fn names_as_people_read_them() {
    for (raw, part, shown) in [
        ("SMITH", Part::Family, Some("Smith")),
        ("o'brien", Part::Family, Some("O'Brien")),
        ("MCDONALD", Part::Family, Some("McDonald")),
        ("Mc Donald", Part::Family, Some("Mc Donald")),
        ("SMITH-JONES", Part::Family, Some("Smith-Jones")),
        ("VAN DER BERG", Part::Family, Some("Van der Berg")),
        ("MacLeod", Part::Family, Some("MacLeod")),
        ("Mr JOHN", Part::Given, Some("JOHN")),
        ("MR JOHN", Part::Given, Some("John")),
        ("ZOË", Part::Given, Some("Zoë")),
        ("Elizabeth (Liz)", Part::Given, Some("Elizabeth")),
        ("BABY OF JANE", Part::Given, None),
        ("Zoë O'BRIEN", Part::Family, Some("Zoë O'BRIEN")),
    ] {
        assert_eq!(display(raw, part).as_deref(), shown, "{raw}");
    }
}

#[test]
fn full_names_as_people_read_them() {
    for (raw, shown) in [
        ("O'BRIEN, ZOË ANN", ("Zoë", "Ann", "O'Brien")),
        ("Mr Jan van der Berg", ("Jan", "", "van der Berg")),
        ("Anne-Marie Smith", ("Anne-Marie", "", "Smith")),
        ("Unknown", ("", "", "")),
    ] {
        let (given, middle, family) = display_full(raw);
        assert_eq!((given.as_str(), middle.as_str(), family.as_str()), shown, "{raw}");
    }
}

#[test]
fn real_names_survive_the_rules() {
    for raw in [
        "Son",
        "Boy George",
        "Infanta",
        "May",
        "Rip",
        "Blank",
        "An",
        "One",
        "Duc",
        "Master",
        "Father",
        "Sister",
        "Mo",
        "Le",
        "O",
    ] {
        let (out, verdict) = cleaned(raw, Part::Given);
        assert_eq!(out, raw.to_lowercase());
        assert!(!verdict.is_null && verdict.flags.is_empty());
    }
    for raw in
        ["Boy", "Male", "Test", "Null", "Na", "Dame", "Junior", "Mc", "O", "King", "Prince", "Bishop", "Major", "Name"]
    {
        let (out, verdict) = cleaned(raw, Part::Family);
        assert_eq!(out, raw.to_lowercase());
        assert!(!verdict.is_null && verdict.flags.is_empty());
    }
}
