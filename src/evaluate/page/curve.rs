//! Precision, recall and F1 over all thresholds of single pairs.

use super::scale::{Shares, percent};
use crate::evaluate::{Estimate, Threshold};
use crate::model::{UNITS_PER_BIT, weight_of};
use crate::summary::pictures::{Drawing, Picture, line, number, text};
use maud::{Markup, html};

const LEFT: f64 = 58.0;
const TOP: f64 = 12.0;
const BELOW: f64 = 46.0;
/// Thresholds at which less of the best recall than this is left teach nothing; near the run's cut they are shown in any case.
const RECALL_LEFT: f64 = 0.8;
const NEAR_CUT_BITS: f64 = 6.0;

pub(super) fn curve(points: &[Threshold], cut: f64) -> Picture {
    let recall = |point: &Threshold| point.recall.value.unwrap_or(0.0);
    let most = points.first().map_or(0.0, recall);
    let worth = |point: &&Threshold| {
        point.found > 0 && (recall(point) >= most * RECALL_LEFT || point.bits <= bits_of(cut) + NEAR_CUT_BITS)
    };
    let points: Vec<&Threshold> = points.iter().filter(worth).collect();
    let best = points.iter().max_by(|a, b| a.f1.unwrap_or(0.0).total_cmp(&b.f1.unwrap_or(0.0)));
    let description = best.map_or(String::new(), |best| {
        format!(
            "Three lines over the threshold in bits. Precision rises and recall falls with it; F1 is highest, {}, from {:.1} bits on.",
            percent(best.f1.unwrap_or(0.0)),
            best.bits
        )
    });
    Picture {
        sizes: vec![("wide-medium", draw(&points, cut, 860.0, 340.0)), ("narrow", draw(&points, cut, 350.0, 300.0))],
        title: "Precision, recall and F1 by threshold".into(),
        description,
    }
}

fn draw(points: &[&Threshold], cut: f64, width: f64, height: f64) -> Drawing {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Drawing { width, height: 1.0, body: html! {} };
    };
    let right = width - 16.0;
    let (from, to) = (first.bits, last.bits.max(first.bits + 1.0));
    let x = |bits: f64| LEFT + (bits.clamp(from, to) - from) / (to - from) * (right - LEFT);
    let lowest = points.iter().flat_map(|point| [point.precision.value, point.recall.value, point.f1]).flatten();
    let plot = height - TOP - BELOW;
    let scale = Shares::down_to(lowest.fold(1.0, f64::min), plot);
    let y = |share: f64| TOP + plot - scale.at(share);
    let path = |of: &dyn Fn(&Threshold) -> Option<f64>| {
        let at = |point: &&Threshold| of(point).map(|share| format!("{},{}", number(x(point.bits)), number(y(share))));
        points.iter().filter_map(at).collect::<Vec<_>>().join(" ")
    };
    let value = |estimate: &Estimate| estimate.value;
    let cut_bits = bits_of(cut);
    let body = html! {
        @for tick in scale.ticks() {
            (line("grid", (LEFT, y(tick)), (right, y(tick))))
            (text("tick end", LEFT - 8.0, y(tick) + 4.5, &percent(tick)))
        }
        (ticks_of_bits(from, to, if width > 500.0 { 5.0 } else { 10.0 }, &x, TOP + plot))
        @if (from..=to).contains(&cut_bits) {
            (line("mark", (x(cut_bits), TOP), (x(cut_bits), TOP + plot)))
            (text("tick", x(cut_bits) + 5.0, TOP + plot - 8.0, "the run’s cut"))
        }
        polyline.curve.curve-p points=(path(&|point| value(&point.precision))) {}
        polyline.curve.curve-r points=(path(&|point| value(&point.recall))) {}
        polyline.curve.curve-f points=(path(&|point| point.f1)) {}
        (text("tick middle", (LEFT + right) / 2.0, height - 6.0, "threshold in bits"))
    };
    Drawing { width, height, body }
}

fn bits_of(probability: f64) -> f64 {
    weight_of(probability) as f64 / UNITS_PER_BIT
}

fn ticks_of_bits(from: f64, to: f64, step: f64, x: &dyn Fn(f64) -> f64, base: f64) -> Markup {
    let first = (from / step).ceil() as i64;
    let last = (to / step).floor() as i64;
    html! {
        (line("axis", (x(from), base), (x(to), base)))
        @for at in first..=last {
            @let bits = at as f64 * step;
            (line("axis", (x(bits), base), (x(bits), base + 4.0)))
            (text("tick middle", x(bits), base + 19.0, &if at == 0 { "0".to_string() } else { format!("{bits:+}") }))
        }
    }
}

/// Which line is which: by dashes too, not by colour alone.
pub(super) fn legend() -> Markup {
    html! {
        p.note { "Solid: precision. Long dashes: recall. Dots: F1. A pair at 0 bits is as likely one person as two; each bit doubles the odds, "
            "so that +10 bits are a probability of 0.999." }
    }
}
