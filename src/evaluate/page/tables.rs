//! The tables of the page.

use super::super::shown::{chance, estimate, plain, points, share, thousands};
use super::super::{Bin, Blocking, Bounds, Cut, Grouping, Linking, Threshold, WithoutTruth};
use crate::summary::page::frame::{scrolling, section};
use maud::{Markup, html};

/// A table: its caption, the columns (all but the first hold figures), and rows of cells.
pub(super) fn table(caption: &str, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr {
                @for (at, words) in header.iter().enumerate() { @if at == 0 { th scope="col" { (words) } } @else { th.n scope="col" { (words) } } }
            } }
            tbody {
                @for row in rows {
                    tr { @for (at, cell) in row.iter().enumerate() { @if at == 0 { th scope="row" { (cell) } } @else { td.n { (cell) } } } }
                }
            }
        }
    }
}

pub(super) fn thresholds(points: &[Threshold]) -> Markup {
    let row = |point: &Threshold| {
        vec![
            format!("{:+.1}", point.bits),
            chance(point.probability),
            thousands(point.found),
            estimate(&point.precision),
            estimate(&point.recall),
            share(point.f1),
        ]
    };
    // Every second one: a step of one bit.
    let rows = points.iter().filter(|point| point.bits.fract() == 0.0).map(row);
    table("Pairs from each threshold on", &["Bits", "Probability", "Pairs", "Precision", "Recall", "F1"], rows)
}

pub(super) fn cuts(cuts: &[Cut]) -> Markup {
    let row = |cut: &Cut| {
        let own = if cut.of_the_run { " (the run’s)" } else { "" };
        vec![
            format!("{}{own}", chance(cut.probability)),
            estimate(&cut.pairs.precision),
            estimate(&cut.pairs.recall),
            share(cut.pairs.f1),
            share(Some(cut.b_cubed.precision)),
            share(Some(cut.b_cubed.recall)),
            share(cut.people.exact_share.value),
            thousands(cut.people.found),
        ]
    };
    let header =
        ["Cut", "Precision", "Recall", "F1", "B-cubed precision", "B-cubed recall", "People found whole", "People"];
    table("Clusters at every cut", &header, cuts.iter().map(row))
}

/// Ours beside published methods, whole and slice by slice.
pub(super) fn methods(methods: &[Linking]) -> Markup {
    let words = html! {
        p { "The same records linked by other published methods, measured alike. Where only one row stands, none was asked for with " code { "--method" } "." }
    };
    let row = |linking: &Linking| {
        vec![
            linking.name.clone(),
            estimate(&linking.pairs.precision),
            estimate(&linking.pairs.recall),
            share(linking.pairs.f1),
            share(Some(linking.b_cubed.f1)),
            share(linking.people.exact_share.value),
        ]
    };
    let header = ["Method", "Precision", "Recall", "F1", "B-cubed F1", "People found whole"];
    let slices = methods.iter().flat_map(|linking| {
        linking.slices.iter().map(|slice| {
            let pairs = &slice.pairs;
            vec![
                format!("{}, {}", slice.name, linking.name),
                thousands(pairs.truth),
                estimate(&pairs.precision),
                estimate(&pairs.recall),
            ]
        })
    });
    let mut slices: Vec<Vec<String>> = slices.collect();
    slices.sort_by(|a, b| a[0].split(',').next().cmp(&b[0].split(',').next()));
    let shows = html! {
        (scrolling("Methods", table("Methods on the same records", &header, methods.iter().map(row))))
        h3 { "Where records lack something" }
        (scrolling("Methods by slice", table("Pairs of which a record lacks something", &["Slice, method", "True pairs", "Precision", "Recall"], slices)))
        @for linking in methods.iter().filter(|linking| !linking.steps.is_empty()) {
            @let rows = linking.steps.iter().map(|(step, records)| vec![step.to_string(), thousands(*records)]);
            details { summary { "The steps of " (linking.name) } (scrolling(&format!("The steps of {}", linking.name),
                table(&format!("Records by the step of {} that decided them", linking.name), &["Step", "Records"], rows))) }
        }
    };
    section("methods", "Beside published methods", words, shows)
}

pub(super) fn calibration(bins: &[Bin]) -> Markup {
    let row = |bin: &Bin| {
        let said = bin.said.map_or("–".into(), |said| format!("{said:.4}"));
        vec![format!("{}–{}", bin.from, bin.to), thousands(bin.pairs), said, estimate(&bin.true_share)]
    };
    table("Pairs by probability", &["Probability", "Pairs", "Mean said", "Share that is right"], bins.iter().map(row))
}

