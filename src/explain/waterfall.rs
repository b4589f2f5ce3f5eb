//! A pair as a waterfall: from any two records, field by field, to what they weigh and the cut; as a picture too.

use super::PairExplained;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::summary::pictures::{fitted, line, number, rectangle, text};
use maud::{Markup, PreEscaped, html};
use std::path::Path;

/// One fall or rise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step<'a> {
    pub name: String,
    /// What agreed, in words.
    pub words: String,
    /// Absent where it is not shown.
    pub bits: f64,
    /// The sum so far.
    pub total: f64,
    pub values: Option<&'a [String; 2]>,
}

impl PairExplained {
    /// From the prior to what the pair counts; the total of the step before guards is the published weight.
    pub(super) fn steps(&self) -> Vec<Step<'_>> {
        let mut steps = vec![Step {
            name: "any two records".into(),
            words: String::new(),
            bits: self.prior_bits,
            total: self.prior_bits,
            values: None,
        }];
        let mut total = self.prior_bits;
        for line in &self.fields {
            total += line.bits;
            let words = line.agreement.clone();
            steps.push(Step { name: line.field.clone(), words, bits: line.bits, total, values: line.values.as_ref() });
        }
        let mut more = |name: &str, words: &str, bits: f64| {
            total += bits;
            steps.push(Step { name: name.into(), words: words.into(), bits, total, values: None });
        };
        more("related strangers", "", self.correction_bits);
        if let Some(context) = &self.context {
            more("other records", &context.words, context.bits);
        }
        if self.taken_bits > 0.0 {
            more("guards", self.guard.unwrap_or("one provider sends one record a person"), -self.taken_bits);
        }
        steps
    }

    /// The waterfall as an SVG picture: one file that asks nothing of any other place, light and dark. Values stand in it only where the
    /// explanation shows them.
    pub fn svg(&self) -> String {
        draw(self).into_string()
    }

    /// Writes [`PairExplained::svg`] to a new file for its owner only (0600).
    ///
    /// # Errors
    /// Where the file exists or cannot be written.
    pub fn write_svg(&self, path: &Path) -> Result<()> {
        disk::write_file(path, self.svg().as_bytes()).map_err(|error| Failure::of_new_file(&error, path))
    }
}

/// Where bits stand along a line of `length`; zero and the cut are always on it.
pub(super) struct Scale {
    from: f64,
    to: f64,
    length: f64,
}

impl Scale {
    pub fn of(steps: &[Step], cut: f64, length: f64) -> Scale {
        let all = || steps.iter().map(|step| step.total).chain([0.0, cut]);
        let (from, to) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        Scale { from, to: to.max(from + 1.0), length }
    }

    pub fn at(&self, bits: f64) -> f64 {
        (bits - self.from) / (self.to - self.from) * self.length
    }
}

const STYLE: &str = "svg{font:15px system-ui,sans-serif;background:#fff}text{fill:#1c2430}.small{font-size:13px;fill:#56606e}\
    .end{text-anchor:end}.for{fill:#2a6f97}.against{fill:#b4532a}.grid{stroke:#d5dae1}\
    .cut{stroke:#1c2430;stroke-dasharray:5 4}.bold{font-weight:600}\
    @media(prefers-color-scheme:dark){svg{background:#12161c}text,.bold{fill:#e8ecf1}.small{fill:#a5afbc}.for{fill:#6cb4dc}\
    .against{fill:#ec9468}.grid{stroke:#323a45}.cut{stroke:#e8ecf1}}";

const WIDTH: f64 = 900.0;
const ROW: f64 = 44.0;
const TOP: f64 = 92.0;
const NAMES: f64 = 330.0;
const RIGHT: f64 = 150.0;

fn draw(pair: &PairExplained) -> Markup {
    let steps = pair.steps();
    let with_values = steps.iter().any(|step| step.values.is_some());
    let row = if with_values { ROW + 18.0 } else { ROW };
    let bottom = TOP + row * steps.len() as f64;
    let height = bottom + 56.0;
    let scale = Scale::of(&steps, pair.cut_bits, WIDTH - NAMES - RIGHT);
    let x = |bits: f64| NAMES + scale.at(bits);
    let verdict = if pair.outcome.same_person { "One person" } else { "Two people" };
    let weight = format!("{verdict}: the pair has {:+.1} bits, and the cut is {:.1}.", pair.weight_bits, pair.cut_bits);
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {} {}", number(WIDTH), number(height)))
            width=(number(WIDTH)) height=(number(height)) role="img" aria-labelledby="title description" {
            title id="title" { "Why two records are, or are not, one person" }
            desc id="description" { (weight) " " (described(&steps)) }
            style { (PreEscaped(STYLE)) }
            (text("bold", 20.0, 34.0, &weight))
            (text("small", 20.0, 58.0, &format!("Run {}. One bit doubles the odds.", pair.run_id)))
            (line("grid", (x(0.0), TOP - 8.0), (x(0.0), bottom)))
            (line("cut", (x(pair.cut_bits), TOP - 8.0), (x(pair.cut_bits), bottom)))
            @for (at, step) in steps.iter().enumerate() {
                @let before = if at == 0 { 0.0 } else { steps[at - 1].total };
                (bar(step, before, TOP + row * at as f64, &x))
            }
            (text("small", x(pair.cut_bits).min(WIDTH - RIGHT) - 10.0, bottom + 24.0, &format!("the cut, {:.1}", pair.cut_bits)))
        }
    }
}

fn bar(step: &Step, before: f64, top: f64, x: &impl Fn(f64) -> f64) -> Markup {
    let (low, high) = (before.min(step.total), before.max(step.total));
    let class = if step.bits < 0.0 { "against" } else { "for" };
    let bits = format!("{:+.1}", step.bits);
    html! {
        (text("", 20.0, top + 16.0, &fitted(&step.name, NAMES - 40.0, 15.0)))
        (text("small", 20.0, top + 34.0, &fitted(&step.words, NAMES - 30.0, 13.0)))
        @if let Some([left, right]) = step.values {
            (text("small", 20.0, top + 52.0, &fitted(&format!("{left} | {right}"), WIDTH - 40.0, 13.0)))
        }
        (rectangle(class, x(low), top + 4.0, (x(high) - x(low)).max(1.5), 22.0))
        (text("end", WIDTH - 82.0, top + 20.0, &bits))
        (text("small end", WIDTH - 20.0, top + 20.0, &format!("{:+.1}", step.total)))
    }
}

/// All steps in words, for whoever cannot see the picture.
fn described(steps: &[Step]) -> String {
    let words = |step: &Step| match step.words.is_empty() {
        true => format!("{}: {:+.1} bits.", step.name, step.bits),
        false => format!("{} ({}): {:+.1} bits.", step.name, step.words, step.bits),
    };
    steps.iter().map(words).collect::<Vec<_>>().join(" ")
}
