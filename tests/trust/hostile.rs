//! What holds where somebody who sends extracts, or who writes a job file, means harm: names that lead elsewhere, files that swell, and cells
//! that a spreadsheet would run.

use crate::common::releases::{BASIS, approve};
use crate::common::{self, HEADER, NULL, Night, job, outcome, town};
use std::io::{Cursor, Read, Write};
use std::os::unix::fs::symlink;

/// A night whose one provider sends whatever lies in its folder.
fn dropped(rest: &str) -> Night {
    let night = Night::new();
    let rows: Vec<String> =
        town(60, 91).iter().enumerate().map(|(at, person)| person.exact_row(&at.to_string())).collect();
    night.write("in/gp/a.csv", format!("{HEADER}\n{}\n", rows.join("\n")));
    night.write("job.toml", job(&[("gp", "in/gp/*.csv", "")], rest));
    night
}

#[test]
fn no_pattern_follows_a_link_out_of_its_folder() {
    let night = dropped("");
    night.write("in/other/secret.csv", format!("{HEADER}\n1,,Somebody,Else,1950-01-01,female,,,\n"));
    // Within its folder a link is a name like another.
    std::fs::rename(night.path("in/gp/a.csv"), night.path("in/gp/a.txt")).expect("it can be moved");
    symlink("a.txt", night.path("in/gp/a.csv")).expect("there is room");
    night.run().done();
    let standing = night.standing();
    for target in ["../other/secret.csv", "/etc/passwd"] {
        symlink(target, night.path("in/gp/b.csv")).expect("there is room");
        let ended = night.run();
        assert_eq!(ended.status, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("is a link that leads out of its"), "{}", ended.stderr);
        std::fs::remove_file(night.path("in/gp/b.csv")).expect("it stands");
    }
    // Nor a folder that is one.
    common::edit(&night.path("job.toml"), "in/gp/*.csv", "in/*/*.csv");
    std::fs::rename(night.path("in/other"), night.path("elsewhere")).expect("it can be moved");
    symlink("../elsewhere", night.path("in/linked")).expect("there is room");
    assert_eq!(night.run().status, Some(2));
    assert_eq!(night.standing(), standing, "nothing was published");
    // What the job names itself, without a wildcard, is meant.
    common::edit(&night.path("job.toml"), "in/*/*.csv", "in/linked/secret.csv");
    assert!(!night.run().stderr.contains("leads out"));
}

#[test]
fn an_output_that_is_a_link_is_written_where_it_leads_and_nowhere_else() {
    let night = dropped("");
    std::fs::create_dir(night.path("disk")).expect("there is room");
    symlink("disk", night.output()).expect("there is room");
    night.run().done();
    night.run().done();
    assert!(night.output().is_symlink() && night.path("disk/current/run.json").is_file());
    let here: Vec<String> = std::fs::read_dir(night.path(""))
        .expect("it stands")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    let known = ["in", "job.toml", "disk", "out", "model.json"];
    assert!(
        here.iter().all(|name| known.contains(&name.as_str()) || name.starts_with("model.frequencies-")),
        "{here:?}"
    );
}

#[test]
fn no_name_of_a_job_leads_out_of_the_output() {
    for id in ["../gp", "/etc", "a/b", "..", ".", "", "a b", "gp\\u0000"] {
        let night = dropped("");
        common::edit(&night.path("job.toml"), "id = \"gp\"", &format!("id = \"{id}\""));
        assert_eq!(night.run().status, Some(2), "provider {id}");
        let release = format!(
            "[[release]]\nid = \"{id}\"\nrecipient = \"R\"\nrecipient_kind = \"nhs\"\npurpose = \"planning\"\ncontent = \"summary\"\n\
             issued_on = [\"2026-11-22\"]\napprovals = []\n{BASIS}"
        );
        let night = dropped(&release);
        assert_eq!(night.run().status, Some(2), "release {id}");
        assert!(!night.output().exists() || common::files_below(&night.output()).is_empty(), "{id}");
    }
    let night = dropped("");
    night.run().done();
    for run in ["../..", "/etc", "..", "2026-11-22-01/../../state"] {
        let mut rollback = common::onefolk();
        rollback.arg("rollback").arg(night.path("job.toml")).arg(run);
        assert_ne!(outcome(rollback).status, Some(0), "{run}");
    }
}

