//! What nights that compare only what changed are held against: the very bytes that a night gives which compares everything.

mod common;

use common::{Night, Outcome, Person, Random, job, town};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Everything may change in these nights.
const GATES: &str = "[gates]\nmaximum_quarantined = \"100 %\"\nmaximum_people_change = \"100 %\"\nmaximum_provider_shrink = \"100 %\"\n\
                     maximum_column_change = \"100 %\"\nmaximum_merged = \"100 %\"\nmaximum_impossible_rise = \"100 %\"\n";
const PEOPLE: usize = 60;
const PROVIDERS: [&str; 3] = ["gp", "acute", "hospice"];

/// What the providers of a job hold, and what is laid down about it.
struct World {
    random: Random,
    people: Vec<Person>,
    /// Rows by record_id, provider by provider.
    rows: [BTreeMap<String, String>; 3],
    sends: [bool; 3],
    objects: Vec<String>,
    apart: Vec<String>,
    decisions: String,
    issued: usize,
}

impl World {
    fn new(seed: u64) -> World {
        let mut people = town(PEOPLE, seed);
        // Twins, whom only a given name tells apart, and a home that many share.
        for at in (0..20).step_by(4) {
            let twin = Person { given: people[at + 1].given.clone(), ..people[at].clone() };
            people[at + 1] = Person { nhs_number: people[at + 1].nhs_number.clone(), ..twin };
        }
        let home = people[30].clone();
        people[31..52].iter_mut().for_each(|person| {
            (person.address, person.postcode) = (home.address.clone(), home.postcode.clone());
        });
        let mut world = World {
            random: Random::new(seed),
            people,
            rows: Default::default(),
            sends: [true, true, false],
            objects: Vec::new(),
            apart: Vec::new(),
            decisions: String::from("left,right,decision,by,when,why\n"),
            issued: 0,
        };
        for provider in 0..3 {
            (0..PEOPLE * 2).for_each(|_| world.add(provider));
        }
        world
    }

    fn add(&mut self, provider: usize) {
        let person = self.people[self.random.below(PEOPLE as u64) as usize].clone();
        self.issued += 1;
        let id = format!("{provider}-{}", self.issued);
        let row = person.row(&id, &mut self.random);
        self.rows[provider].insert(id, row);
    }

    fn any(&mut self, provider: usize) -> Option<String> {
        let rows = self.rows[provider].len() as u64;
        (rows > 0).then(|| self.rows[provider].keys().nth(self.random.below(rows) as usize).unwrap().clone())
    }

    /// Somebody else's values under a record_id that is known.
    fn edit(&mut self, provider: usize) {
        let Some(id) = self.any(provider) else { return };
        let person = self.people[self.random.below(PEOPLE as u64) as usize].clone();
        let row = person.row(&id, &mut self.random);
        self.rows[provider].insert(id, row);
    }

    /// One night's worth of change.
    fn turn(&mut self) {
        for _ in 0..self.random.below(9) {
            let provider = self.random.below(3) as usize;
            match self.random.below(4) {
                0 | 1 => self.add(provider),
                2 => self.edit(provider),
                _ => drop(self.any(provider).map(|id| self.rows[provider].remove(&id))),
            }
        }
        match self.random.below(6) {
            0 => self.sends[2] = !self.sends[2],
            1 => self.objects.push(self.people[self.random.below(PEOPLE as u64) as usize].nhs_number.clone()),
            2 => drop(self.objects.pop()),
            3 => {
                let (a, b) = (self.any(0), self.any(1));
                self.apart.push(format!("gp:{},acute:{}", a.unwrap(), b.unwrap()));
            }
            4 => {
                let (a, b, word) = (self.any(0).unwrap(), self.any(1).unwrap(), *self.random.pick(&["yes", "no"]));
                self.decisions.push_str(&format!("gp:{a},acute:{b},{word},ann,2026-11-22T09:00:00Z,seen\n"));
            }
            _ => drop(self.apart.pop()),
        }
    }

