//! The page in HTML and in Markdown.

use super::{Part, Told, terms};
use crate::summary::page::frame::{self, Frame, section};
use maud::{Markup, html};

/// Anchor and heading of the sentences in other languages.
const TERMS: (&str, &str) = ("languages", "In other languages");

pub(super) fn html(told: &Told, parts: &[Part]) -> String {
    let contents: Vec<(&str, &str)> = parts.iter().map(|part| (part.anchor, part.heading)).chain([TERMS]).collect();
    let page = frame::document(&Frame {
        title: &format!("{}: what happens with people's records", told.job),
        own_style: "",
        skip_to: "Skip to the page",
        contents: &contents,
        banner: frame::banner(
            &format!("{} · {}", told.job, told.as_of),
            "What happens with people's records",
            "Who sent them, who gets what and why, what was refused, and how often a mistake is made.",
        ),
        sections: html! {
            @for part in parts {
                // What is to be read stands where there is room for it.
                (section(part.anchor, part.heading, html! {}, html! {
                    @for sentence in &part.sentences { p { (sentence) } }
                    @if let Some(picture) = &part.picture { figure { (picture.render(part.anchor)) } }
                    @if !part.points.is_empty() { ul { @for point in &part.points { li { (point) } } } }
                }))
            }
            (section(TERMS.0, TERMS.1, html! {}, languages()))
        },
        footer: html! { p { "Run " (told.run_id) ", by onefolk " (env!("CARGO_PKG_VERSION")) "." } },
    });
    page.into_string()
}

pub(super) fn markdown(told: &Told, parts: &[Part]) -> String {
    let mut text =
        format!("# What happens with people's records\n\n{}, {}, run {}\n", told.job, told.as_of, told.run_id);
    for part in parts {
        text.push_str(&format!("\n## {}\n", part.heading));
        part.sentences.iter().for_each(|sentence| text.push_str(&format!("{sentence}\n\n")));
        // What the picture shows, for whoever has no picture.
        let picture = part.picture.iter();
        picture.for_each(|picture| text.push_str(&format!("{}: {}\n\n", picture.title, picture.description)));
        part.points.iter().for_each(|point| text.push_str(&format!("- {point}\n")));
    }
    text.push_str(&format!("\n## {}\n", TERMS.1));
    for language in terms::said() {
        text.push_str(&format!("- {}: {}\n", language.name, language.sentences.join(" · ")));
    }
    text
}

/// Each in its language and direction, so that a screen reader speaks it right.
fn languages() -> Markup {
    html! {
        @for said in terms::said() {
            div lang=(said.tag) dir=(if said.right_to_left { "rtl" } else { "ltr" }) {
                h3 { (said.name) }
                ul { @for sentence in &said.sentences { li { (sentence) } } }
            }
        }
    }
}
