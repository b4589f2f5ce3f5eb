//! What readers of a run's summary rely on: the page opens anywhere, asks for nothing, and everybody can read it.

use crate::common;
use crate::opened::{asks_for_nothing, browser, check_in_browser, check_pictures, is_well_formed};
use crate::synthetic::Town;
use std::path::{Path, PathBuf};
use std::process::Command;

fn town() -> onefolk::summary::Summary {
    onefolk::summary::build(&Town::new(12_000, 1).facts())
}

#[test]
fn the_page_is_one_file_that_asks_for_nothing_and_runs_nothing() {
    let page = town().report_html;
    assert!(page.len() <= 1_000_000, "{} bytes", page.len());
    asks_for_nothing(&page);
}

#[test]
fn every_element_is_closed_and_every_id_stands_once() {
    is_well_formed(&town().report_html);
}

#[test]
fn the_files_say_the_same_and_the_dictionary_explains_every_column() {
    let summary = town();
    let parsed = |name: &str| {
        let bytes = &summary.csv.iter().find(|(file, _)| file == name).unwrap_or_else(|| panic!("{name}")).1;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
        let rows: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(String::from).collect()).collect();
        (header, rows)
    };
    let (_, dictionary) = parsed("dictionary.csv");
    let mut explained = 0;
    for (file, _) in &summary.csv {
        let (header, rows) = parsed(file);
        assert!(!rows.is_empty(), "{file}");
        for column in header {
            assert!(dictionary.iter().any(|row| row[0] == *file && row[1] == column), "{file} {column}");
            explained += 1;
        }
    }
    assert_eq!(explained, dictionary.len());
    // The page's own table and the file give the same figure.
    for row in parsed("people_by_area.csv").1 {
        let people = if row[1] == "*" { "*".to_string() } else { with_commas(&row[1]) };
        assert!(
            summary.report_html.contains(&format!("<th scope=\"row\">{}</th><td class=\"n\">{people}</td>", row[0])),
            "{row:?}"
        );
    }
}

/// Every figure of the page stands as a specification beside the tables, and every column that one names is there.
#[test]
fn each_picture_has_a_specification_that_draws_a_table() {
    for summary in [town(), onefolk::summary::build(&Town::new(40, 3).facts())] {
        let names: Vec<&str> = summary.pictures.iter().map(|(name, _)| name.trim_end_matches(".vl.json")).collect();
        for figure in summary.report_html.split("<figure id=\"").skip(1) {
            let id = figure.split('"').next().unwrap();
            assert!(names.contains(&id), "{id}");
        }
        for (name, bytes) in &summary.pictures {
            draws_a_table(name, &serde_json::from_slice(bytes).unwrap(), &summary.csv);
        }
    }
}

#[test]
fn each_picture_is_what_the_schema_of_vega_lite_asks_for() {
    for (name, people) in [("town", 12_000), ("hamlet", 40)] {
        let folder = tempfile::tempdir().unwrap();
        let summary = onefolk::summary::build(&Town::new(people, 1).facts());
        for (file, bytes) in &summary.pictures {
            std::fs::write(folder.path().join(file), bytes).unwrap();
        }
        let drawn = |id: &str| summary.pictures.iter().any(|(file, _)| *file == format!("{id}.vl.json"));
        assert!(
            name == "hamlet" || ["care-gaps", "care-needs", "end-of-life-register"].into_iter().all(drawn),
            "{name}"
        );
        check_pictures(folder.path());
    }
}

/// What the schema of Vega-Lite 5 asks of a specification of one view with a table, transforms, a mark and channels.
fn draws_a_table(name: &str, picture: &serde_json::Value, tables: &[(String, Vec<u8>)]) {
    assert_eq!(picture["$schema"], "https://vega.github.io/schema/vega-lite/v5.json", "{name}");
    let keys: Vec<&str> = picture.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["$schema", "title", "data", "transform", "mark", "encoding"], "{name}");
    let url = picture["data"]["url"].as_str().unwrap();
    let bytes = &tables.iter().find(|(file, _)| file == url).unwrap_or_else(|| panic!("{name}: {url}")).1;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut columns: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    for step in picture["transform"].as_array().unwrap() {
        for part in step.as_object().unwrap().values().filter_map(|part| part.as_str()) {
            for field in part.split("datum.").skip(1) {
                let field = field.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                assert!(columns.iter().any(|column| column == field), "{name}: {field}");
            }
        }
        if let Some(made) = step["as"].as_str() {
            assert!(step["calculate"].is_string(), "{name}");
            columns.push(made.to_string());
        }
    }
    let mark = picture["mark"].as_str().or_else(|| picture["mark"]["type"].as_str()).unwrap();
    assert!(["bar", "rect", "line", "point"].contains(&mark), "{name}: {mark}");
    for (channel, told) in picture["encoding"].as_object().unwrap() {
        assert!(["x", "y", "color", "column", "row", "detail"].contains(&channel.as_str()), "{name}: {channel}");
        assert!(columns.iter().any(|column| told["field"] == **column), "{name}: {told}");
        let kind = told["type"].as_str().unwrap();
        assert!(["quantitative", "temporal", "ordinal", "nominal"].contains(&kind), "{name}: {kind}");
    }
}

fn with_commas(digits: &str) -> String {
    let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
    if head.is_empty() { tail.into() } else { format!("{head},{tail}") }
}

#[test]
fn the_same_facts_give_the_same_bytes_on_one_thread_and_on_many() {
    let town = Town::new(60_000, 2);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| onefolk::summary::build(&town.facts()))
    };
    assert!(on(1) == on(7));
}

fn written(name: &str, summary: &onefolk::summary::Summary) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    std::fs::write(&file, &summary.report_html).unwrap();
    file
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_page() {
    check_in_browser(&written("report.html", &town()));
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_page_of_a_hamlet() {
    check_in_browser(&written("hamlet.html", &onefolk::summary::build(&Town::new(40, 3).facts())));
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_page_for_everybody() {
    let night = common::Night::of(&common::town(60, 5));
    night.run().done();
    let page = night.current("transparency.html");
    let html = std::fs::read_to_string(&page).unwrap();
    asks_for_nothing(&html);
    is_well_formed(&html);
    check_in_browser(&page);
}

#[test]
fn the_page_prints() {
    let Some(chromium) = browser() else { return };
    let page = written("printed.html", &town());
    let (pdf, profile) = (page.with_extension("pdf"), tempfile::tempdir().unwrap());
    let status = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--no-pdf-header-footer"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--print-to-pdf={}", pdf.display()))
        .arg(&page)
        .output()
        .expect("Chromium runs")
        .status;
    assert!(status.success());
    let bytes = std::fs::read(&pdf).unwrap();
    assert!(bytes.starts_with(b"%PDF") && bytes.len() > 20_000);
}