    fn write(&self, night: &Night) {
        let mut providers = Vec::new();
        for (at, id) in PROVIDERS.iter().enumerate().filter(|(at, _)| self.sends[*at]) {
            let file = format!("in/{id}.csv");
            let rows: Vec<&str> = self.rows[at].values().map(String::as_str).collect();
            night.write(&file, format!("{}\n{}\n", common::HEADER, rows.join("\n")));
            providers.push((*id, file, if at == 0 { "one_record_per_person = true" } else { "" }));
        }
        let listed: Vec<(&str, &str, &str)> =
            providers.iter().map(|(id, file, keys)| (*id, file.as_str(), *keys)).collect();
        let lists =
            "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n[[never_link]]\nfiles = [\"apart.csv\"]\n";
        night.write("job.toml", job(&listed, &format!("{GATES}{lists}")));
        night.write("objections.csv", format!("nhs_number\n{}\n", self.objects.join("\n")));
        night.write("apart.csv", format!("{}\n", self.apart.join("\n")));
        if night.output().exists() {
            night.write("out/state/decisions.csv", &self.decisions);
        }
    }
}

/// A copy of everything: extracts, lists, runs and state.
fn copy(night: &Night) -> Night {
    let copy = Night::new();
    let done = Command::new("cp").arg("-a").arg(format!("{}/.", night.path("").display())).arg(copy.path("")).status();
    assert!(done.expect("cp starts").success());
    copy
}

/// The Parquet files of the run that stands.
fn tables(night: &Night) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut files = night.standing();
    files.retain(|name, _| name.extension().is_some_and(|extension| extension == "parquet"));
    assert_eq!(files.len(), 8);
    files
}

fn run_json(night: &Night) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(night.current("run.json")).unwrap()).unwrap()
}

/// What run.json says was taken from the night before.
fn recalled(night: &Night, what: &str) -> u64 {
    run_json(night)["linkage"]["recalled"][what].as_u64().unwrap()
}

fn compared(night: &Night) -> u64 {
    run_json(night)["linkage"]["clustering"]["pairs_compared"].as_u64().unwrap()
}

/// Runs a night, and the same night on a copy that takes nothing from the night before: both give the same bytes.
fn both(night: &Night, what: &str) -> Outcome {
    let whole = copy(night);
    whole.run_with(&["--full"]).done();
    let told = night.run().done();
    let (delta, full) = (tables(night), tables(&whole));
    for (name, bytes) in &full {
        assert!(delta[name] == *bytes, "{} differs: {what}", name.display());
    }
    assert_eq!(recalled(&whole, "pairs"), 0, "--full takes nothing over");
    assert_eq!(compared(night), compared(&whole), "the same pairs meet: {what}");
    told
}

#[test]
fn ten_nights_of_any_changes_give_what_full_nights_give() {
    for seed in 0..2 {
        let mut world = World::new(seed);
        let night = Night::new();
        world.write(&night);
        night.run().done();
        let (mut pairs, mut components) = (0, 0);
        for turn in 1..=10 {
            world.turn();
            world.write(&night);
            both(&night, &format!("seed {seed}, night {turn}")).names_nobody(&world.people);
            pairs += recalled(&night, "pairs");
            components += recalled(&night, "components");
        }
        assert!(pairs > 1_000 && components > 20, "{pairs} pairs and {components} components were known");
    }
}

#[test]
fn a_night_without_changes_compares_nothing() {
    let mut world = World::new(7);
    let night = Night::new();
    world.write(&night);
    night.run().done();
    // The night that learns leaves what the next one can use.
    both(&night, "nothing has changed");
    assert!(compared(&night) > 100);
    assert_eq!(recalled(&night, "pairs"), compared(&night));
    assert!(recalled(&night, "components") > 0);
    assert_eq!(recalled(&night, "components_agglomerated"), 0);
    let inputs = run_json(&night)["inputs"].clone();
    assert!(inputs.as_array().unwrap().iter().all(|input| input["unchanged"] == true), "{inputs}");

    world.edit(1);
    world.write(&night);
    both(&night, "one row has changed");
    let fresh = compared(&night) - recalled(&night, "pairs");
    assert!((1..compared(&night) / 4).contains(&fresh), "{fresh} of {} pairs were compared", compared(&night));
    let unchanged: Vec<bool> =
        run_json(&night)["inputs"].as_array().unwrap().iter().map(|i| i["unchanged"] == true).collect();
    assert_eq!(unchanged, [true, false]);
}

