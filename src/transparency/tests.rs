use super::*;
use crate::job::{Disclosure, PolicySettings};
use crate::policy::Refusal;
use crate::release::Fate;
use crate::summary::disclosure::{Control, Preset};
use crate::summary::rows_name;
use std::sync::LazyLock;

/// Tables tell counts as they are but for the smallest.
static EXACT: LazyLock<Control> = LazyLock::new(|| control(Disclosure::Ons5));
static HES: LazyLock<Control> = LazyLock::new(|| control(Disclosure::Hes));

fn control(disclosure: Disclosure) -> Control {
    Control::new(Preset::of(disclosure), &[1; 32])
}

/// The count of this name as `hes` prints it.
fn hes(name: &str, count: u64) -> String {
    HES.single(name, count).to_string()
}

/// A policy that makes nothing stricter.
static POLICY: LazyLock<PolicySettings> = LazyLock::new(PolicySettings::default);

fn told<'a>(releases: Vec<(&'a Release, &'a Outcome)>) -> Told<'a> {
    Told {
        job: "test",
        as_of: jiff::civil::date(2026, 11, 22),
        run_id: "2026-11-22-01",
        control: &EXACT,
        senders: vec![Sender { id: "hill", name: "Hill <Practice>", setting: Setting::GeneralPractice, records: 1234 }],
        people: 1003,
        releases,
        policy: &POLICY,
        local_rows: 3,
        local_people: 2,
        withheld_rows: 12,
        records_hidden: BTreeSet::new(),
        type_1: 0,
        national: 52,
        unproven: 0,
        doubt: Some(Doubt { people: 500, wrong: 1.4 }),
        doubt_of_groups: vec![
            GroupDoubt { group: "women".into(), doubt: Doubt { people: 400, wrong: 2.2 } },
            GroupDoubt { group: "children".into(), doubt: Doubt { people: 120, wrong: 0.01 } },
            GroupDoubt { group: "very few".into(), doubt: Doubt { people: 40, wrong: 2.0 } },
        ],
        before: None,
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
        issues_lost: Vec::new(),
        cohort: None,
    }
}

fn outcome(fate: Fate) -> Outcome {
    Outcome { id: "one".into(), recipient: "R".into(), purpose: "planning", definition: String::new(), fate }
}

fn released(lines: u64) -> Fate {
    Fate::Released { lines, files: Vec::new(), members: None, pseudonyms: None, issue: None }
}

#[test]
fn the_page_says_what_this_run_did_and_no_small_number() {
    let page = build(&told(Vec::new()));
    let counts = [
        format!("It found {} people", HES.whole_population(1003)),
        format!("Hill <Practice>, a GP practice: about {} records", hes(&rows_name("hill"), 1234)),
        format!("about {} people", hes("national", 52)),
    ];
    for said in counts.iter().map(String::as_str).chain([
        "a few records were taken out",
        "about 3 hold a record",
        "Of 1,000 women: about 6.",
        "Of 1,000 children: fewer than one.",
        "Twoje dane nie są sprzedawane.",
        "Nobody got anything from this run.",
        "No company got anything",
        "This is the first time.",
    ]) {
        assert!(page.markdown.contains(said), "{said} in\n{}", page.markdown);
    }
    assert!(page.html.contains("Hill &lt;Practice&gt;") && !page.html.contains("<script"));
    assert!(page.html.contains("default-src 'none'"));
    assert!(!page.markdown.contains("very few"), "of a group with few people nothing is told");
    assert!(page.html.contains("<div lang=\"ur\" dir=\"rtl\">"));
    // Both pictures, each in two sizes, say in words what they show.
    assert_eq!(page.html.matches("<svg").count(), 4);
    assert!(page.html.contains("3 of them filled") && page.html.contains("Nobody gets anything"));
    assert!(page.html.contains("<title") && page.html.contains("<desc"));
    // Whoever reads the Markdown, which has no pictures, is told what they show.
    for said in
        ["Where records come from and go to: 1 organisation sends", "Of a thousand people: A thousand small squares"]
    {
        assert!(page.markdown.contains(said), "{said} in\n{}", page.markdown);
    }
    assert!(
        page.markdown.contains("every look at names or numbers") && !page.markdown.contains("somebody's record and")
    );
}

