//! weldrs: the rules and comparisons of ../settings.json as far as it has them, trained by the steps of its README.
//!
//! What it has no word for: dates a month or a year apart, sectors and districts of postcodes, and the frequencies of terms. Dates and
//! postcodes get levels by Levenshtein distance instead. Its null level is for values that both records lack: what only one of them lacks
//! counts as a disagreement.

use onefolk_peers::{Arguments, FIELDS, RULES, Row, ids, print_pairs, read, write};
use polars::prelude::{Column, DataFrame, DataType, IntoLazy, LazyFrame, col};
use std::error::Error;
use weldrs::comparison::ComparisonBuilder;
use weldrs::prelude::*;

/// Pairs from which chance agreement is measured, as in ../splink_peer.py.
const RANDOM_PAIRS: usize = 2_000_000;

fn comparison(field: &str) -> weldrs::comparison::ComparisonBuilder {
    let builder = ComparisonBuilder::new(field).null_level().exact_match_level();
    match field {
        "given_name" | "family_name" => {
            builder.jaro_winkler_level(0.92).jaro_winkler_level(0.88).jaro_winkler_level(0.7)
        }
        "date_of_birth" => builder.levenshtein_level(1).levenshtein_level(2),
        "postcode" => builder.levenshtein_level(1).levenshtein_level(2),
        "address" => builder.jaro_winkler_level(0.95).jaro_winkler_level(0.88),
        _ => builder,
    }
    .else_level()
}

/// The records as Polars has them; `unique_id` is the number of the row.
fn frame(rows: &[Row]) -> std::result::Result<LazyFrame, Box<dyn Error>> {
    let mut columns = vec![Column::new("unique_id".into(), (0..rows.len() as i64).collect::<Vec<_>>())];
    for (at, field) in FIELDS.iter().enumerate() {
        let values: Vec<Option<&str>> = rows.iter().map(|row| row.fields[at].as_deref()).collect();
        columns.push(Column::new((*field).into(), values));
    }
    Ok(DataFrame::new(rows.len(), columns)?.lazy())
}

/// A linker that has learnt from the records, by the steps and the rules of ../splink_peer.py.
fn trained(records: &LazyFrame) -> std::result::Result<Linker, Box<dyn Error>> {
    let mut settings = Settings::builder(LinkType::DedupeOnly);
    for field in FIELDS {
        settings = settings.comparison(comparison(field).build()?);
    }
    for rule in RULES {
        settings = settings.blocking_rule(BlockingRule::on(rule));
    }
    let mut linker = Linker::new(settings.build()?)?;
    linker.estimate_probability_two_random_records_match(
        records,
        &[
            BlockingRule::on(&["nhs_number", "date_of_birth"]),
            BlockingRule::on(&["given_name", "family_name", "date_of_birth"]),
        ],
        0.7,
    )?;
    linker.estimate_u_using_random_sampling(records, RANDOM_PAIRS)?;
    keep_chance(&mut linker);
    for rule in [&["nhs_number"][..], &["family_name", "date_of_birth"], &["given_name", "postcode"]] {
        linker.estimate_parameters_using_em(records, &BlockingRule::on(rule))?;
    }
    Ok(linker)
}

/// Keeps chance agreement as the random pairs have it, as Splink does of itself. Left to EM, which learns from pairs that nearly all belong
/// together, it falls to the least that weldrs allows, a millionth, and nearly every pair gets a probability of 1. A level that no random
/// pair has is left to EM all the same: its weight would have no end.
fn keep_chance(linker: &mut Linker) {
    for level in linker.settings_mut().comparisons.iter_mut().flat_map(|comparison| &mut comparison.comparison_levels) {
        level.fix_u_probability = level.u_probability.is_some_and(|chance| chance > 0.0);
    }
}

/// The person of every record; records without any link are in no cluster.
fn people(
    linker: &Linker,
    predictions: &DataFrame,
    cut: f64,
    records: usize,
) -> std::result::Result<Vec<Option<u64>>, Box<dyn Error>> {
    let clusters = linker.cluster_pairwise_predictions(predictions, cut)?;
    let numbers = clusters.column("cluster_id")?.cast(&DataType::UInt64)?;
    let mut person = vec![None; records];
    for (id, number) in clusters.column("unique_id")?.i64()?.iter().zip(numbers.u64()?.iter()) {
        if let Some(id) = id {
            person[id as usize] = number;
        }
    }
    Ok(person)
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let arguments = Arguments::of_command_line()?;
    let rows = read(&arguments.records)?;
    let records = frame(&rows)?;
    let ids = ids(rows);
    let linker = trained(&records)?;
    // Only what clusters are made of: the fields of both records of every pair would take more memory than all else.
    let asked = [col("unique_id_l"), col("unique_id_r"), col("match_probability")];
    let predictions = linker.predict(&records, None)?.select(asked).collect()?;
    for (crosswalk, cut) in &arguments.crosswalks {
        write(crosswalk, &ids, &people(&linker, &predictions, *cut, ids.len())?)?;
    }
    print_pairs(predictions.height());
    Ok(())
}