#[test]
fn what_the_night_before_left_is_used_whole_or_not_at_all() {
    let world = World::new(8);
    let night = Night::new();
    world.write(&night);
    night.run().done();
    let left = |name: &str| night.output().join("state/linking").join(name);
    for (damage, nth) in ["cut", "changed", "foreign", "gone"].into_iter().zip(0..) {
        let name = ["compared", "joined"][nth % 2];
        let bytes = std::fs::read(left(name)).unwrap();
        let mut changed = bytes.clone();
        match damage {
            "cut" => std::fs::write(left(name), &bytes[..bytes.len() / 2]).unwrap(),
            "changed" => {
                changed[bytes.len() / 2] ^= 4;
                std::fs::write(left(name), changed).unwrap();
            }
            "foreign" => std::fs::write(left(name), b"something else").unwrap(),
            _ => std::fs::remove_file(left(name)).unwrap(),
        }
        let told = both(&night, damage);
        let warned = told.stderr.contains(&format!("state/linking/{name} is not used"));
        assert_eq!(warned, damage != "gone", "{damage}: {}", told.stderr);
        assert_eq!(recalled(&night, "pairs") == 0, name == "compared", "{damage}");
        // What was worked out again is there again.
        both(&night, damage);
        assert_eq!(recalled(&night, "pairs"), compared(&night), "{damage}");
    }
}

#[test]
fn other_settings_and_other_models_take_nothing_over() {
    let mut world = World::new(9);
    let night = Night::new();
    world.write(&night);
    night.run().done();
    common::edit(&night.path("job.toml"), "[gates]", "[cluster]\nfalse_link_cost = 200\n[gates]");
    both(&night, "another cut");
    assert_eq!(recalled(&night, "pairs"), 0);
    both(&night, "the same cut");
    assert_eq!(recalled(&night, "pairs"), compared(&night));
    world.edit(0);
    world.write(&night);
    let mut train = common::onefolk();
    train.arg("train").arg(night.path("job.toml"));
    common::outcome(train).done();
    both(&night, "another model");
    assert_eq!(recalled(&night, "pairs"), 0);
}

#[test]
fn who_objects_leaves_no_trace_in_what_is_left_for_the_next_night() {
    let mut world = World::new(10);
    let night = Night::new();
    world.write(&night);
    night.run().done();
    let objector = world.people[40].nhs_number.clone();
    let theirs: Vec<String> = identity_ids(&night, |row| row.contains(&objector), &world);
    assert!(!theirs.is_empty());
    let holds = |name: &Path, id: &str| {
        let bytes = std::fs::read(name).unwrap();
        let wanted: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()).collect();
        bytes.windows(16).any(|window| window == wanted)
    };
    let compared = night.output().join("state/linking/compared");
    assert!(theirs.iter().all(|id| holds(&compared, id)), "identities stand there by their ids");
    world.objects.push(objector);
    world.write(&night);
    both(&night, "somebody objects");
    assert!(theirs.iter().all(|id| !holds(&compared, id)));
    let modes = common::modes(&night.output().join("state/linking"));
    assert!(modes.iter().all(|(_, mode, _)| mode & 0o077 == 0), "{modes:?}");
}

/// The identity_ids of the rows of the practice for which `wanted` holds, as the crosswalk has them.
fn identity_ids(night: &Night, wanted: impl Fn(&str) -> bool, world: &World) -> Vec<String> {
    let table = night.table("crosswalk.parquet");
    let [record, identity] = ["record_id", "identity_id"].map(|name| table.column(name));
    let theirs = |row: &&Vec<String>| world.rows[0].get(&row[record]).is_some_and(|text| wanted(text));
    table.rows.iter().filter(theirs).map(|row| row[identity].clone()).collect()
}
