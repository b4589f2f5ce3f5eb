//! What whoever installs onefolk relies on who has a copy of the RustSec advisory database: `.ci/advisories` names every locked package with a
//! known vulnerability, and nothing else. All advisories here are made up.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Whether a version is vulnerable: of ranges that are put right, of ranges that were never wrong, as an advisory writes them.
const CASES: [(&str, &[&str], &[&str], bool); 26] = [
    ("1.2.3", &[">= 1.2.3"], &[], false),
    ("1.2.2", &[">= 1.2.3"], &[], true),
    ("1.10.0", &[">= 1.9.0"], &[], false),
    ("1.2.2", &["> 1.2.2"], &[], true),
    ("1.2.2", &[">= 1.2.3"], &["<= 1.2.2"], false),
    ("0.9.0", &[">= 1.2.3"], &["< 1.0"], false),
    ("1.0.0", &[">= 1.2.3"], &["< 1.0"], true),
    // A fix that was carried back to older lines.
    ("1.4.7", &["^1.4.6", ">= 2.0.1"], &[], false),
    ("1.5.0", &["~1.4.6", ">= 2.0.1"], &[], true),
    ("2.0.0", &["^1.4.6", ">= 2.0.1"], &[], true),
    ("1.4.5", &[">= 1.4.0, < 1.4.6", ">= 2.0.1"], &[], false),
    ("1.4.6", &[">= 1.4.0, < 1.4.6", ">= 2.0.1"], &[], true),
    // Zeros at the head: the first number that is not 0 may not change.
    ("0.3.9", &["^0.3.2"], &[], false),
    ("0.4.0", &["^0.3.2"], &[], true),
    ("0.0.4", &["^0.0.3"], &[], true),
    ("0.9.9", &["^0"], &[], false),
    ("1.2.9", &["1.2"], &[], false),
    ("1.2.9", &["= 1.2"], &[], false),
    ("1.3.0", &["= 1.2"], &[], true),
    ("1.3.0", &["1.2.*"], &[], false),
    ("7.0.0", &["*"], &[], false),
    // What comes before a release is not yet the release.
    ("1.2.3-rc.1", &[">= 1.2.3"], &[], true),
    ("1.2.3-rc.10", &[">= 1.2.3-rc.2"], &[], false),
    ("2.0.0-alpha", &["^1.2.3"], &[], true),
    ("1.2.3+build.5", &[">= 1.2.3"], &[], false),
    ("1.2.3", &[], &[], true),
];

fn advisory(folder: &Path, nth: usize, package: &str, facts: &str, patched: &[&str], unaffected: &[&str]) {
    let of_package = folder.join("crates").join(package);
    fs::create_dir_all(&of_package).expect("a folder");
    let id = format!("RUSTSEC-2026-{nth:04}");
    let text = format!(
        "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-01-02\"\n{facts}\n\n\
         [versions]\npatched = {patched:?}\nunaffected = {unaffected:?}\n```\n\n# Something is wrong\n\nWith `code`.\n"
    );
    fs::write(of_package.join(format!("{id}.md")), text).expect("a file");
}

fn lock(folder: &Path, packages: &[(&str, &str)]) {
    let mut text = "version = 4\n\n[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n".to_string();
    for (name, version) in packages {
        text.push_str(&format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry\"\n"));
    }
    fs::write(folder.join("Cargo.lock"), text).expect("a file");
}

/// How the check of a folder ends, and what it prints; `None` where there is no Python that can run it.
fn checked(folder: &Path, arguments: &[&str]) -> Option<(Option<i32>, String)> {
    let has_toml = Command::new("python3").args(["-c", "import tomllib"]).output();
    if !has_toml.is_ok_and(|ended| ended.status.success()) {
        eprintln!("there is no Python 3.11: passed over");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/advisories");
    let mut check = Command::new("python3");
    check.arg(script).arg(folder).arg("--lock").arg(folder.join("Cargo.lock")).args(arguments);
    let ended = check.output().expect("it starts");
    Some((ended.status.code(), String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned()))
}

#[test]
fn ranges_of_versions_are_read_as_cargo_reads_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<String> = (0..CASES.len()).map(|nth| format!("package-{nth}")).collect();
    let packages: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(CASES.map(|case| case.0)).collect();
    lock(folder.path(), &packages);
    for (nth, (_, patched, unaffected, _)) in CASES.into_iter().enumerate() {
        advisory(folder.path(), nth, &names[nth], "", patched, unaffected);
    }
    let Some((code, told)) = checked(folder.path(), &[]) else { return };
    assert_eq!(code, Some(1), "{told}");
    for (nth, (version, patched, unaffected, vulnerable)) in CASES.into_iter().enumerate() {
        let is_told = told.contains(&format!("RUSTSEC-2026-{nth:04}: package-{nth} {version} (vulnerable)"));
        assert_eq!(is_told, vulnerable, "{version}, patched {patched:?}, unaffected {unaffected:?}\n{told}");
    }
}

#[test]
fn what_only_informs_or_was_withdrawn_fails_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    lock(folder.path(), &[("old", "1.0.0"), ("fine", "1.0.0"), ("named", "1.0.0")]);
    advisory(folder.path(), 1, "old", "informational = \"unmaintained\"", &[], &[]);
    advisory(folder.path(), 2, "fine", "withdrawn = \"2026-02-01\"", &[], &[]);
    advisory(folder.path(), 3, "elsewhere", "", &[], &[]);
    let Some((code, told)) = checked(folder.path(), &[]) else { return };
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("RUSTSEC-2026-0001: old 1.0.0 (unmaintained)") && !told.contains("fine"), "{told}");
    assert!(told.contains("3 packages against 3 advisories, the newest of 2026-01-02"), "{told}");
    advisory(folder.path(), 4, "named", "", &[">= 1.1.0"], &[]);
    let (code, told) = checked(folder.path(), &[]).expect("it ran before");
    assert!(code == Some(1) && told.contains("RUSTSEC-2026-0004: named 1.0.0 (vulnerable); put right in >= 1.1.0"));
    let (code, _) = checked(folder.path(), &["--ignore", "RUSTSEC-2026-0004"]).expect("it ran before");
    assert_eq!(code, Some(0));
}

/// Nothing that cannot be read passes for nothing found.
#[test]
fn a_check_that_cannot_be_done_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    lock(folder.path(), &[("old", "1.0.0")]);
    let Some((code, told)) = checked(folder.path(), &[]) else { return };
    assert!(code == Some(2) && told.contains("there are no advisories"), "{told}");
    for (nth, patched) in ["about 3", ">= 1.2.3.4", ""].into_iter().enumerate() {
        advisory(folder.path(), nth, "old", "", &[patched], &[]);
        assert_eq!(checked(folder.path(), &[]).expect("it ran before").0, Some(2), "{patched:?}");
        fs::remove_dir_all(folder.path().join("crates")).expect("it stands");
    }
    advisory(folder.path(), 1, "old", "", &[">= 0.9"], &[]);
    lock(folder.path(), &[]);
    assert_eq!(checked(folder.path(), &[]).expect("it ran before").0, Some(2));
}
