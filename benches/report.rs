//! How long the report takes: `cargo bench --bench report -- [PEOPLE]`, 2.7 million where nothing else is said.
//!
//! Counts, protects and draws a made-up town of 30 providers and one of 400; prints wall seconds and the size of what comes out.

#[path = "../tests/page/synthetic.rs"]
mod synthetic;

use std::time::Instant;
use synthetic::Town;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let people = arguments.next().map_or(2_700_000, |people| people.parse().expect("a number of people"));
    println!("{people} people, {} threads", rayon::current_num_threads());
    println!(
        "| providers | seconds | report.html, bytes | report.xlsx, bytes | tables, bytes |\n|---|---|---|---|---|"
    );
    for providers in [30, 400] {
        let town = Town::of_providers(people, 1, providers);
        let began = Instant::now();
        let summary = onefolk::summary::build(&town.facts());
        let seconds = began.elapsed().as_secs_f64();
        let tables: usize = summary.csv.iter().map(|(_, bytes)| bytes.len()).sum();
        let (page, book) = (summary.report_html.len(), summary.report_xlsx.len());
        println!("| {providers} | {seconds:.2} | {page} | {book} | {tables} |");
    }
}
