//! What every page has: one file, no script, no request, one style sheet whose hash the page's own policy names.

use crate::summary::pictures::Picture;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// The parts of a page.
pub(crate) struct Frame<'a> {
    pub title: &'a str,
    /// Rules beyond the common style sheet.
    pub own_style: &'a str,
    /// What the skip link says.
    pub skip_to: &'a str,
    /// Anchor and words of each section, in reading order.
    pub contents: &'a [(&'a str, &'a str)],
    pub banner: Markup,
    pub sections: Markup,
    pub footer: Markup,
}

pub(crate) fn document(frame: &Frame) -> Markup {
    let style = format!("{STYLE}{}", frame.own_style);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(style.as_bytes()))
    );
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content="onefolk";
                title { (frame.title) }
                style { (PreEscaped(&style)) }
            }
            body {
                a.skip href="#main" { (frame.skip_to) }
                (frame.banner)
                nav.contents aria-label="Contents" {
                    ol { @for (anchor, words) in frame.contents { li { a href=(format!("#{anchor}")) { (words) } } } }
                }
                main #main tabindex="-1" { (frame.sections) }
                footer { (frame.footer) }
            }
        }
    }
}

/// The head of a page that has no figures of its own there.
pub(crate) fn banner(eyebrow: &str, heading: &str, lede: &str) -> Markup {
    html! {
        header.banner { div.inside { p.eyebrow { (eyebrow) } h1 { (heading) } p.lede { (lede) } } }
    }
}

/// A section: what it says in words beside what it shows.
pub(crate) fn section(anchor: &str, heading: &str, words: Markup, shows: Markup) -> Markup {
    let heading_id = format!("{anchor}-heading");
    html! {
        section id=(anchor) aria-labelledby=(heading_id) {
            div.words { h2 id=(heading_id) { (heading) } (words) }
            div.shows { (shows) }
        }
    }
}

/// A picture with its table folded below.
pub(crate) fn figure(id: &str, picture: &Picture, table: Markup) -> Markup {
    html! {
        figure id=(id) { (picture.render(id)) }
        details { summary { "The figures: " (picture.title) } (scrolling(&picture.title, table)) }
    }
}

/// Wide tables scroll on their own, by keyboard too.
pub(crate) fn scrolling(label: &str, table: Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (table) } }
}

/// Standard alphabet, padded: for the hash of the style sheet.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize] as char;
            out.push(if place <= three.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_of_the_rfc_4648_examples() {
        let encode = |text: &str| super::base64(text.as_bytes());
        assert_eq!([encode("f"), encode("fo"), encode("foo"), encode("foob")], ["Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }
}
