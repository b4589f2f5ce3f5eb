//! The reliability diagram: what was said, and what turned out to be right.

use super::scale::percent;
use crate::evaluate::Bin;
use crate::summary::pictures::scale::short;
use crate::summary::pictures::{Drawing, Picture, line, number, text};
use maud::html;

const TOP: f64 = 12.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const BELOW: f64 = 62.0;

pub(super) fn reliability(bins: &[Bin]) -> Picture {
    let furthest = bins.iter().filter_map(|bin| Some((bin, bin.said? - bin.true_share.value?)));
    let furthest = furthest.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let description = furthest.map_or("No pairs were kept.".into(), |(bin, _)| {
        format!(
            "For each band of probability a line at what was said and a dot at the share that is right. Furthest apart from {} to {}.",
            percent(bin.from),
            percent(bin.to)
        )
    });
    Picture {
        sizes: vec![("wide-medium", draw(bins, 860.0, 340.0)), ("narrow", draw(bins, 350.0, 320.0))],
        title: "What was said and what was right".into(),
        description,
    }
}

fn draw(bins: &[Bin], width: f64, height: f64) -> Drawing {
    let plot = height - TOP - BELOW;
    let y = |share: f64| TOP + plot * (1.0 - share);
    let step = (width - LEFT - RIGHT) / bins.len().max(1) as f64;
    let wide = width > 500.0;
    let body = html! {
        @for tick in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
            (line("grid", (LEFT, y(tick)), (width - RIGHT, y(tick))))
            (text("tick end", LEFT - 8.0, y(tick) + 4.5, &percent(tick)))
        }
        @for (at, bin) in bins.iter().enumerate() {
            @let x = LEFT + (at as f64 + 0.5) * step;
            @if let Some(said) = bin.said { (line("said", (x - step * 0.36, y(said)), (x + step * 0.36, y(said)))) }
            @if let (Some(right), Some(low), Some(high)) = (bin.true_share.value, bin.true_share.low, bin.true_share.high) {
                (line("interval", (x, y(low)), (x, y(high))))
                circle.dot cx=(number(x)) cy=(number(y(right))) r="5" {}
            }
            @if wide || at % 3 == 0 {
                (text("tick middle", x, TOP + plot + 19.0, &format!("{}", bin.from)))
            }
            @if wide { (text("tick middle", x, TOP + plot + 37.0, &short(bin.pairs))) }
        }
        (text("tick middle", (LEFT + width) / 2.0, height - 6.0,
            if wide { "probability said, from; below it the number of pairs" } else { "probability said, from" }))
    };
    Drawing { width, height, body }
}