#[test]
fn a_file_that_swells_without_end_is_refused() {
    let night = dropped("");
    let file = std::fs::File::create(night.path("in/gp/b.csv")).expect("there is room");
    let mut packed = zstd::Encoder::new(file, 1).expect("it begins");
    packed.write_all(format!("{HEADER}\n").as_bytes()).expect("there is room");
    // 1.1 GiB of one row in some hundred kilobytes.
    let row = format!("1,,Nobody,Atall,1950-01-01,female,{},,\n", "x".repeat(1 << 12));
    let rows = row.repeat(256);
    (0..1 + (1100 << 20) / rows.len()).for_each(|_| packed.write_all(rows.as_bytes()).expect("there is room"));
    packed.finish().expect("it ends");
    assert!(night.path("in/gp/b.csv").metadata().expect("it stands").len() < 1 << 20);
    night.run().failed(3, "OF0205");
}

/// The sheet within a workbook.
const SHEET: &str = "xl/worksheets/sheet1.xml";

/// A workbook with a town's columns and one cell of so many MiB, and how many bytes its sheet is said to have.
fn swelling_workbook(mebibytes: usize) -> (Vec<u8>, u32) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0u16..).zip(HEADER.split(',')) {
        sheet.write_string(0, column, name).expect("there is room");
    }
    let plain = book.save_to_buffer().expect("it can be written");
    let mut plain = zip::ZipArchive::new(Cursor::new(plain)).expect("a workbook is a zip file");
    let mut packed = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // Only at its highest level what is the same over and over packs a thousandfold.
    let options = zip::write::SimpleFileOptions::default().compression_level(Some(9));
    let (mut sheet_bytes, mebibyte) = (0, "x".repeat(1 << 20));
    for at in 0..plain.len() {
        let mut part = plain.by_index(at).expect("it is there");
        let name = part.name().expect("it is text").into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).expect("it is XML");
        packed.start_file(name.as_str(), options).expect("there is room");
        if name != SHEET {
            packed.write_all(text.as_bytes()).expect("there is room");
            continue;
        }
        let (before, after) = text.split_once("</sheetData>").expect("it has rows");
        let before = format!("{before}<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>");
        let after = format!("</t></is></c></row></sheetData>{after}");
        packed.write_all(before.as_bytes()).expect("there is room");
        (0..mebibytes).for_each(|_| packed.write_all(mebibyte.as_bytes()).expect("there is room"));
        packed.write_all(after.as_bytes()).expect("there is room");
        sheet_bytes = before.len() + (mebibytes << 20) + after.len();
    }
    let packed = packed.finish().expect("it ends").into_inner();
    (packed, u32::try_from(sheet_bytes).expect("a size of a zip file"))
}

/// The same, but that wherever it says that its sheet has so many bytes, it says that it has 4 KiB.
fn understated(mut workbook: Vec<u8>, sheet_bytes: u32) -> Vec<u8> {
    let told = sheet_bytes.to_le_bytes();
    let places: Vec<usize> = (0..workbook.len() - 4).filter(|&at| workbook[at..at + 4] == told).collect();
    assert_eq!(places.len(), 2, "before the sheet, and in the directory");
    for at in places {
        workbook[at..at + 4].copy_from_slice(&4096u32.to_le_bytes());
    }
    workbook
}

