//! Providers that have sent nothing usable, so that their last good extracts stand in.

use super::Finding;
use crate::job::Job;
use crate::publish::published::PublishedRun;
use serde_json::Value;
use std::collections::BTreeMap;

/// Providers told of.
const TOLD: usize = 5;

const ADVICE: &str = "Ask for the extract again, or correct `files`: records older than stale_days stop the night";

/// Who has sent nothing by now, and who had sent nothing usable when the run that stands was made; no extract is read for it.
pub(super) fn extracts(job: &Job) -> Finding {
    const NAME: &str = "extracts";
    let mut all = unusable_in(&run_json(job), job);
    let absent = job.providers.iter().filter_map(|provider| {
        let stale = provider.stale.as_ref()?;
        let why = stale.why.map(|code| format!("{}: {}", code.id, code.title)).unwrap_or_default();
        let words = format!(
            "provider {} has sent nothing by now ({why}), its records of {} would stand",
            provider.id, stale.since
        );
        Some((provider.id.as_str(), words))
    });
    // What is so by now says more than what was.
    all.extend(absent);
    if all.is_empty() {
        return Finding::ok(NAME, "no last good one stands in for a provider's own");
    }
    let others = all.len().saturating_sub(TOLD);
    let mut told: Vec<String> = all.into_values().take(TOLD).collect();
    told.extend((others > 0).then(|| format!("and {others} more")));
    Finding::warn(NAME, told.join("; "), ADVICE)
}

/// What the run that stands says of itself; nothing where there is none, or it cannot be read, which another finding says.
fn run_json(job: &Job) -> Value {
    let bytes = PublishedRun::current(job).and_then(|run| run.bytes("run.json"));
    bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The providers of `job` whose last good records a run had to take, each in words.
fn unusable_in<'a>(told: &Value, job: &'a Job) -> BTreeMap<&'a str, String> {
    let mut all = BTreeMap::new();
    for input in told["inputs"].as_array().into_iter().flatten() {
        let [code, why] = ["code", "why"].map(|key| input["unusable"][key].as_str());
        let mut ids = job.providers.iter().map(|provider| provider.id.as_str());
        let provider = ids.find(|id| input["provider"].as_str() == Some(*id));
        if let (Some(id), Some(code), Some(why)) = (provider, code, why) {
            all.insert(id, format!("provider {id} sent nothing usable to the run that stands ({code}: {why})"));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example;
    use crate::job::Setting;
    use serde_json::json;

    #[test]
    fn who_had_sent_nothing_usable_is_told_with_the_reason() {
        let job = example::job(&[("acute", Setting::Acute, 3), ("gp", Setting::GeneralPractice, 3)]);
        let unusable = json!({ "code": "OF0203", "why": "a compressed extract is cut off" });
        let told = json!({ "inputs": [
            { "provider": "gp", "unusable": null },
            { "provider": "acute", "unusable": unusable },
            { "provider": "acute", "unusable": unusable },
            { "provider": "left", "unusable": unusable },
            { "provider": "gp" },
        ] });
        let why = "OF0203: a compressed extract is cut off";
        let words = format!("provider acute sent nothing usable to the run that stands ({why})");
        assert_eq!(unusable_in(&told, &job), BTreeMap::from([("acute", words)]));
        assert!(unusable_in(&Value::Null, &job).is_empty());
    }
}
