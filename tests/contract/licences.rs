//! What whoever installs onefolk relies on: everything that is built into it may be used, comes from the public registry and is the very text
//! that was looked at. Needs no network.

use serde_json::Value;
use std::process::Command;

/// Licences under which we may pass a program on together with our own, Apache-2.0.
const ALLOWED: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Is an SPDX expression met by allowed licences alone? `/` stands for OR in old manifests; AND binds closer than OR.
fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, read) = either(&words);
    assert_eq!(read, words.len(), "{expression} was not read to its end");
    met
}

fn either(words: &[&str]) -> (bool, usize) {
    let (mut met, mut read) = both(words);
    while words.get(read) == Some(&"OR") {
        let (other, more) = both(&words[read + 1..]);
        (met, read) = (met || other, read + 1 + more);
    }
    (met, read)
}

fn both(words: &[&str]) -> (bool, usize) {
    let (mut met, mut read) = one(words);
    while words.get(read) == Some(&"AND") {
        let (other, more) = one(&words[read + 1..]);
        (met, read) = (met && other, read + 1 + more);
    }
    (met, read)
}

fn one(words: &[&str]) -> (bool, usize) {
    match words {
        ["(", rest @ ..] => {
            let (met, read) = either(rest);
            assert_eq!(rest.get(read), Some(&")"), "a bracket is open");
            (met, read + 2)
        }
        [licence, "WITH", exception, ..] => (ALLOWED.contains(&format!("{licence} WITH {exception}").as_str()), 3),
        [licence, ..] => (ALLOWED.contains(licence), 1),
        [] => (false, 0),
    }
}

#[test]
fn expressions_mean_what_they_say() {
    for met in [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0 OR MIT",
        "MIT/Apache-2.0",
        "(MIT OR GPL-2.0) AND ISC",
        "GPL-2.0 OR MIT AND ISC",
    ] {
        assert!(allowed(met), "{met}");
    }
    for unmet in
        ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND AGPL-3.0", "GPL-2.0 WITH LLVM-exception", "SSPL-1.0", ""]
    {
        assert!(!allowed(unmet), "{unmet}");
    }
}

fn told(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

#[test]
fn every_package_is_free_to_use_from_the_registry_and_unchanged() {
    let compiler = told("rustc", &["-vV"]);
    let platform =
        compiler.lines().find_map(|line| line.strip_prefix("host: ")).expect("the compiler knows its platform");
    let metadata = ["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", platform];
    let metadata: Value = serde_json::from_str(&told(env!("CARGO"), &metadata)).expect("it is JSON");
    let used: Vec<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|node| node["id"].as_str())
        .collect();
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).expect("it stands");
    let lock: toml::Table = toml::from_str(&lock).expect("it is TOML");
    let locked = lock["package"].as_array().expect("a list");
    let mut seen = 0;
    for package in metadata["packages"].as_array().expect("a list") {
        let (id, name) = (package["id"].as_str().unwrap_or_default(), package["name"].as_str().unwrap_or_default());
        if !used.contains(&id) || name == env!("CARGO_PKG_NAME") {
            continue;
        }
        let licence = package["license"].as_str().unwrap_or_else(|| panic!("{name} tells no licence"));
        assert!(allowed(licence), "{name} is under {licence}");
        let version = package["version"].as_str();
        let entry =
            locked.iter().find(|entry| entry["name"].as_str() == Some(name) && entry["version"].as_str() == version);
        let entry = entry.unwrap_or_else(|| panic!("{name} is not in Cargo.lock"));
        let source = entry.get("source").and_then(toml::Value::as_str).unwrap_or_default();
        assert!(source.starts_with("registry+"), "{name} comes from {source:?}");
        assert!(entry.get("checksum").is_some(), "{name} may be changed unseen");
        seen += 1;
    }
    assert!(seen > 100, "{seen} packages were looked at");
}
