use super::*;
use crate::policy::Refusal;
use crate::release::Fate;

fn told<'a>(releases: Vec<(&'a Release, &'a Outcome)>) -> Told<'a> {
    Told {
        job: "test",
        as_of: jiff::civil::date(2026, 11, 22),
        run_id: "2026-11-22-01",
        senders: vec![Sender { name: "Hill <Practice>", setting: Setting::GeneralPractice, records: 1234 }],
        people: 1003,
        releases,
        local_rows: 3,
        type_1: 0,
        national: 52,
        doubt: Some(Doubt { people: 500, wrong: 1.4 }),
        released_before: None,
    }
}

fn release(purpose: crate::job::Purpose, recipient: &str) -> Release {
    Release {
        id: "one".into(),
        recipient: recipient.into(),
        recipient_kind: crate::job::RecipientKind::Company,
        purpose,
        legal_basis: crate::job::LegalBasis {
            article_6: "6(1)(e)".into(),
            article_9: "9(2)(h)".into(),
            confidentiality: crate::job::Confidentiality::Section251,
            agreement: "A".into(),
        },
        content: crate::job::Content::People,
        columns: vec!["age_band".into()],
        identifiers: crate::job::Identifiers::Pseudonym,
        minimum_count: None,
        valid_until: "2027-03-31".into(),
        approvals: Vec::new(),
        encrypt_to: Vec::new(),
        patients_of: Vec::new(),
        controller: None,
        contract: None,
        national_exemption: None,
        exemption_reference: None,
        pseudonym_generation: 1,
        overlap: false,
        issued_on: Vec::new(),
    }
}

fn outcome(fate: Fate) -> Outcome {
    Outcome { id: "one".into(), recipient: "R".into(), purpose: "planning", definition: String::new(), fate }
}

#[test]
fn the_page_says_what_this_run_did_and_no_small_number() {
    let page = build(&told(Vec::new()));
    for said in [
        "It found 1,003 people",
        "Hill <Practice>, a GP practice: about 1,235 records",
        "a few (fewer than 8) records were taken out",
        "about 50 people",
        "about 3 hold a record",
        "Nobody got anything from this run.",
        "No company got anything",
        "This is the first time.",
    ] {
        assert!(page.markdown.contains(said), "{said} in\n{}", page.markdown);
    }
    assert!(page.html.contains("Hill &lt;Practice&gt;") && !page.html.contains("<script"));
    assert!(page.html.contains("default-src 'none'"));
}

#[test]
fn what_is_refused_and_what_a_company_gets_is_said() {
    let sale = release(crate::job::Purpose::Commercial, "An insurer");
    let no =
        outcome(Fate::Refused { refusals: vec![Refusal { rule: "no_sale", why: "its purpose is commercial".into() }] });
    let care = release(crate::job::Purpose::DirectCare, "A pharmacy");
    let yes = outcome(Fate::Released { lines: 100, files: Vec::new(), members: None, issue: None });
    let mut facts = told(vec![(&sale, &no), (&care, &yes)]);
    facts.released_before = Some(BTreeSet::from(["old".to_string()]));
    let page = build(&facts).markdown;
    for said in [
        "One such request stood in the settings of this run. It was refused.",
        "An insurer wanted records and got nothing. Nothing is released for commercial purposes.",
        "A pharmacy got records of people whom it cares for itself.",
        "A pharmacy, to care for these people: about 100 people",
        "New: one.",
        "Not handed out any more, or not due: old.",
    ] {
        assert!(page.contains(said), "{said} in\n{page}");
    }
    assert!(!page.contains("No company got anything"));
}
