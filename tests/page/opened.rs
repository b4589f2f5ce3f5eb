//! What holds for every page, and opening it in a browser.

use std::path::{Path, PathBuf};
use std::process::Command;

/// No address, no script, no picture from elsewhere, no style outside the sheet that the policy names.
#[track_caller]
pub fn asks_for_nothing(page: &str) {
    for forbidden in
        ["http:", "https:", "//", "<script", "<link", "<img", "<iframe", "javascript:", " style=", "@import", "url("]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for handler in ["onload", "onclick", "onerror", "onmouse"] {
        assert!(!page.contains(handler), "{handler}");
    }
}

/// Every element is closed, every id stands once, headings go down one step at a time.
#[track_caller]
pub fn is_well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut ids = std::collections::HashSet::new();
    let mut headings = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !["meta", "input"].contains(&name) {
            open.push(name);
        }
        if name == "style" && !tag.starts_with('/') {
            rest = &rest[rest.find("</style>").expect("the style sheet ends")..];
        }
        if let Some((_, after)) = tag.split_once(" id=\"") {
            let id = after.split('"').next().unwrap();
            assert!(ids.insert(id), "{id} twice");
        }
        if matches!(name, "h1" | "h2" | "h3") && !tag.starts_with('/') {
            headings.push(name.as_bytes()[1] - b'0');
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(headings[0], 1);
    assert!(headings.windows(2).all(|pair| pair[1] > 1 && pair[1] <= pair[0] + 1), "{headings:?}");
}

/// Chromium and the node script of tests/page, or why they cannot run. In continuous integration they must.
pub fn browser() -> Option<PathBuf> {
    let chromium = std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/node_modules");
    let missing = [(&chromium, "Chromium"), (&modules, "tests/page/node_modules (npm ci in tests/page)")];
    let missing: Vec<&str> = missing.iter().filter(|(path, _)| !path.exists()).map(|(_, what)| *what).collect();
    if missing.is_empty() {
        return Some(chromium);
    }
    assert!(std::env::var_os("CI").is_none(), "missing in continuous integration: {}", missing.join(", "));
    eprintln!("SKIPPED: the page was not looked at; missing: {}", missing.join(", "));
    None
}

/// axe, console, requests, overflow and letters at three widths, light and dark (tests/page/check.js).
pub fn check_in_browser(page: &Path) {
    let Some(chromium) = browser() else { return };
    let mut node = script("check.js", page);
    node.env("CHROMIUM", chromium);
    if let Some(pictures) = std::env::var_os("PAGE_PICTURES") {
        node.arg(pictures);
    }
    finds_nothing_wrong(node);
}

/// Every specification in a folder against the schema of Vega-Lite (tests/page/vega_lite.js).
pub fn check_pictures(folder: &Path) {
    if browser().is_some() {
        finds_nothing_wrong(script("vega_lite.js", folder));
    }
}

fn script(name: &str, looks_at: &Path) -> Command {
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page").join(name)).arg(looks_at);
    node
}

fn finds_nothing_wrong(mut node: Command) {
    let output = node.output().expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
