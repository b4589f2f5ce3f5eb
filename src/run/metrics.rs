//! onefolk.prom: a run's figures in the text format of node_exporter's textfile collector. Totals only, never by a person's attributes.

use crate::best_record;
use jiff::civil::Date;
use serde_json::Value;

/// (name, what it is, where it stands in run.json).
const GAUGES: [(&str, &str, &str); 10] = [
    ("rows", "Rows read from all extracts.", "/accounts/rows"),
    ("people", "People found.", "/people"),
    ("crosswalk_rows", "Rows in the crosswalk.", "/accounts/crosswalk"),
    ("quarantined_rows", "Rows in quarantine.", "/accounts/quarantine"),
    ("withheld_rows", "Rows withheld.", "/accounts/withheld"),
    ("links", "Pairs of identities at or above the cut.", "/linkage/clustering/links"),
    ("review_pairs", "Pairs that wait for a human.", "/linkage/review"),
    ("pairs_compared", "Pairs of identities compared.", "/linkage/clustering/pairs_compared"),
    ("changes", "People new, changed or gone since the run before.", "/changes"),
    ("peak_memory_bytes", "Most memory resident at a time.", "/peak_memory_bytes"),
];

/// The metrics of a run, from its run.json: those that it has a figure for.
pub(super) fn of(run: &Value) -> String {
    let mut text = String::new();
    let mut metric = |name: &str, help: &str, samples: &[(String, f64)]| {
        if samples.is_empty() {
            return;
        }
        text.push_str(&format!("# HELP onefolk_{name} {help}\n# TYPE onefolk_{name} gauge\n"));
        for (labels, value) in samples {
            text.push_str(&format!("onefolk_{name}{labels} {value}\n"));
        }
    };
    let run_id = run["run_id"].as_str().unwrap_or_default();
    let sequence = run_id.rsplit('-').next().and_then(|digits| digits.parse::<f64>().ok());
    let run_labels = labels(&[("run_id", run_id), ("version", run["onefolk"].as_str().unwrap_or_default())]);
    metric("run_info", "The run that stands.", &[(run_labels, 1.0)]);
    let as_of = run["as_of"].as_str().and_then(seconds_of);
    let plain = |value: Option<f64>| value.map(|value| (String::new(), value)).into_iter().collect::<Vec<_>>();
    metric("last_success_as_of_seconds", "as_of of the run that stands, seconds since 1970.", &plain(as_of));
    metric("last_success_sequence", "Number of the run among those of its date.", &plain(sequence));
    let rolled_back = f64::from(u8::from(run["rolled_back_to"].is_string()));
    metric(
        "rolled_back",
        "1 where the run that stands is an earlier one made current again.",
        &plain(Some(rolled_back)),
    );
    for (name, help, place) in GAUGES {
        metric(name, help, &plain(figure(run.pointer(place))));
    }
    let list = |key: &str| run[key].as_array().map_or(&[][..], Vec::as_slice).iter();
    let stages: Vec<(String, f64)> = list("seconds")
        .filter_map(|stage| Some((labels(&[("stage", stage["stage"].as_str()?)]), stage["seconds"].as_f64()?)))
        .collect();
    metric("stage_seconds", "Seconds that each stage took.", &once(stages, |one, other| one + other));
    let gates: Vec<(String, f64)> = list("gates")
        .filter_map(|gate| {
            Some((labels(&[("gate", gate["name"].as_str()?), ("outcome", gate["outcome"].as_str()?)]), 1.0))
        })
        .collect();
    metric("gate", "Each gate and how it stood.", &gates);
    let warnings = run["warnings"].as_array().map(|warnings| warnings.len() as f64);
    metric("warnings", "Warnings of the run; run.json has their words.", &plain(warnings));
    let old: Vec<(String, f64)> = list("inputs")
        .filter_map(|input| Some((labels(&[("provider", input["provider"].as_str()?)]), input["days_old"].as_f64()?)))
        .collect();
    metric(
        "provider_days_old",
        "Age in days of the records of providers whose last good extracts stand in.",
        &once(old, f64::max),
    );
    // A rollback releases nothing: what it tells of releases is of the run that it goes back to.
    let releases: Vec<(String, f64)> = list("releases")
        .filter(|_| !run["rolled_back_to"].is_string())
        .filter_map(|release| {
            Some((labels(&[("release", release["id"].as_str()?), ("outcome", release["outcome"].as_str()?)]), 1.0))
        })
        .collect();
    metric("release", "Each release and what became of it.", &releases);
    text
}

