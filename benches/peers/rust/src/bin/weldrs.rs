//! weldrs: the rules and comparisons of ../settings.json as far as it has them, trained as its README says.
//!
//! What it has no word for: dates a month or a year apart, sectors and districts of postcodes, and the frequencies of terms. Dates and
//! postcodes get levels by Levenshtein distance instead.

use onefolk_peers::{Arguments, FIELDS, RULES, read, write};
use polars::prelude::{Column, DataFrame, IntoLazy};
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

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let arguments = Arguments::of_command_line()?;
    let rows = read(&arguments.records)?;
    let mut columns = vec![Column::new("unique_id".into(), (0..rows.len() as i64).collect::<Vec<_>>())];
    for (at, field) in FIELDS.iter().enumerate() {
        let values: Vec<Option<&str>> = rows.iter().map(|row| row.fields[at].as_deref()).collect();
        columns.push(Column::new((*field).into(), values));
    }
    let records = DataFrame::new(rows.len(), columns)?.lazy();
    let mut settings = Settings::builder(LinkType::DedupeOnly);
    for field in FIELDS {
        settings = settings.comparison(comparison(field).build()?);
    }
    for rule in RULES {
        settings = settings.blocking_rule(BlockingRule::on(rule));
    }
    let mut linker = Linker::new(settings.build()?)?;
    linker.estimate_probability_two_random_records_match(
        &records,
        &[
            BlockingRule::on(&["nhs_number", "date_of_birth"]),
            BlockingRule::on(&["given_name", "family_name", "date_of_birth"]),
        ],
        0.7,
    )?;
    linker.estimate_u_using_random_sampling(&records, RANDOM_PAIRS)?;
    for rule in [&["nhs_number"][..], &["family_name", "date_of_birth"], &["given_name", "postcode"]] {
        linker.estimate_parameters_using_em(&records, &BlockingRule::on(rule))?;
    }
    let predictions = linker.predict(&records, None)?.collect()?;
    let clusters = linker.cluster_pairwise_predictions(&predictions, arguments.cut)?;
    // Records without any link are in no cluster.
    let mut person: Vec<Option<i64>> = vec![None; rows.len()];
    let (ids, numbers) = (clusters.column("unique_id")?.i64()?, clusters.column("cluster_id")?);
    let numbers = numbers.cast(&polars::prelude::DataType::Int64)?;
    for (id, number) in ids.iter().zip(numbers.i64()?.iter()) {
        if let Some(id) = id {
            person[id as usize] = number;
        }
    }
    let people = rows.iter().zip(&person).enumerate().map(|(at, (row, person))| {
        (row.id.as_str(), person.map_or_else(|| format!("alone-{at}"), |person| person.to_string()))
    });
    write(&arguments.crosswalk, people, predictions.height())
}