#[test]
fn what_is_said_of_few_who_are_alike_is_what_was_done() {
    const TAKEN_OUT: &str = "alike, what a neighbour may know of them was taken out";
    const NOTHING: &str = "nothing was taken out where few people are alike";
    let made = outcome(released(100));
    let planning = |minimum_count| Release { minimum_count, ..release(crate::job::Purpose::Planning, "A council") };
    let named = Release {
        identifiers: crate::job::Identifiers::NhsNumber,
        ..release(crate::job::Purpose::DirectCare, "A practice")
    };
    let said = |releases: &[&Release], minimum_count| {
        let releases = releases.iter().map(|release| (*release, &made)).collect();
        let policy = PolicySettings { minimum_count, ..PolicySettings::default() };
        build(&Told { policy: &policy, ..told(releases) }).markdown
    };
    let (unsaid, one, ten) = (planning(None), planning(Some(1)), planning(Some(10)));
    for page in [said(&[&unsaid], None), said(&[&ten, &named], Some(1)), said(&[&one], Some(5))] {
        assert!(page.contains(TAKEN_OUT) && !page.contains("may find them there"), "{page}");
    }
    for page in [said(&[&one], None), said(&[&one], Some(1)), said(&[&one, &named], None)] {
        assert!(page.contains(NOTHING) && !page.contains(TAKEN_OUT), "{page}");
    }
    let mixed = said(&[&one, &ten], None);
    assert!(mixed.contains("but not in 1 of these 2 sets of records") && mixed.contains(TAKEN_OUT), "{mixed}");
    let nobody = said(&[&named], None);
    assert!(!nobody.contains(TAKEN_OUT) && !nobody.contains(NOTHING) && nobody.contains("Small numbers are hidden"));
}

#[test]
fn a_release_that_is_not_what_it_was_is_told_under_the_same_id() {
    let care = release(crate::job::Purpose::DirectCare, "A pharmacy");
    let made = Outcome { definition: "new".into(), ..outcome(released(100)) };
    let page = |definition: &str| {
        let before = Some(Before {
            released: BTreeSet::from(["one".to_string()]),
            senders: BTreeSet::from(["hill".to_string()]),
            refused: BTreeSet::new(),
            definitions: BTreeMap::from([("one".to_string(), definition.to_string())]),
        });
        build(&Told { before, ..told(vec![(&care, &made)]) }).markdown
    };
    let (same, changed) = ("The same as last time", "Changed: one. Its terms are not the same as last time.");
    assert!(page("new").contains(same) && !page("new").contains("Changed:"));
    assert!(page("old").contains(changed) && !page("old").contains(same));
}

/// The whole is told as it is too, here or in the tables.
#[test]
fn where_few_are_left_of_a_whole_its_part_is_not_told_exactly() {
    let care = release(crate::job::Purpose::DirectCare, "A practice");
    let page = |lines: u64, facts: Told| {
        let made = outcome(released(lines));
        build(&Told { releases: vec![(&care, &made)], ..facts }).markdown
    };
    let many = page(900, Told { local_rows: 900, local_people: 300, withheld_rows: 1000, ..told(Vec::new()) });
    let (rows, people, lines) = (hes("local_rows", 900), hes("local_people", 300), hes("one|lines", 900));
    for said in [
        format!("about {rows} records were taken out before anything was compared, of about {people} people"),
        format!("about {lines} people, without names"),
    ] {
        assert!(many.contains(&said), "{said} in\n{many}");
    }
    let hidden = BTreeSet::from(["hill".to_string()]);
    let few = Told { local_rows: 900, withheld_rows: 902, national: 1001, records_hidden: hidden, ..told(Vec::new()) };
    let few = page(1001, few);
    for said in [
        "To being here at all: some records were taken out",
        "(the national data opt-out): some people",
        "to care for these people: some people",
        "Hill <Practice>, a GP practice: some records",
    ] {
        assert!(few.contains(said), "{said} in\n{few}");
    }
    let nobody = page(900, Told { local_rows: 0, local_people: 0, ..told(Vec::new()) });
    assert!(nobody.contains("no records were taken out before anything was compared."), "{nobody}");
}

/// Numbers of people and of records that a page tells.
fn counts(page: &str) -> Vec<u64> {
    let words: Vec<&str> = page.split_whitespace().collect();
    let counted = |word: &str| ["people", "records", "own"].iter().any(|counted| word.starts_with(counted));
    let pairs = words.windows(2).filter(|pair| counted(pair[1]));
    pairs.filter_map(|pair| pair[0].replace(',', "").parse().ok()).collect()
}

