//! A pair as text.

use super::queue::Waiting;
use crate::explain::fields::UNKNOWN;
use crate::explain::{Options, SideBySide};
use crate::job::Job;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// The pair, what is known of it, and the keys. `place` is its number and how many there are.
pub(super) fn pair(job: &Job, waiting: &Waiting, pair: &SideBySide, place: (usize, usize), options: Options) -> String {
    let verdict = if pair.same_person { "took them for one person" } else { "took them for two people" };
    let mut text = format!(
        "\nPair {} of {}: {}. One person with probability {:.2} by itself, {:.2} with what their other records say; the run {verdict}.\n",
        place.0,
        place.1,
        waiting.reason.replace('_', " "),
        pair.probability,
        waiting.probability
    );
    if let Some(guard) = pair.guard {
        text.push_str(&format!("A guard applies: {guard}.\n"));
    }
    text.push_str(&format!("\n{}\n", fields(job, waiting, pair, options)));
    text.push_str("\nOne person? y yes · n no · u unsure · 1 or 2 that record is not a person · b back · q quit\n");
    text
}

fn fields(job: &Job, waiting: &Waiting, pair: &SideBySide, options: Options) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let record = |(provider, id): &(String, String)| {
        let name = job.providers.iter().find(|known| known.id == *provider).map_or(provider, |known| &known.name);
        match (pair.sensitive, options.show_identifiers) {
            (true, _) => UNKNOWN.to_string(),
            (false, true) => format!("{name}, {id}"),
            (false, false) => name.clone(),
        }
    };
    let sides = [record(&waiting.pair.left), record(&waiting.pair.right)];
    table.set_header(["", "first record", "second record", "what agreed", "bits"]);
    table.add_row(["record", &sides[0], &sides[1], "", ""]);
    for line in &pair.fields {
        let hidden = || ["·".to_string(), "·".to_string()];
        let [left, right] = line.values.clone().unwrap_or_else(hidden);
        table.add_row([line.field.clone(), left, right, line.agreement.clone(), format!("{:+.1}", line.bits)]);
    }
    if let Some(column) = table.column_mut(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
