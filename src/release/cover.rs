//! The cover sheet: one page in plain English, for whoever opens the folder and for whoever asks what was handed out.

use super::Manifest;
use crate::job::{Content, Identifiers, Purpose};
use crate::summary::page::frame::{self, Frame};
use maud::html;

/// A heading and what is said below it.
type Part = (&'static str, Vec<String>);

fn parts(manifest: &Manifest) -> Vec<Part> {
    vec![
        ("Who gets it, and why", who(manifest)),
        ("What is in it", what(manifest)),
        ("Who is not in it", left_out(manifest)),
        ("Who agreed", agreed(manifest)),
        ("What the recipient must not do", forbidden(manifest)),
    ]
}

fn who(manifest: &Manifest) -> Vec<String> {
    let mut said = vec![format!("{} gets this for {}.", manifest.recipient, purpose(manifest.purpose))];
    if let (Some(controller), Some(contract)) = (&manifest.controller, &manifest.contract) {
        said.push(format!("It works for {controller}, under the contract {contract}, and for nobody else with this."));
    }
    let basis = &manifest.legal_basis;
    said.push(format!(
        "The law: UK GDPR article {} and article {}; confidentiality: {}; agreement {}.",
        basis.article_6,
        basis.article_9,
        basis.confidentiality.word().replace('_', " "),
        basis.agreement
    ));
    said.push(format!(
        "It was made from run {} of {}, as things stood on {}.",
        manifest.run_id, manifest.job, manifest.as_of
    ));
    said.push(format!("It may be used until {}.", manifest.valid_until));
    said
}

fn what(manifest: &Manifest) -> Vec<String> {
    if manifest.content == Content::Summary {
        return vec![
            "Tables of counts. Small numbers are hidden and the others are rounded, so that nobody can be picked out."
                .into(),
        ];
    }
    let names = match manifest.identifiers {
        Identifiers::None => "Lines cannot be told apart by any number.",
        Identifiers::Pseudonym => {
            "Each person has a made-up number that only this release uses: it cannot be joined with any other release. It is still data about people."
        }
        Identifiers::NhsNumber => "Each person has their NHS number.",
    };
    let one = if manifest.content == Content::Crosswalk { "record" } else { "person" };
    let mut said = vec![
        format!("{} lines, one a {one}, with: {}.", manifest.lines, manifest.columns.join(", ").replace('_', " ")),
        names.to_string(),
    ];
    if manifest.content == Content::Crosswalk {
        said.push("It says which of the records that these keep themselves are of one person:".into());
        said.push(format!("{}. Nobody else's records are in it.", manifest.patients_of.join(", ")));
    } else if manifest.identifiers != Identifiers::NhsNumber {
        said.push("What could tell who somebody is was taken out wherever too few people share it.".into());
    }
    if let Some(cohort) = &manifest.cohort {
        said.push(format!("Only people who meet the rule \"{}\".", cohort.id));
    }
    if manifest.content != Content::Crosswalk && !manifest.patients_of.is_empty() {
        said.push(format!("Only people known to: {}.", manifest.patients_of.join(", ")));
    }
    said.push(match manifest.encrypted {
        true => "The files are encrypted: only the recipient can open them.".into(),
        false => "The files are not encrypted: hand them over on a protected way only.".into(),
    });
    said
}

fn left_out(manifest: &Manifest) -> Vec<String> {
    let mut said =
        vec!["Whoever asked the partnership not to use their records at all is in nothing that it makes.".to_string()];
    if manifest.content == Content::Summary {
        return said;
    }
    let people = |count: &str| match count {
        "*" => "A few people".to_string(),
        "0" => "No people".into(),
        count => format!("About {count} people"),
    };
    if let Some(count) = &manifest.left_out.national {
        said.push(format!(
            "{} are left out because they may not be used beyond care (national data opt-out).",
            people(count)
        ));
    }
    if let Some(count) = &manifest.left_out.type_1 {
        said.push(format!("{} are shown without anything from their GP (type 1 opt-out).", people(count)));
    }
    if let (Some(exemption), Some(reference)) = (manifest.national_exemption, &manifest.exemption_reference) {
        said.push(format!(
            "The national data opt-out does not apply here: {}, see {reference}.",
            exemption.word().replace('_', " ")
        ));
    }
    said
}

fn agreed(manifest: &Manifest) -> Vec<String> {
    let line = |approval: &super::manifest::Approved| {
        format!("{} ({}) on {}.", approval.who, approval.role.replace('_', " "), approval.date)
    };
    manifest.approvals.iter().map(line).collect()
}

fn forbidden(manifest: &Manifest) -> Vec<String> {
    let mut said = vec![
        format!("Use it for anything but {}.", purpose(manifest.purpose)),
        "Pass it on, sell it, or join it with other data about people, unless the agreement says so.".to_string(),
    ];
    if manifest.identifiers != Identifiers::NhsNumber {
        said.push("Try to find out who anybody is.".into());
    }
    said
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::DirectCare => "the care of these very people",
        Purpose::Safeguarding => "protecting people from harm",
        Purpose::StatutoryReturn => "a return that the law asks for",
        Purpose::Planning => "planning services",
        Purpose::Research => "research",
        Purpose::Audit => "checking the quality of care",
        Purpose::Commercial => "business",
    }
}

/// cover.md.
pub(super) fn markdown(manifest: &Manifest) -> String {
    let mut text = format!("# {}\n", manifest.release);
    for (heading, said) in parts(manifest) {
        text.push_str(&format!("\n## {heading}\n"));
        said.iter().for_each(|sentence| text.push_str(&format!("- {sentence}\n")));
    }
    text
}

/// cover.html: one file, no script, no request.
pub(super) fn html(manifest: &Manifest) -> String {
    let contents: [(&str, &str); 0] = [];
    let page = frame::document(&Frame {
        title: &format!("{}: what was handed out", manifest.release),
        own_style: "",
        skip_to: "Skip to the cover sheet",
        contents: &contents,
        banner: html! { header { h1 { "Release " (manifest.release) } p { "For " (manifest.recipient) } } },
        sections: html! {
            @for (heading, said) in parts(manifest) {
                section { div.words { h2 { (heading) } ul { @for sentence in said { li { (sentence) } } } } }
            }
        },
        footer: html! { p { "Definition " code { (manifest.definition) } ", onefolk " (manifest.onefolk) "." } },
    });
    page.into_string()
}