/// There is a page every night: exact counts of two of them would tell who came and who went between them.
#[test]
fn no_exact_count_is_told_where_the_tables_are_exact() {
    let shared = release(crate::job::Purpose::Planning, "A council");
    let own = Release { content: crate::job::Content::Crosswalk, ..release(crate::job::Purpose::DirectCare, "A ward") };
    let page = |control: &Control, count: u64| {
        let made = outcome(released(count));
        let mut facts = told(vec![(&shared, &made), (&own, &made)]);
        facts.senders[0].records = count;
        let facts = Told { people: count + 1100, local_rows: count, local_people: count, ..facts };
        let withheld_rows = 2 * count + 20;
        build(&Told { control, type_1: count, national: count, withheld_rows, ..facts })
    };
    for count in (0..40).chain(2001..2011) {
        let rounded = page(&HES, count);
        // These two hide no zero, as hes hides none; the one below hides more than it, and still does.
        for disclosure in [Disclosure::Ons5, Disclosure::HesLegacy] {
            assert_eq!(page(&control(disclosure), count), rounded, "{count}");
        }
        let strict = page(&control(Disclosure::Tre10), count).markdown;
        let shown = counts(&strict);
        assert!(shown.iter().all(|shown| shown.is_multiple_of(5) && *shown >= 10), "{shown:?} in\n{strict}");
        assert!(shown.len() >= if count > 20 { 8 } else { 1 }, "{shown:?} in\n{strict}");
    }
}

/// Vowels in a row are a syllable, a last e is none: near enough for an average.
fn syllables(word: &str) -> usize {
    let is_vowel = |letter: char| "aeiouy".contains(letter.to_ascii_lowercase());
    let groups = word.split(|letter: char| !is_vowel(letter)).filter(|vowels| !vowels.is_empty()).count();
    let silent = word.ends_with('e') && !word.ends_with("le") && groups > 1;
    (groups - usize::from(silent)).max(1)
}

fn words_of(sentence: &str) -> Vec<&str> {
    let parts = sentence.split(|letter: char| !letter.is_alphabetic() && letter != '\'');
    parts.filter(|word| !word.is_empty()).collect()
}

/// How hard a text is to read.
struct Reading<'t> {
    sentences: Vec<Vec<&'t str>>,
    words: Vec<&'t str>,
}

impl Reading<'_> {
    fn of(text: &str) -> Reading<'_> {
        let sentences: Vec<Vec<&str>> = text
            .lines()
            .flat_map(|line| line.split_inclusive(['.', '?']))
            .map(words_of)
            .filter(|words| !words.is_empty())
            .collect();
        Reading { words: sentences.concat(), sentences }
    }

    fn of_words(&self, count: usize) -> f64 {
        count as f64 / self.words.len() as f64
    }

    /// Words a sentence.
    fn length(&self) -> f64 {
        self.words.len() as f64 / self.sentences.len() as f64
    }

    /// Flesch and Kincaid's; grade 7 is what is read at the age of twelve.
    fn grade(&self) -> f64 {
        let syllables = self.words.iter().map(|word| syllables(word)).sum();
        0.39 * self.length() + 11.8 * self.of_words(syllables) - 15.59
    }

    /// The share of words of more than three syllables.
    fn long(&self) -> f64 {
        self.of_words(self.words.iter().filter(|word| syllables(word) > 3).count())
    }

    fn longest(&self) -> &[&str] {
        self.sentences.iter().max_by_key(|words| words.len()).expect("there are some")
    }
}

/// A refusal by every rule of the policy, in its order.
fn refused_by_every_rule() -> Vec<Refusal> {
    let rules = crate::policy::built_in().rule.iter();
    rules.map(|rule| Refusal { rule: &rule.id, why: "of something that only specialists know".into() }).collect()
}

#[test]
fn the_page_is_read_by_whoever_reads_easy_texts() {
    let sale = release(crate::job::Purpose::Commercial, "A shop");
    let no =
        outcome(Fate::Refused { refusals: vec![Refusal { rule: "no_sale", why: "its purpose is commercial".into() }] });
    let every = outcome(Fate::Refused { refusals: refused_by_every_rule() });
    let care = release(crate::job::Purpose::DirectCare, "A practice");
    let tables = Release { content: crate::job::Content::Summary, ..release(crate::job::Purpose::Planning, "A town") };
    let yes = outcome(released(100));
    let facts = Told { unproven: 2, ..told(vec![(&sale, &no), (&care, &every), (&care, &yes), (&tables, &yes)]) };
    let page = build(&facts).markdown;
    let english = page.split("## In other languages").next().expect("a text has a beginning");
    let read = Reading::of(english);
    let (length, grade, long) = (read.length(), read.grade(), read.long());
    assert!(read.words.len() > 400, "{} words", read.words.len());
    assert!(
        length <= 13.0 && grade <= 7.0 && long <= 0.03,
        "{length:.1} words a sentence, grade {grade:.1}, {long:.3} long"
    );
    assert!(read.longest().len() <= 36, "{}", read.longest().join(" "));
}

