//! `onefolk train JOB --import` and `--export`: models of another tool, in and out.

use onefolk::failure::{FILE_EXISTS, Failure, OUTPUT_FAILED, Result};
use onefolk::job::Job;
use onefolk::model::splink::Unmapped;
use onefolk::run::imported::ModelFile;
use onefolk::run::{self, Show};
use std::path::Path;

pub fn export(job: &Job, path: &Path, json: bool, show: Show) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(Failure::new(&FILE_EXISTS, path.display().to_string()));
    }
    let exported = run::export_model(job, show)?;
    let text = format!("{:#}\n", exported.settings);
    std::fs::write(path, text).map_err(|error| Failure::from_io(&error, path, &OUTPUT_FAILED))?;
    let file = path.display().to_string();
    super::done(match json {
        true => super::print_json(&serde_json::json!({ "file": file, "left_out": exported.left_out })),
        false => super::print(&format!("Written to {file}.\n\n{}", left_out(&exported.left_out))),
    });
    Ok(())
}

pub fn import(job: &Job, path: &Path, json: bool) -> Result<()> {
    let file = ModelFile::read(job, path)?;
    let used = job.model_file.as_ref().is_some_and(|own| same_file(own, path));
    if json {
        let comparisons: Vec<_> =
            file.comparisons().map(|(name, levels)| serde_json::json!({ "name": name, "levels": levels })).collect();
        return super::print_json(&serde_json::json!({
            "comparisons": comparisons,
            "blocking_rules": file.rules().collect::<Vec<_>>(),
            "left_out": file.unmapped,
            "used_by_job": used,
        }));
    }
    let mut table = super::table(&["taken over", ""]);
    for (name, levels) in file.comparisons() {
        table.add_row([format!("comparison {name}"), format!("{levels} levels")]);
    }
    for (at, rule) in file.rules().enumerate() {
        table.add_row([format!("blocking rule {}", at + 1), rule.to_string()]);
    }
    let next = match used {
        true => "The job uses this file: every run links with it.\n".to_string(),
        false => format!(
            "To link with it, write into {}:\n\n[model]\nfile = \"{}\"\n",
            job.path.display(),
            named_from(job, path)
        ),
    };
    super::print(&format!("{}\n\n{}{next}", table.trim_fmt(), left_out(&file.unmapped)))
}

fn left_out(unmapped: &[Unmapped]) -> String {
    if unmapped.is_empty() {
        return "Nothing is left out.\n\n".into();
    }
    let lines: String = unmapped.iter().map(|one| format!("- {one}\n")).collect();
    format!("Left out:\n{lines}\n")
}

/// The path as the job file would write it: relative to its folder where it lies below it.
fn named_from(job: &Job, path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    absolute.strip_prefix(&job.folder).unwrap_or(&absolute).display().to_string().replace('\\', "/")
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