pub(super) fn groups(grouping: &Grouping) -> Markup {
    let row = |group: &super::super::Group| {
        vec![
            format!("{}{}", plain(&group.name), if group.far_below { " (far below)" } else { "" }),
            thousands(group.records),
            thousands(group.truth),
            estimate(&group.precision),
            points(&group.precision_gap),
            estimate(&group.recall),
            points(&group.recall_gap),
        ]
    };
    let name = plain(&grouping.name);
    let header = [name.as_str(), "Records", "True pairs", "Precision", "Gap, points", "Recall", "Gap, points"];
    table(&format!("By {name}, from the {}", grouping.from), &header, grouping.groups.iter().map(row))
}

pub(super) fn blocking(blocking: &Blocking) -> Markup {
    let words = html! {
        p { "Only records that share something telling are compared. Blocking brought " (thousands(blocking.met)) " of "
            (thousands(blocking.truth)) " true pairs together (" (estimate(&blocking.met_share)) ")." }
        p { "Of the " (thousands(blocking.missed)) " it missed, " (thousands(blocking.found_anyhow)) " were found anyhow, through other records." }
    };
    let percent = |share: Option<f64>| share.map_or("–".into(), |share| format!("{:.1}\u{a0}%", share * 100.0));
    let row = |one: &super::super::Lacking| {
        let name = plain(&one.comparison);
        vec![name, thousands(one.missed), percent(one.share_of_missed), percent(one.share_of_truth)]
    };
    let header = ["Missing on a side", "Missed pairs", "Of the missed", "Of all true pairs"];
    let rows = table("What the missed pairs lack", &header, blocking.lacking.iter().map(row));
    section("blocking", "What blocking missed", words, scrolling("What the missed pairs lack", rows))
}

pub(super) fn estimates(estimates: &WithoutTruth) -> Markup {
    let expected = &estimates.expected;
    let words = html! { p { "Three views of the errors, none of which needs the truth. They agree where the model is calibrated." } };
    let row = |check: &super::super::Check| {
        let rate = &check.per_1000;
        let interval = match (rate.value, rate.low, rate.high) {
            (Some(value), Some(low), Some(high)) => format!("{value:.2} ({low:.2}–{high:.2})"),
            _ => "–".into(),
        };
        vec![check.words.to_string(), thousands(check.failed), thousands(check.able), interval]
    };
    let header = ["People with", "Failed", "Of", "Per 1,000"];
    let checks = table("Histories that cannot be", &header, estimates.checks.iter().map(row));
    let shows = html! {
        h3 { "By the model’s own probabilities" }
        p { "Of the " (thousands(expected.linked_pairs)) " pairs linked, " (thousands(expected.false_links.round() as u64))
            " are expected to be wrong (precision " (share(expected.precision)) "); of those compared and not linked, "
            (thousands(expected.missed_links.round() as u64)) " to be one person (recall " (share(expected.recall)) ")." }
        @if let Some(labelled) = &estimates.labelled {
            h3 { "By labels" }
            p { (labelled.yes) " labels say yes, " (labelled.no) " no, " (labelled.unsure) " unsure. Weighted by stratum of probability: false links "
                (bounds(&labelled.false_links)) ", missed links " (bounds(&labelled.missed_links)) "; precision " (estimate(&labelled.precision_estimate()))
                ", recall " (share(labelled.recall)) " of what was compared." }
            (scrolling("Labels by stratum", strata(labelled)))
        }
        h3 { "By what cannot be" }
        (scrolling("Histories that cannot be", checks))
        p.note { "Upper bounds: faults of the data count too. Best watched from run to run." }
    };
    section("estimates", "Without truth", words, shows)
}

fn strata(labelled: &super::super::Labelled) -> Markup {
    let row = |stratum: &super::super::Stratum| {
        let side = if stratum.linked { "linked" } else { "apart" };
        vec![
            format!("{}–{}, {side}", stratum.from, stratum.to),
            thousands(stratum.pairs),
            stratum.yes.to_string(),
            stratum.no.to_string(),
        ]
    };
    table("Labels by stratum", &["Probability", "Pairs", "Yes", "No"], labelled.strata.iter().map(row))
}

fn bounds(of: &Bounds) -> String {
    format!("{:.0} ({:.0}–{:.0})", of.pairs, of.low, of.high)
}