/// Each for itself, so that no hard sentence hides among easy ones.
#[test]
fn every_refusal_is_told_in_words_that_everybody_reads() {
    for rule in &crate::policy::built_in().rule {
        let read = Reading::of(&rule.public);
        assert!(rule.public.ends_with('.') && read.words.len() >= 5, "{}: {}", rule.id, rule.public);
        let (grade, long) = (read.grade(), read.long());
        assert!(grade <= 7.0 && long <= 0.0, "{}: grade {grade:.1}, {long:.3} long: {}", rule.id, rule.public);
        assert!(read.longest().len() <= 24, "{}: {}", rule.id, rule.public);
        // Words of the job file are no plain words.
        assert!(!rule.public.contains(['_', '[', '(', ';']), "{}: {}", rule.id, rule.public);
    }
}

#[test]
fn a_refusal_is_told_in_plain_words_and_not_in_those_of_the_policy() {
    let asked = release(crate::job::Purpose::Planning, "A council");
    let refused = outcome(Fate::Refused { refusals: refused_by_every_rule() });
    let page = build(&told(vec![(&asked, &refused)]));
    for rule in &crate::policy::built_in().rule {
        assert!(page.markdown.contains(&rule.public), "{} in\n{}", rule.public, page.markdown);
        assert!(!page.markdown.contains(&rule.says) && !page.html.contains(&rule.says), "{}", rule.says);
    }
    assert!(!page.markdown.contains("only specialists know"));
    // What a job has added is told as such, without its words.
    let stricter = Refusal { rule: "stricter_here", why: "diabetes is among forbidden_columns".into() };
    let refused = outcome(Fate::Refused { refusals: vec![stricter] });
    let page = build(&told(vec![(&asked, &refused)])).markdown;
    assert!(
        page.contains("A council wanted records and got nothing. The people in charge here have made rules"),
        "{page}"
    );
    assert!(!page.contains("forbidden_columns"));
}

#[test]
fn small_numbers_that_could_be_worked_out_are_owned_up_to_where_tables_left() {
    let tables =
        Release { content: crate::job::Content::Summary, ..release(crate::job::Purpose::Planning, "A council") };
    let made = outcome(released(9));
    let not_made = outcome(Fate::Refused { refusals: Vec::new() });
    let page = |outcome: &Outcome, unproven: u64| build(&Told { unproven, ..told(vec![(&tables, outcome)]) }).markdown;
    assert!(page(&made, 1).contains("One small number in the tables of this run could be worked out"));
    assert!(page(&made, 18).contains("18 small numbers in the tables of this run could be worked out"));
    for (outcome, unproven) in [(&made, 0), (&not_made, 18)] {
        assert!(!page(outcome, unproven).contains("could be worked out"));
    }
}

#[test]
fn what_only_waits_is_not_told_as_a_request_that_should_not_have_been_made() {
    let tables =
        Release { content: crate::job::Content::Summary, ..release(crate::job::Purpose::Planning, "A council") };
    let refusal = |rule| Refusal { rule, why: "something".into() };
    let page = |rules: &[&'static str]| {
        let refused = outcome(Fate::Refused { refusals: rules.iter().copied().map(refusal).collect() });
        build(&told(vec![(&tables, &refused)])).markdown
    };
    for rules in [&["approved"][..], &["earlier_issues_known", "approved"]] {
        assert!(page(rules).contains("A council waits for tables and got nothing yet."));
    }
    assert!(page(&["approved", "not_expired"]).contains("A council wanted tables and got nothing."));
}

#[test]
fn what_is_refused_and_what_a_company_gets_is_said() {
    let sale = release(crate::job::Purpose::Commercial, "An insurer");
    let no =
        outcome(Fate::Refused { refusals: vec![Refusal { rule: "no_sale", why: "its purpose is commercial".into() }] });
    let care = release(crate::job::Purpose::DirectCare, "A pharmacy");
    let yes = outcome(released(100));
    let mut facts = told(vec![(&sale, &no), (&care, &yes)]);
    facts.before = Some(Before {
        released: BTreeSet::from(["old".to_string()]),
        senders: BTreeSet::from(["gone".to_string()]),
        refused: BTreeSet::new(),
        definitions: BTreeMap::new(),
    });
    let page = build(&facts).markdown;
    for said in [
        "One such request stood in the settings of this run. It was refused.",
        "An insurer wanted records and got nothing. Nothing is handed out to make money.",
        "A pharmacy got records of people whom it cares for itself.",
        "Handed out anew: one.",
        "Refused for the first time: one.",
        "Sends records now: Hill <Practice>.",
        "Sends none any more: gone.",
        "Not handed out any more, or not due: old.",
    ] {
        assert!(page.contains(said), "{said} in\n{page}");
    }
    let lines = format!("A pharmacy, to care for these people: about {} people", hes("one|lines", 100));
    assert!(page.contains(&lines), "{lines} in\n{page}");
    assert!(!page.contains("No company got anything"));
}
