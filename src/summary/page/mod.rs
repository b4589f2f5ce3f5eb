//! `report.html`: one file, no script, no request, one style sheet whose hash the page's own policy names.

mod people;
mod providers;
mod trust;

use super::disclosure::Shown;
use super::figures::{Figures, Group};
use super::pictures::Picture;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// The sections in reading order: anchor, heading in the contents.
const CONTENTS: [(&str, &str); 9] = [
    ("age-and-sex", "Age and sex"),
    ("places", "Places"),
    ("ethnicity", "Ethnicity"),
    ("settings", "Services"),
    ("overlap", "Shared people"),
    ("quality", "Data quality"),
    ("accounts", "Every row"),
    ("linkage", "How it was linked"),
    ("privacy", "Privacy"),
];

pub(super) fn render(figures: &Figures) -> Markup {
    let title = format!("{}: population report, {}", figures.job, day(figures.as_of));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(STYLE.as_bytes()))
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
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the report" }
                (banner(figures))
                nav.contents aria-label="Contents" {
                    ol { @for (anchor, words) in CONTENTS { li { a href=(format!("#{anchor}")) { (words) } } } }
                }
                main #main tabindex="-1" {
                    (people::sections(figures))
                    (providers::sections(figures))
                    (trust::sections(figures))
                }
                footer {
                    p { "Run " (figures.run_id) " of " (figures.job) ", by onefolk " (env!("CARGO_PKG_VERSION")) ". "
                        "The same figures stand as tables in the folder " code { "summary" } ", explained in " code { "dictionary.csv" } "." }
                }
            }
        }
    }
}

fn banner(figures: &Figures) -> Markup {
    let settings = figures.settings.rows.len();
    let card = |words: &str, shown: Shown, note: &str| {
        html! { div.card { dt { (words) } dd { strong { (shown) } span { (note) } } } }
    };
    html! {
        header.banner {
            div.inside {
                p.eyebrow { (figures.job) " · " (day(figures.as_of)) }
                h1 { strong { (figures.people) } " people, seen by " (plural(figures.providers.len(), "provider", "providers")) }
                p.lede {
                    "Records of the same person were found across " (plural(settings, "kind of service", "kinds of service"))
                    " and put together, so that each person counts once."
                }
                dl.cards {
                    (card("Records linked", figures.accounts.linked, "rows that belong to somebody"))
                    (card("Duplicates removed", figures.accounts.duplicates, "records beyond each person’s first"))
                    (card("Set aside", figures.accounts.quarantined, "rows that could not be used"))
                    (card("Withheld", figures.accounts.withheld, "rows of people who objected, or that may not be linked"))
                }
            }
        }
    }
}

/// A section: what it says in words beside what it shows.
fn section(anchor: &str, heading: &str, words: Markup, shows: Markup) -> Markup {
    let heading_id = format!("{anchor}-heading");
    html! {
        section id=(anchor) aria-labelledby=(heading_id) {
            div.words { h2 id=(heading_id) { (heading) } (words) }
            div.shows { (shows) }
        }
    }
}

/// A picture with its table folded below.
fn figure(id: &str, picture: &Picture, table: Markup) -> Markup {
    html! {
        figure id=(id) { (picture.render(id)) }
        details { summary { "The figures: " (picture.title) } (scrolling(&picture.title, table)) }
    }
}

/// Wide tables scroll on their own, by keyboard too.
fn scrolling(label: &str, table: Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (table) } }
}

/// A table of labels and people.
fn group_table<'g>(caption: &str, first: &str, groups: impl IntoIterator<Item = &'g Group>) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr { th scope="col" { (first) } th.n scope="col" { "People" } } }
            tbody { @for group in groups { tr { th scope="row" { (group.label) } (count_cell(group.people)) } } }
        }
    }
}

fn count_cell(shown: Shown) -> Markup {
    html! { td.n { (shown) } }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// "22 November 2026".
fn day(date: jiff::civil::Date) -> String {
    date.strftime("%-d %B %Y").to_string()
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
