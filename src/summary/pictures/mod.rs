//! SVG drawn here; the pictures of a summary from shown figures only. Every picture comes wide and narrow, so that its letters stay readable on a telephone;
//! the style sheet shows one of them. Colours are classes: light, dark and print are the style sheet's business.

mod bars;
mod lines;
mod matrix;
mod pyramid;
pub(crate) mod scale;
mod tiles;
mod upset;

pub(super) use bars::{bars, described_bars, rates, sums};
pub(super) use lines::{Series, lines};
pub(super) use matrix::matrix;
pub(super) use pyramid::pyramid;
pub(super) use scale::{separated, shade};
pub(super) use tiles::tiles;
pub(super) use upset::upset;

use maud::{Markup, html};

/// A picture in its sizes. Exactly one is displayed.
pub(crate) struct Picture {
    /// Style class of a size ("wide", "medium", "narrow", or "wide-medium" for both) and the drawing for it.
    pub sizes: Vec<(&'static str, Drawing)>,
    /// Names the picture to a screen reader.
    pub title: String,
    /// What a sighted reader sees at a glance, in a sentence.
    pub description: String,
}

pub(crate) struct Drawing {
    pub width: f64,
    pub height: f64,
    pub body: Markup,
}

impl Picture {
    /// `id` is unique on the page.
    pub fn render(&self, id: &str) -> Markup {
        html! {
            @for (size, drawing) in &self.sizes {
                @let title_id = format!("{id}-{size}-title");
                @let description_id = format!("{id}-{size}-description");
                svg class=(size) viewBox=(format!("0 0 {} {}", number(drawing.width), number(drawing.height)))
                    width=(number(drawing.width)) height=(number(drawing.height))
                    role="img" aria-labelledby=(format!("{title_id} {description_id}")) {
                    title id=(title_id) { (self.title) }
                    desc id=(description_id) { (self.description) }
                    (drawing.body)
                }
            }
        }
    }
}

/// A coordinate with at most one decimal: short, and the same everywhere.
pub(crate) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    if rounded == 0.0 { "0".into() } else { format!("{rounded}") }
}

pub(crate) fn rectangle(class: &str, x: f64, y: f64, width: f64, height: f64) -> Markup {
    html! { rect class=(class) x=(number(x)) y=(number(y)) width=(number(width)) height=(number(height)) rx="2" {} }
}

pub(crate) fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> Markup {
    html! { line class=(class) x1=(number(from.0)) y1=(number(from.1)) x2=(number(to.0)) y2=(number(to.1)) {} }
}

pub(crate) fn text(class: &str, x: f64, y: f64, words: &str) -> Markup {
    html! { text class=(class) x=(number(x)) y=(number(y)) { (words) } }
}

/// Cut to about `width` at a letter size of `size`, with an ellipsis.
pub(crate) fn fitted(words: &str, width: f64, size: f64) -> String {
    let most = (width / (size * 0.54)).max(1.0) as usize;
    if words.chars().count() <= most {
        return words.into();
    }
    words.chars().take(most.saturating_sub(1)).collect::<String>().trim_end().to_string() + "…"
}
