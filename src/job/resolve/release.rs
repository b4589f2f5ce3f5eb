//! `[[opt_out]]` beyond local objections, `[policy]`, `[[approver]]` and `[[release]]`.

use super::super::Cohort;
use super::super::problem::Problem;
use super::super::reading::{self, Placed, Section};
use super::super::release::{
    Approver, CohortOf, Confidentiality, Content, Disclosure, Exemption, Identifiers, LegalBasis, NationalList, OptOut,
    PolicySettings, Purpose, RecipientKind, Release,
};
use super::Resolver;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::path::Path;

impl Resolver<'_> {
    /// `[[opt_out]]` of the kinds type_1 and national.
    pub(super) fn opt_outs(&mut self, root: &Section) -> Vec<OptOut> {
        let mut found = Vec::new();
        for section in root.sections("opt_out") {
            let kind = section.text("kind").map(|kind| kind.text).unwrap_or_default();
            if kind != "national" {
                for key in ["list", "checked_on", "valid_days"] {
                    self.only_where(&section, key, false, "kind = \"national\"");
                }
            }
            match kind.as_str() {
                "type_1" => found.push(OptOut::Type1 { files: self.files_of(&section) }),
                "national" => found.extend(self.national(&section)),
                _ => {}
            }
        }
        found
    }

    fn national(&mut self, section: &Section) -> Option<OptOut> {
        let Some(list) = section.text("list") else {
            self.report(
                Problem::new(section.span.clone(), "A national opt-out needs `list`", "which list is it?")
                    .help("\"allowed\" where the files hold the numbers that may be used, \"refused\" where they hold those that may not"),
            );
            return None;
        };
        let list = if list.text == "allowed" { NationalList::Allowed } else { NationalList::Refused };
        let files = self.files_of(section);
        let Some(checked_on) = section.value("checked_on").and_then(reading::date) else {
            self.report(
                Problem::new(section.span.clone(), "A national opt-out needs `checked_on`", "when was it checked?")
                    .help("The day on which the national service answered: an old answer is not used"),
            );
            return None;
        };
        let valid_days = section.whole("valid_days").and_then(|days| u32::try_from(days).ok()).unwrap_or(21);
        Some(OptOut::National { files, list, checked_on, valid_days })
    }

    pub(super) fn policy(&mut self, root: &Section) -> PolicySettings {
        let default_file = self.folder.join("approvals.csv");
        let Some(section) = root.section("policy") else {
            return PolicySettings { approvals_file: default_file, ..PolicySettings::default() };
        };
        let texts = |key: &str| section.texts(key).into_iter().map(|placed| placed.text).collect::<Vec<_>>();
        let whole = section.whole("minimum_count").and_then(|count| u32::try_from(count).ok());
        PolicySettings {
            approvals_file: section.text("approvals_file").map_or(default_file, |file| self.folder.join(file.text)),
            governance_lead_key: section.text("governance_lead_key").and_then(|file| self.named_file(&file)),
            release_key_file: section.text("release_key_file").and_then(|file| self.named_file(&file)),
            approvals: texts("approvals"),
            minimum_count: whole,
            encryption: section.flag("encryption").unwrap_or(false),
            forbidden_purposes: self.words_of(&section, "forbidden_purposes", Purpose::from_word, Purpose::WORDS),
            forbidden_recipients: self.words_of(
                &section,
                "forbidden_recipients",
                RecipientKind::from_word,
                RecipientKind::WORDS,
            ),
            forbidden_columns: texts("forbidden_columns"),
        }
    }

    fn words_of<T>(&mut self, section: &Section, key: &str, read: fn(&str) -> Option<T>, known: &[&str]) -> Vec<T> {
        let mut found = Vec::new();
        for word in section.texts(key) {
            match read(&word.text) {
                Some(value) => found.push(value),
                None => self.report(
                    Problem::new(word.span, format!("`{key}` does not know this word"), "not known")
                        .help(format!("It takes {}", known.join(", "))),
                ),
            }
        }
        found
    }

    pub(super) fn approvers(&mut self, root: &Section) -> Vec<Approver> {
        let text = |section: &Section, key: &str| section.text(key).map(|placed| placed.text).unwrap_or_default();
        root.sections("approver")
            .iter()
            .map(|section| Approver {
                name: text(section, "name"),
                role: text(section, "role"),
                key: section.text("key").and_then(|file| self.named_file(&file)),
            })
            .collect()
    }

    pub(super) fn releases(
        &mut self,
        root: &Section,
        providers: &[super::Provider],
        cohorts: &[Cohort],
        policy: &PolicySettings,
    ) -> Vec<Release> {
        let mut ids = BTreeSet::new();
        let roles: BTreeSet<String> =
            root.sections("approver").iter().filter_map(|section| section.text("role")).map(|role| role.text).collect();
        let sections = root.sections("release");
        let secret_before = self.is_there(&policy.release_key_before(&self.output));
        let mut found = Vec::new();
        for section in &sections {
            let Some(mut release) = self.release(section) else { continue };
            release.cohort = self.cohort_of(section, cohorts);
            self.check_release(section, &release, &roles, providers);
            self.check_overlap(section, &release, secret_before);
            if !ids.insert(release.id.clone()) {
                self.report(Problem::new(section.key_span("id"), "Two releases have one id", "used before"));
            }
            found.push(release);
        }
        found
    }

    /// `None` where a required key is missing or wrong, which has been reported.
    fn release(&mut self, section: &Section) -> Option<Release> {
        let text = |key: &str| section.text(key).map(|placed| placed.text);
        let texts = |key: &str| section.texts(key).into_iter().map(|placed| placed.text).collect::<Vec<_>>();
        let word = |key: &str| section.text(key).map(|placed| placed.text);
        let number = |key: &str| section.whole(key).and_then(|count| u32::try_from(count).ok());
        let content = word("content").and_then(|word| Content::from_word(&word))?;
        let identifiers = word("identifiers").and_then(|word| Identifiers::from_word(&word));
        let issued_on = self.dates_of(section, "issued_on");
        Some(Release {
            id: text("id")?,
            recipient: text("recipient")?,
            recipient_kind: word("recipient_kind").and_then(|word| RecipientKind::from_word(&word))?,
            purpose: word("purpose").and_then(|word| Purpose::from_word(&word))?,
            legal_basis: legal_basis(&section.section("legal_basis")?)?,
            content,
            columns: texts("columns"),
            identifiers: identifiers.unwrap_or(Identifiers::None),
            minimum_count: number("minimum_count"),
            valid_until: section.value("valid_until").and_then(reading::date)?.to_string(),
            approvals: texts("approvals"),
            encrypt_to: texts("encrypt_to"),
            patients_of: texts("patients_of"),
            controller: text("controller"),
            contract: text("contract"),
            national_exemption: word("national_exemption").and_then(|word| Exemption::from_word(&word)),
            exemption_reference: text("exemption_reference"),
            pseudonym_generation: number("pseudonym_generation").unwrap_or(1),
            overlap: section.flag("overlap").unwrap_or(false),
            issued_on,
            issues_lost: texts("issues_lost"),
            cohort: None,
        })
    }

    fn cohort_of(&mut self, section: &Section, cohorts: &[Cohort]) -> Option<CohortOf> {
        let named = section.text("cohort")?;
        let found = cohorts.iter().find(|cohort| cohort.id == named.text);
        if found.is_none() {
            let known: Vec<&str> = cohorts.iter().map(|cohort| cohort.id.as_str()).collect();
            self.report(
                Problem::new(named.span, "No [[cohort]] has this id", "not known")
                    .help(format!("Cohorts of this job: {}", known.join(", "))),
            );
        }
        found.map(|cohort| CohortOf { id: cohort.id.clone(), definition: cohort.definition_hash() })
    }

    fn dates_of(&mut self, section: &Section, key: &str) -> Vec<String> {
        let mut dates: Vec<Date> = Vec::new();
        for Placed { text, span } in section.texts(key) {
            match text.parse() {
                Ok(date) => dates.push(date),
                Err(_) => {
                    self.report(Problem::new(span, format!("`{key}` takes dates such as \"2026-11-22\""), "no date"))
                }
            }
        }
        dates.sort_unstable();
        dates.dedup();
        dates.iter().map(ToString::to_string).collect()
    }

    /// What needs more than one key.
    fn check_release(
        &mut self,
        section: &Section,
        release: &Release,
        roles: &BTreeSet<String>,
        providers: &[super::Provider],
    ) {
        self.check_content(section, release);
        if !super::provider::is_id(&release.id) {
            self.report(
                Problem::new(section.key_span("id"), "This is no id of a release", "not an id")
                    .help("Lower-case letters, digits and hyphens: it names a folder"),
            );
        }
        for role in section.texts("approvals").iter().filter(|role| !roles.contains(&role.text)) {
            self.report(
                Problem::new(role.span.clone(), "No [[approver]] has this role", "nobody could agree")
                    .help(format!("Roles of this job: {}", roles.iter().cloned().collect::<Vec<_>>().join(", "))),
            );
        }
        for id in section.texts("patients_of").iter().filter(|id| !providers.iter().any(|known| known.id == id.text)) {
            self.report(Problem::new(id.span.clone(), "No [[provider]] has this id", "not known"));
        }
        for key in section.texts("encrypt_to").iter().filter(|key| key.text.parse::<age::x25519::Recipient>().is_err())
        {
            self.report(
                Problem::new(key.span.clone(), "This is no age recipient", "not a public key").help(
                    "A recipient of `age-keygen` begins with age1; never write an AGE-SECRET-KEY into a job file",
                ),
            );
        }
    }

    fn is_there(&self, path: &Path) -> bool {
        let found = path.to_str().map(|path| self.surroundings.files(self.folder, path));
        found.is_some_and(|found| found.is_ok_and(|found| !found.is_empty()))
    }

    /// A table between the pseudonyms of two generations, or of two secrets.
    fn check_overlap(&mut self, section: &Section, release: &Release, secret_before: bool) {
        if release.overlap && release.pseudonym_generation < 2 && !secret_before {
            self.report(
                Problem::new(
                    section.key_span("overlap"),
                    "There are no pseudonyms before these: no generation before the first, and no secret before this one",
                    "nothing to overlap",
                )
                .help("Raise pseudonym_generation to 2 with it, or make a new secret first: `onefolk keys rotate JOB`"),
            );
        }
        if release.overlap && release.encrypt_to.is_empty() {
            self.report(
                Problem::new(
                    section.key_span("overlap"),
                    "A table from old pseudonyms to new ones is for its recipient alone",
                    "open without `encrypt_to`",
                )
                .help("Name the recipient's age key with encrypt_to"),
            );
        }
    }

    /// Keys that one content needs and another has no use for.
    fn check_content(&mut self, section: &Section, release: &Release) {
        let [people, crosswalk, cohort, tables] =
            [Content::People, Content::Crosswalk, Content::Cohort, Content::Summary]
                .map(|content| release.content == content);
        for key in ["columns", "minimum_count"] {
            self.only_where(section, key, people || cohort, "content = \"people\" or \"cohort\"");
        }
        self.only_where(section, "cohort", cohort, "content = \"cohort\"");
        for key in ["identifiers", "encrypt_to", "patients_of", "pseudonym_generation", "overlap"] {
            self.only_where(section, key, !tables, "lines about people");
        }
        for key in ["issued_on", "issues_lost"] {
            self.only_where(section, key, tables, "content = \"summary\"");
        }
        let needs = |needed: bool, key: &'static str| (needed && section.value(key).is_none()).then_some(key);
        let missing = [
            needs(people || cohort, "columns"),
            needs(cohort, "cohort"),
            needs(crosswalk, "patients_of"),
            needs(crosswalk, "identifiers"),
            needs(tables, "issued_on"),
            needs(release.national_exemption.is_some(), "exemption_reference"),
        ];
        for key in missing.into_iter().flatten() {
            self.report(Problem::new(section.span.clone(), format!("This release needs `{key}`"), "missing"));
        }
        if crosswalk && release.identifiers == Identifiers::None && section.value("identifiers").is_some() {
            self.report(
                Problem::new(
                    section.key_span("identifiers"),
                    "A crosswalk to nobody says nothing",
                    "not for this content",
                )
                .help("pseudonym, or nhs_number"),
            );
        }
    }

    fn only_where(&mut self, section: &Section, key: &str, holds: bool, place: &str) {
        if !holds && section.value(key).is_some() {
            self.report(
                Problem::new(section.key_span(key), format!("`{key}` belongs to {place} only"), "does not belong here")
                    .help("Remove it"),
            );
        }
    }
}

pub(super) fn disclosure(root: &Section) -> Disclosure {
    let word = root.section("policy").and_then(|policy| policy.text("disclosure"));
    word.and_then(|word| Disclosure::from_word(&word.text)).unwrap_or(Disclosure::BUILT_IN)
}

fn legal_basis(section: &Section) -> Option<LegalBasis> {
    let text = |key: &str| section.text(key).map(|placed| placed.text);
    Some(LegalBasis {
        article_6: text("article_6")?,
        article_9: text("article_9")?,
        confidentiality: Confidentiality::from_word(&text("confidentiality")?)?,
        agreement: text("agreement")?,
    })
}