#[test]
fn a_workbook_that_swells_without_end_is_refused_whatever_its_directory_says() {
    let night = dropped("");
    common::edit(&night.path("job.toml"), "in/gp/*.csv", "in/gp/*");
    // 1.05 GiB in one megabyte.
    let (bomb, sheet_bytes) = swelling_workbook(1080);
    assert!(sheet_bytes as usize / bomb.len() > 1000, "{sheet_bytes} bytes in {}", bomb.len());
    night.write("in/gp/b.xlsx", &bomb);
    night.run().failed(3, "OF0205");
    // With something before it its directory is not where its end says, so that nobody knows what it unpacks to.
    let mut shifted = b"PK\x03\x04 and more".to_vec();
    shifted.extend(&bomb);
    night.write("in/gp/b.xlsx", shifted);
    night.run().failed(3, "OF0206");
    // One whose directory says less than what is there is read no further than that.
    let (large, sheet_bytes) = swelling_workbook(64);
    night.write("in/gp/b.xlsx", understated(large, sheet_bytes));
    night.run().failed(3, "OF0206");
    assert!(night.standing().is_empty(), "nothing was published");
}

#[test]
fn no_cell_that_leaves_is_a_formula() {
    let hostile = ["=1+1", "+44", "-2+3", "@SUM(A1)", "\t=1", "=HYPERLINK(\"\"http://x\"\"\\,\"\"y\"\")"];
    let release = format!(
        "[policy]\ngovernance_lead_key = \"lead.key.pub\"\n[[approver]]\nname = \"Ann\"\nrole = \"governance_lead\"\n\
         [[release]]\nid = \"ours\"\nrecipient = \"R\"\nrecipient_kind = \"nhs\"\npurpose = \"direct_care\"\ncontent = \"crosswalk\"\n\
         identifiers = \"nhs_number\"\npatients_of = [\"gp\"]\napprovals = [\"governance_lead\"]\n{BASIS}\
         [[release]]\nid = \"care\"\nrecipient = \"R\"\nrecipient_kind = \"nhs\"\npurpose = \"direct_care\"\ncontent = \"people\"\n\
         identifiers = \"nhs_number\"\ncolumns = [\"given_name\", \"address\", \"note\"]\napprovals = [\"governance_lead\"]\n{BASIS}"
    );
    let night = dropped(&release);
    let text = std::fs::read_to_string(night.path("in/gp/a.csv")).expect("it stands");
    let rows = text.lines().skip(1).enumerate().map(|(at, line)| {
        let cell = hostile[at % hostile.len()].replace("\\,", ",");
        let quoted = format!("\"{cell}{at}\"");
        let mut cells: Vec<&str> = line.split(',').collect();
        (cells[0], cells[6]) = (&quoted, &quoted);
        format!("{},{quoted}\n", cells.join(","))
    });
    night.write("in/gp/a.csv", format!("{HEADER},note\n{}", rows.collect::<String>()));
    common::edit(
        &night.path("job.toml"),
        common::COLUMNS,
        &format!(
            "{}[provider.carry]\nnote = {{ column = \"note\", kind = \"category\", combine = \"latest\" }}\n",
            common::COLUMNS
        ),
    );
    let mut keys = common::onefolk();
    keys.current_dir(night.path("")).args(["keys", "new", "lead.key"]);
    outcome(keys).done();
    approve(&night, "ours", "Ann", "governance_lead").done();
    approve(&night, "care", "Ann", "governance_lead").done();
    night.run().done();
    let mut neutral = 0;
    for (name, bytes) in common::files_below(&night.current("")) {
        if name.extension().is_some_and(|extension| extension == "csv") {
            for row in csv::Reader::from_reader(&bytes[..]).records() {
                for cell in row.expect("it is CSV").iter() {
                    assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{}: {cell:?}", name.display());
                    neutral += usize::from(cell.starts_with('\''));
                }
            }
        }
    }
    assert!(neutral >= 60, "{neutral} cells were made harmless");
    // For programs the record_id is what it was.
    let verbatim = night.table("releases/ours/crosswalk.parquet");
    assert!(verbatim.values("record_id").iter().any(|id| id.starts_with("=1+1")));
    assert!(verbatim.values("nhs_number").iter().all(|number| *number != NULL));
}