/// A number, or the sum of an object of numbers.
fn figure(value: Option<&Value>) -> Option<f64> {
    match value? {
        // From 0, since the sum of no floats is -0.
        Value::Object(parts) => Some(parts.values().filter_map(Value::as_f64).fold(0.0, |sum, rows| sum + rows)),
        value => value.as_f64(),
    }
}

/// A stage that ran twice, or a provider of two extracts, would stand twice, which collectors refuse; `both` makes one value of two.
fn once(samples: Vec<(String, f64)>, both: fn(f64, f64) -> f64) -> Vec<(String, f64)> {
    let mut all: Vec<(String, f64)> = Vec::new();
    for (labels, value) in samples {
        match all.iter_mut().find(|(known, _)| *known == labels) {
            Some((_, known)) => *known = both(*known, value),
            None => all.push((labels, value)),
        }
    }
    all
}

/// `{a="x",b="y"}`, escaped as the format asks.
fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn seconds_of(date: &str) -> Option<f64> {
    Some(f64::from(best_record::days(date.parse::<Date>().ok()?)) * 86_400.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metrics_are_what_run_json_says() {
        let run = json!({
            "run_id": "2026-11-22-03",
            "as_of": "2026-11-22",
            "onefolk": "0.1.0",
            "accounts": { "rows": 10, "crosswalk": 7, "quarantine": { "ragged": 2 }, "withheld": {} },
            "people": 5,
            "seconds": [
                { "stage": "Reading", "seconds": 0.5 },
                { "stage": "Linking", "seconds": 1.0 },
                { "stage": "Reading", "seconds": 0.25 },
            ],
            "gates": [{ "name": "a \"b\"\\", "outcome": "passed" }],
            "warnings": ["provider acute has sent nothing usable", "release tables is refused"],
            "inputs": [
                { "provider": "gp", "days_old": null },
                { "provider": "acute", "days_old": 3 },
                { "provider": "acute", "days_old": 4 },
            ],
            "releases": [{ "id": "care", "outcome": "released" }, { "id": "tables", "outcome": "refused" }],
        });
        let text = of(&run);
        for line in [
            "onefolk_run_info{run_id=\"2026-11-22-03\",version=\"0.1.0\"} 1",
            "onefolk_last_success_as_of_seconds 1795305600",
            "onefolk_last_success_sequence 3",
            "onefolk_rolled_back 0",
            "onefolk_rows 10",
            "onefolk_quarantined_rows 2",
            "onefolk_withheld_rows 0",
            "onefolk_stage_seconds{stage=\"Reading\"} 0.75",
            "onefolk_gate{gate=\"a \\\"b\\\"\\\\\",outcome=\"passed\"} 1",
            "onefolk_warnings 2",
            "onefolk_provider_days_old{provider=\"acute\"} 4",
            "onefolk_release{release=\"care\",outcome=\"released\"} 1",
            "onefolk_release{release=\"tables\",outcome=\"refused\"} 1",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        assert!(!text.contains("provider=\"gp\""), "it has sent its own: {text}");
        let mut back = run;
        back["rolled_back_to"] = json!("2026-11-21-01");
        assert!(!of(&back).contains("onefolk_release"), "a rollback releases nothing");
        // What has no figure has no line, and each name is declared once.
        assert!(!text.contains("onefolk_links"), "{text}");
        let declared: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
        let mut once = declared.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), declared.len());
    }
}
