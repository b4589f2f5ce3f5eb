//! The page in HTML and in Markdown.

use super::{Part, Told};
use crate::summary::page::frame::{self, Frame, section};
use maud::html;

pub(super) fn html(told: &Told, parts: &[Part]) -> String {
    let contents: Vec<(&str, &str)> = parts.iter().map(|part| (part.anchor, part.heading)).collect();
    let page = frame::document(&Frame {
        title: &format!("{}: what happens with people's records", told.job),
        own_style: "",
        skip_to: "Skip to the page",
        contents: &contents,
        banner: html! { header { h1 { "What happens with people's records" } p { (told.job) ", " (told.as_of) } } },
        sections: html! {
            @for part in parts {
                (section(part.anchor, part.heading, html! { @for sentence in &part.sentences { p { (sentence) } } }, html! {
                    @if !part.points.is_empty() { ul { @for point in &part.points { li { (point) } } } }
                }))
            }
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
        part.points.iter().for_each(|point| text.push_str(&format!("- {point}\n")));
    }
    text
}
