//! `evaluation.html`: the evaluation as one page, in the manner of the run's report. It holds exact counts by what people are like and
//! errors one by one, so it is the controller's own.

mod curve;
mod dots;
mod errors;
mod reliability;
mod scale;
mod tables;

use super::shown::{estimate, share, signed, thousands};
use super::{AgainstTruth, Evaluation};
use crate::summary::page::frame::{self, Frame, figure, scrolling, section};
use maud::{Markup, html};

const STYLE: &str = include_str!("style.css");

/// The bytes of the page.
pub(super) fn render(evaluation: &Evaluation) -> String {
    let truth = evaluation.truth.as_ref();
    let mut contents = Vec::new();
    if truth.is_some() {
        contents.extend([
            ("thresholds", "Thresholds"),
            ("cuts", "Cuts"),
            ("methods", "Methods"),
            ("calibration", "Calibration"),
            ("groups", "For whom"),
            ("blocking", "What blocking missed"),
            ("errors", "Errors"),
        ]);
    }
    if evaluation.estimates.is_some() {
        contents.push(("estimates", "Without truth"));
    }
    contents.push(("reading", "How to read this"));
    let page = frame::document(&Frame {
        title: &format!("{}: evaluation of run {}", evaluation.job, evaluation.run_id),
        own_style: STYLE,
        skip_to: "Skip to the evaluation",
        contents: &contents,
        banner: banner(evaluation),
        sections: html! {
            @if let Some(truth) = truth { (against_truth(truth)) }
            @if let Some(estimates) = &evaluation.estimates { (tables::estimates(estimates)) }
            (reading())
        },
        footer: html! { p { "Run " (evaluation.run_id) " of " (evaluation.job) ", evaluated by onefolk " (env!("CARGO_PKG_VERSION")) "." } },
    });
    page.into_string()
}

fn banner(evaluation: &Evaluation) -> Markup {
    let card = |words: &str, value: String, note: String| {
        html! { div.card { dt { (words) } dd { strong { (value) } span { (note) } } } }
    };
    html! {
        header.banner {
            div.inside {
                p.eyebrow { (evaluation.job) " · run " (evaluation.run_id) }
                h1 { "How right the " strong { "linkage" } " is" }
                p.lede { "What was published, held against what is known to be true; for whom it works less well; and which errors teach most." }
                p.warning { "For the controller only. Counts by what people are like are exact here, so this page must not leave; "
                    "the file may be read by its owner alone." }
                dl.cards {
                    @match (&evaluation.published, &evaluation.estimates) {
                        (Some(published), _) => {
                            @let measures = &published.measures;
                            (card("Precision", share(measures.pairs.precision.value), format!("of {} linked pairs", thousands(measures.pairs.found))))
                            (card("Recall", share(measures.pairs.recall.value), format!("of {} true pairs", thousands(measures.pairs.truth))))
                            (card("F1", share(measures.pairs.f1), format!("B-cubed {}", share(Some(measures.b_cubed.f1)))))
                            (card("People found whole", share(measures.people.exact_share.value), format!("of {} true people", thousands(measures.people.truth))))
                        },
                        (None, Some(estimates)) => {
                            @let expected = &estimates.expected;
                            (card("Expected precision", share(expected.precision), format!("of {} linked pairs", thousands(expected.linked_pairs))))
                            (card("Expected recall", share(expected.recall), "of the pairs that were compared".into()))
                            (card("People", thousands(expected.people), "found in the run".into()))
                        },
                        (None, None) => {},
                    }
                }
            }
        }
    }
}

fn against_truth(truth: &AgainstTruth) -> Markup {
    html! {
        (thresholds(truth))
        (cuts(truth))
        (tables::methods(&truth.methods))
        (calibration(truth))
        (groups(truth))
        (tables::blocking(&truth.blocking))
        (errors::errors(&truth.mistakes))
    }
}

fn thresholds(truth: &AgainstTruth) -> Markup {
    let cut = truth.cuts.iter().find(|cut| cut.of_the_run).map_or(0.5, |cut| cut.probability);
    let off = (truth.expected_pairs / truth.true_pairs.max(1) as f64 - 1.0) * 100.0;
    let words = html! {
        @if !truth.as_published {
            p.warning { "The records read now do not give the people that were published: extracts, lists or the job have changed. "
                "Everything below is about the records as they are now." }
        }
        p { "What linking every pair from a threshold on would be worth, pair by pair and without clusters. Clusters do better, as several records speak for each other." }
        p { "There are " (thousands(truth.true_pairs)) " true pairs; the model expects " (thousands(truth.expected_pairs.round() as u64))
            " (" (signed(off)) "\u{a0}%)." }
    };
    let shows = html! {
        (figure("threshold-curve", &curve::curve(&truth.thresholds, cut), tables::thresholds(&truth.thresholds)))
        (curve::legend())
    };
    section("thresholds", "Pairs at every threshold", words, shows)
}

fn cuts(truth: &AgainstTruth) -> Markup {
    let whole = &truth.whole;
    let words = html! {
        p { "The people that another cut of the average link would have given. A higher " code { "false_link_cost" } " raises the cut." }
        p { "At the run’s own cut, with intervals that draw whole people: precision " (estimate(&whole.precision)) ", recall " (estimate(&whole.recall))
            ", F1 " (estimate(&whole.f1)) "." }
    };
    section("cuts", "Clusters at every cut", words, scrolling("Measures by cut", tables::cuts(&truth.cuts)))
}

fn calibration(truth: &AgainstTruth) -> Markup {
    let words = html! {
        p { "Pairs to which the model gives about the same probability, and the share of them that is right. Lines: what was said. Dots: what is true, with 95\u{a0}% intervals." }
        p.note { "Pairs below 0.05 are not kept by linking." }
    };
    let picture = reliability::reliability(&truth.calibration);
    section(
        "calibration",
        "Are the probabilities true?",
        words,
        figure("reliability", &picture, tables::calibration(&truth.calibration)),
    )
}

fn groups(truth: &AgainstTruth) -> Markup {
    let words = html! {
        p { "Pairs of which at least one record is the group’s. Where the truth file says what the true person is like, that decides; otherwise what the record says." }
        p { "The dashed line is the whole. A dot of the other colour marks a group that is, for certain, more than one point below it." }
    };
    let shows = html! {
        @for grouping in &truth.groupings {
            (figure(&format!("by-{}", anchor(&grouping.name)), &dots::dots(grouping, &truth.whole), tables::groups(grouping)))
        }
    };
    section("groups", "For whom it works", words, shows)
}

/// A name of a column of the truth file as a part of an id.
fn anchor(name: &str) -> String {
    name.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("-{byte:02x}") })
        .collect()
}

fn reading() -> Markup {
    let shows = html! {
        ul.plain {
            li { strong { "Precision" } ": of the pairs that were linked, those that are one person. " strong { "Recall" } ": of the pairs that are one person, those that were linked. "
                strong { "F1" } ": their harmonic mean." }
            li { strong { "B-cubed" } ": the same two asked record by record, so that people with many records do not outweigh the others." }
            li { strong { "Intervals" } " are 95\u{a0}%. Pairs of one person stand or fall together, so true people are drawn again and again (a Poisson bootstrap, 400 draws); "
                "Wilson’s interval is taken where it is wider, because drawing again knows nothing of errors that did not happen." }
            li { strong { "Records" } " are counted once each, however many rows they have." }
        }
    };
    section("reading", "How to read this", html! { p { "What the figures mean, and what they assume." } }, shows)
}
