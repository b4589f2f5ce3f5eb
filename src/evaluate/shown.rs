//! An evaluation as text for people: what matters first, each part a few lines, the rest in JSON and on the page.

use super::mistakes::{Kind, Mistake};
use super::{AgainstTruth, Estimate, Evaluation, Group, Grouping, Linking, Pairs, Published, WithoutTruth};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::fmt::{Display, Formatter, Result};

/// Errors of each kind that a terminal shows.
const MISTAKES: usize = 3;
/// Groups of one kind beyond which only the worst are shown.
const GROUPS: usize = 8;
/// A group of fewer true pairs says too little for a line.
const TRUE_PAIRS_MIN: u64 = 100;

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec()).set_content_arrangement(ContentArrangement::Dynamic);
    (1..header.len()).for_each(|at| {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    });
    table
}

impl Display for Evaluation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(published) = &self.published {
            write!(f, "Run {} of {}, as published\n\n{published}", self.run_id, self.job)?;
        } else {
            writeln!(f, "Run {} of {}", self.run_id, self.job)?;
        }
        if let Some(truth) = &self.truth {
            write!(f, "{truth}")?;
        }
        if let Some(estimates) = &self.estimates {
            write!(f, "{estimates}")?;
        }
        Ok(())
    }
}

impl Display for Published {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let measures = &self.measures;
        let mut table = table(&["", "precision", "recall", "F1"]);
        table.add_row(of_pairs("pairs of records", &measures.pairs));
        let b = &measures.b_cubed;
        table.add_row(["records (B-cubed)".into(), share(Some(b.precision)), share(Some(b.recall)), share(Some(b.f1))]);
        writeln!(f, "{}\n", table.trim_fmt())?;
        let people = &measures.people;
        writeln!(
            f,
            "{} people found, {} in truth; {} of them found with exactly their records ({}).",
            thousands(people.found),
            thousands(people.truth),
            thousands(people.exact),
            estimate(&people.exact_share)
        )?;
        writeln!(f, "Measured on {} records that both know. {}", thousands(self.records), self.intervals)?;
        self.left_out(f)
    }
}

impl Published {
    /// What the figures do not cover.
    fn left_out(&self, f: &mut Formatter<'_>) -> Result {
        let absent = &self.absent;
        let mut line = |records: u64, words: &str| match records {
            0 => Ok(()),
            _ => writeln!(f, "{} records {words}", thousands(records)),
        };
        line(absent.withheld, "of the truth are withheld: not measured")?;
        line(absent.quarantined_or_not_sent, "of the truth are in quarantine or in no extract: not measured")?;
        line(self.ambiguous, "belong to more than one person in the truth: not measured")?;
        line(self.torn, "have rows with more than one person in the run: the first row's person counts")?;
        line(self.unknown, "of the run are not in the truth: not measured")?;
        if absent.withheld + absent.quarantined_or_not_sent > 0 {
            writeln!(f, "With absent records counted as missed, recall is {}.", estimate(&self.recall_with_absent))?;
        }
        Ok(())
    }
}

impl Display for AgainstTruth {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if !self.as_published {
            writeln!(
                f,
                "\nThe records read now do not give the people that were published: extracts, lists or job have changed. \
                 What follows is about the records as they are now."
            )?;
        }
        let whole = &self.whole;
        writeln!(f, "\nWith intervals that draw true people instead of pairs")?;
        writeln!(
            f,
            "precision {}, recall {}, F1 {}",
            estimate(&whole.precision),
            estimate(&whole.recall),
            estimate(&whole.f1)
        )?;
        let off = (self.expected_pairs / self.true_pairs.max(1) as f64 - 1.0) * 100.0;
        writeln!(
            f,
            "\nTrue pairs: {}. The model expects {}: {} %.",
            thousands(self.true_pairs),
            thousands(self.expected_pairs.round() as u64),
            signed(off)
        )?;
        if self.methods.len() > 1 {
            writeln!(f, "\nBeside published methods, on the same records\n{}", shown_methods(&self.methods))?;
        }
        self.thresholds_and_cuts(f)?;
        self.blocking(f)?;
        writeln!(
            f,
            "\nFor whom it works: gap to the whole in points, with 95 % intervals; ! is more than one point below for certain"
        )?;
        self.groupings.iter().try_for_each(|grouping| write!(f, "{}", shown_groups(grouping)))?;
        self.errors(f)
    }
}

impl AgainstTruth {
    fn thresholds_and_cuts(&self, f: &mut Formatter<'_>) -> Result {
        let mut table = table(&["cut", "precision", "recall", "F1", "B-cubed F1", "exact people"]);
        for cut in &self.cuts {
            let mark = if cut.of_the_run { " (the run's)" } else { "" };
            table.add_row([
                format!("{}{mark}", chance(cut.probability)),
                share(cut.pairs.precision.value),
                share(cut.pairs.recall.value),
                share(cut.pairs.f1),
                share(Some(cut.b_cubed.f1)),
                share(cut.people.exact_share.value),
            ]);
        }
        writeln!(f, "\nClusters at every cut\n{}", table.trim_fmt())?;
        if let Some(best) = &self.best_threshold {
            writeln!(
                f,
                "\nPair by pair, without clusters, F1 would be {} at best: pairs from {:+.1} bits on.",
                share(best.f1),
                best.bits
            )?;
        }
        let said: Vec<String> = self
            .calibration
            .iter()
            .filter_map(|bin| Some((bin.said?, bin.true_share.value?, bin.pairs)))
            .map(|(said, right, pairs)| format!("{said:.3} → {right:.3} ({})", thousands(pairs)))
            .collect();
        writeln!(f, "\nCalibration: probability said → share that is right (pairs)\n  {}", said.join("\n  "))
    }

    fn blocking(&self, f: &mut Formatter<'_>) -> Result {
        let blocking = &self.blocking;
        writeln!(
            f,
            "\nBlocking brought {} of {} true pairs together ({}). Of the {} it missed, {} were found anyhow.",
            thousands(blocking.met),
            thousands(blocking.truth),
            estimate(&blocking.met_share),
            thousands(blocking.missed),
            thousands(blocking.found_anyhow)
        )?;
        let percent = |share: Option<f64>| share.map_or("–".into(), |share| format!("{:.0} %", share * 100.0));
        let lacking: Vec<String> = blocking
            .lacking
            .iter()
            .filter(|one| one.share_of_missed > one.share_of_truth)
            .take(4)
            .map(|one| {
                let said = plain(&one.comparison);
                format!(
                    "{said} in {} (of all true pairs {})",
                    percent(one.share_of_missed),
                    percent(one.share_of_truth)
                )
            })
            .collect();
        match lacking.is_empty() {
            true => Ok(()),
            false => writeln!(f, "What the missed ones lack on a side: {}.", lacking.join(", ")),
        }
    }

    fn errors(&self, f: &mut Formatter<'_>) -> Result {
        for (kind, heading) in
            [(Kind::FalseLink, "False links it was surest of"), (Kind::Miss, "Misses it was surest were none")]
        {
            let all: Vec<&Mistake> = self.mistakes.iter().filter(|mistake| mistake.kind == kind).collect();
            if all.is_empty() {
                continue;
            }
            writeln!(f, "\n{heading}: {} of {} (all with --json or --report)", all.len().min(MISTAKES), all.len())?;
            all.into_iter().take(MISTAKES).try_for_each(|mistake| write!(f, "{mistake}"))?;
        }
        Ok(())
    }
}

impl Display for Mistake {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "- {}", self.sentence())?;
        if let Some([left, right]) = &self.records {
            writeln!(f, "  Records: {left} and {right}")?;
        }
        let lines = [("For it", self.speaking(true)), ("Against it", self.speaking(false)), ("And", self.otherwise())];
        for (begin, words) in lines.into_iter().filter_map(|(begin, words)| Some((begin, words?))) {
            writeln!(f, "  {begin}: {words}.")?;
        }
        for line in self.fields.iter().filter(|line| line.values.is_some()) {
            let [left, right] = line.values.as_ref().expect("filtered");
            writeln!(f, "  {}: {left} | {right}", line.field)?;
        }
        Ok(())
    }
}

/// One line a way of linking; recall of the slices beside it.
fn shown_methods(methods: &[Linking]) -> String {
    let slices: Vec<String> = methods[0].slices.iter().map(|slice| format!("recall, {}", slice.name)).collect();
    let mut header = vec!["", "precision", "recall", "F1", "B-cubed F1"];
    header.extend(slices.iter().map(String::as_str));
    let mut table = table(&header);
    for linking in methods {
        let pairs = &linking.pairs;
        let mut cells =
            vec![linking.name.clone(), share(pairs.precision.value), share(pairs.recall.value), share(pairs.f1)];
        cells.push(share(Some(linking.b_cubed.f1)));
        cells.extend(linking.slices.iter().map(|slice| share(slice.pairs.recall.value)));
        table.add_row(cells);
    }
    table.trim_fmt()
}

/// All groups, or of many the worst ones. No exact count of people with some attribute stands on a terminal.
fn shown_groups(grouping: &Grouping) -> String {
    let enough = |group: &&Group| !grouping.personal || group.truth >= TRUE_PAIRS_MIN;
    let mut groups: Vec<&Group> = grouping.groups.iter().filter(enough).collect();
    let many = groups.len() > GROUPS;
    if many {
        let gap = |gap: &Estimate| gap.value.unwrap_or(0.0);
        let worst = |group: &&Group| gap(&group.precision_gap).min(gap(&group.recall_gap));
        groups.sort_by(|a, b| worst(a).total_cmp(&worst(b)).then(a.name.cmp(&b.name)));
        groups.truncate(GROUPS / 2);
    }
    if groups.is_empty() {
        return String::new();
    }
    let mut table = table(&[&plain(&grouping.name), "precision", "gap", "recall", "gap"]);
    for group in groups {
        table.add_row([
            format!("{}{}", plain(&group.name), if group.far_below { " !" } else { "" }),
            share(group.precision.value),
            points(&group.precision_gap),
            share(group.recall.value),
            points(&group.recall_gap),
        ]);
    }
    let rest = if many { format!("\n (the worst {} of {})", GROUPS / 2, grouping.groups.len()) } else { String::new() };
    format!("{}{rest}\n\n", table.trim_fmt())
}

impl Display for WithoutTruth {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let expected = &self.expected;
        writeln!(
            f,
            "\nBy the model's own probabilities, pair by pair (of false links an upper bound: several records of a person speak for each other)"
        )?;
        writeln!(
            f,
            "{} of the {} pairs it linked are expected to be wrong (precision {}), and {} of those it compared to be missed (recall {}).",
            thousands(expected.false_links.round() as u64),
            thousands(expected.linked_pairs),
            share(expected.precision),
            thousands(expected.missed_links.round() as u64),
            share(expected.recall)
        )?;
        if let Some(labelled) = &self.labelled {
            writeln!(
                f,
                "\nBy {} labels ({} yes, {} no, {} unsure), weighted by stratum of probability",
                labelled.yes + labelled.no + labelled.unsure,
                labelled.yes,
                labelled.no,
                labelled.unsure
            )?;
            let bounds = |of: &super::Bounds| format!("{:.0} ({:.0}–{:.0})", of.pairs, of.low, of.high);
            writeln!(
                f,
                "false links {}, missed links {}; precision {}, recall {} of what was compared",
                bounds(&labelled.false_links),
                bounds(&labelled.missed_links),
                share(labelled.precision),
                share(labelled.recall)
            )?;
            if labelled.pairs_not_covered > 0 {
                writeln!(
                    f,
                    "{} pairs are in strata without a label: not covered",
                    thousands(labelled.pairs_not_covered)
                )?;
            }
            if labelled.not_in_run > 0 {
                writeln!(f, "{} labels name records that are not in the run", labelled.not_in_run)?;
            }
        }
        writeln!(f, "\nBy what cannot be (upper bounds: faults of the data count too)")?;
        let mut table = table(&["people with", "failed", "of", "per 1,000"]);
        for check in &self.checks {
            let rate = &check.per_1000;
            let interval = match (rate.value, rate.low, rate.high) {
                (Some(value), Some(low), Some(high)) => format!("{value:.2} ({low:.2}–{high:.2})"),
                _ => "–".into(),
            };
            table.add_row([check.words.to_string(), thousands(check.failed), thousands(check.able), interval]);
        }
        writeln!(f, "{}", table.trim_fmt())
    }
}

fn of_pairs(name: &str, pairs: &Pairs) -> [String; 4] {
    [name.to_string(), estimate(&pairs.precision), estimate(&pairs.recall), share(pairs.f1)]
}

pub(super) fn share(value: Option<f64>) -> String {
    value.map_or("–".into(), |value| format!("{value:.4}"))
}

/// A name as people read it.
pub(super) fn plain(name: &str) -> String {
    name.replace('_', " ")
}

/// "+0.4", and no "-0.0" for what is nothing.
pub(super) fn signed(value: f64) -> String {
    format!("{:+.1}", if value.abs() < 0.05 { 0.0 } else { value })
}

/// "0.9981 (0.9979–0.9983)".
pub(super) fn estimate(of: &Estimate) -> String {
    match (of.low, of.high) {
        (Some(low), Some(high)) => format!("{} ({low:.4}–{high:.4})", share(of.value)),
        _ => "–".into(),
    }
}

/// "−0.31 (−0.52 to −0.08)", in points.
pub(super) fn points(gap: &Estimate) -> String {
    match (gap.value, gap.low, gap.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{:+.2} ({:+.2} to {:+.2})", value * 100.0, low * 100.0, high * 100.0)
        }
        _ => "–".into(),
    }
}

/// A probability with as many digits as tell it from 1.
pub(super) fn chance(probability: f64) -> String {
    match probability {
        p if p >= 0.999 => format!("{p:.5}"),
        p => format!("{p:.3}"),
    }
}

/// "12,345".
pub(super) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
