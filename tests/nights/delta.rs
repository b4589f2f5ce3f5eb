//! What nights that compare only what changed are held against: the very bytes that a night gives which compares everything.

use crate::common::{self, Night, Outcome, Person, Random, job, town};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Everything may change in these nights.
const GATES: &str = "[gates]\nmaximum_quarantined = \"100 %\"\nmaximum_people_change = \"100 %\"\nmaximum_provider_shrink = \"100 %\"\n\
                     maximum_column_change = \"100 %\"\nmaximum_merged = \"100 %\"\nmaximum_impossible_rise = \"100 %\"\n";
const PEOPLE: usize = 60;
const PROVIDERS: [&str; 3] = ["gp", "acute", "hospice"];
/// The place among them of the one that may tell only changes.
const ACUTE: usize = 1;

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
    /// Of November.
    day: u32,
    /// What the hospital has told, where it tells only what has changed.
    told: Option<Told>,
    /// The provider that sends nothing tonight.
    missing: Option<usize>,
}

/// What a provider that sends only changes has told so far.
#[derive(Default)]
struct Told {
    rows: BTreeMap<String, String>,
    /// Its extracts, oldest first.
    extracts: Vec<String>,
}

impl Told {
    /// The difference between what was told and what there is `now` goes into an extract of its own.
    fn tell(&mut self, now: &BTreeMap<String, String>) {
        let gone = self.rows.keys().filter(|id| !now.contains_key(*id)).map(|id| format!("D,{id},,,,,,,,\n"));
        let others = now.iter().filter(|(id, row)| self.rows.get(*id) != Some(*row));
        let others = others.map(|(_, row)| format!(",{row}\n"));
        let changes: String = gone.chain(others).collect();
        if !changes.is_empty() {
            self.extracts.push(format!("op,{}\n{changes}", common::HEADER));
            self.rows.clone_from(now);
        }
    }

    /// Leaves the last extracts lying about, the others were taken away; none where the provider is missing.
    fn write(&self, night: &Night, missing: bool) {
        for (nth, text) in self.extracts.iter().enumerate() {
            let file = format!("in/{}-{nth:02}.csv", PROVIDERS[ACUTE]);
            if !missing && nth + 3 >= self.extracts.len() {
                night.write(&file, text);
            } else {
                let _ = std::fs::remove_file(night.path(&file));
            }
        }
    }
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
            day: 22,
            told: None,
            missing: None,
        };
        for provider in 0..3 {
            (0..PEOPLE * 2).for_each(|_| world.add(provider));
        }
        world
    }

    /// The same, but that the hospital tells only what has changed.
    fn of_changes(seed: u64) -> World {
        let mut world = World { told: Some(Told::default()), ..World::new(seed) };
        world.tell();
        world
    }

    fn tell(&mut self) {
        if let Some(told) = &mut self.told {
            told.tell(&self.rows[ACUTE]);
        }
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
        self.write_as(night, self.told.as_ref());
    }

    /// The same with all that the providers hold, whatever the hospital has told.
    fn write_snapshots(&self, night: &Night) {
        self.write_as(night, None);
    }

    fn write_as(&self, night: &Night, told: Option<&Told>) {
        const CHANGES: &str = "mode = \"changes\"\ndeleted = { column = \"op\", values = [\"D\"] }";
        let mut providers = Vec::new();
        for (at, id) in PROVIDERS.iter().enumerate().filter(|(at, _)| self.sends[*at]) {
            let missing = self.missing == Some(at);
            if let Some(told) = told.filter(|_| at == ACUTE) {
                told.write(night, missing);
                providers.push((*id, format!("in/{id}-*.csv"), CHANGES));
                continue;
            }
            let file = format!("in/{id}.csv");
            if missing {
                let _ = std::fs::remove_file(night.path(&file));
            } else {
                let rows: Vec<&str> = self.rows[at].values().map(String::as_str).collect();
                night.write(&file, format!("{}\n{}\n", common::HEADER, rows.join("\n")));
            }
            providers.push((*id, file, if at == 0 { "one_record_per_person = true" } else { "" }));
        }
        let listed: Vec<(&str, &str, &str)> =
            providers.iter().map(|(id, file, keys)| (*id, file.as_str(), *keys)).collect();
        let lists =
            "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n[[never_link]]\nfiles = [\"apart.csv\"]\n";
        let text = job(&listed, &format!("{GATES}{lists}"));
        night.write("job.toml", text.replacen("as_of = 2026-11-22", &format!("as_of = 2026-11-{}", self.day), 1));
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

/// Whether the night has linked, or taken over what the night before had linked.
fn is_linked(night: &Night) -> bool {
    run_json(night)["seconds"].as_array().unwrap().iter().any(|stage| stage["stage"] == "Blocking")
}

/// A provider of the world may leave the job.
const LEFT: [&str; 2] = ["--waive", "provider_left"];

/// Runs a night, and the same night on a copy that takes nothing from the night before: both give the same bytes.
fn both(night: &Night, what: &str) -> Outcome {
    let whole = copy(night);
    whole.run_with(&[&LEFT[..], &["--full"]].concat()).done();
    let told = night.run_with(&LEFT).done();
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
        let (mut pairs, mut components, mut taken_over) = (0, 0, 0);
        for turn in 1..=10 {
            world.turn();
            world.write(&night);
            both(&night, &format!("seed {seed}, night {turn}")).names_nobody(&world.people);
            pairs += recalled(&night, "pairs");
            components += recalled(&night, "components");
            // The next two days nothing comes.
            for later in if turn % 4 == 0 { 1..3 } else { 0..0 } {
                world.day += 1;
                world.write(&night);
                both(&night, &format!("seed {seed}, {later} days after night {turn}"));
                taken_over += u32::from(!is_linked(&night));
            }
        }
        assert!(pairs > 1_000 && components > 20, "{pairs} pairs and {components} components were known");
        assert!(taken_over >= 2, "{taken_over} nights were linked before");
    }
}

/// A night of a world whose hospital tells only changes, and one of the same world in which it sends all that it holds.
struct Twins {
    told: Night,
    whole: Night,
}

impl Twins {
    fn new() -> Twins {
        Twins { told: Night::new(), whole: Night::new() }
    }

    /// Both make the same person_ids.
    fn write(&self, world: &World) {
        world.write(&self.told);
        world.write_snapshots(&self.whole);
        for night in [&self.told, &self.whole] {
            night.write("id.key", "0123456789abcdef".repeat(4));
            common::edit(&night.path("job.toml"), "[job]\n", "[job]\nid_key_file = \"id.key\"\n");
        }
    }

    /// Runs both, and the night of changes once more with everything compared anew.
    fn run(&self, what: &str) -> Outcome {
        self.whole.run_with(&LEFT).done();
        let told = both(&self.told, what);
        self.are_the_same(what);
        told
    }

    /// The same records, links and people, wherever rows stand.
    #[track_caller]
    fn are_the_same(&self, what: &str) {
        for name in ["crosswalk.parquet", "links.parquet", "people.parquet"] {
            let [told, whole] = [&self.told, &self.whole].map(|night| {
                let table = night.table(name);
                let says = |column: &str| !["source_file", "source_row"].contains(&column);
                let places: Vec<usize> = (0..table.columns.len()).filter(|&at| says(&table.columns[at].0)).collect();
                let row = |row: &Vec<String>| places.iter().map(|&at| row[at].clone()).collect::<Vec<_>>();
                let mut rows: Vec<Vec<String>> = table.rows.iter().map(row).collect();
                rows.sort_unstable();
                rows
            });
            assert!(told == whole, "{name} is not that of snapshots: {what}");
        }
    }

    /// Makes the run before the last one current again, where nothing that it joins must be kept apart by now.
    fn roll_back(&self, what: &str) {
        let ended = [&self.told, &self.whole].map(|night| {
            let entries = std::fs::read_dir(night.output().join("runs")).unwrap();
            let mut runs: Vec<String> = entries.map(|run| run.unwrap().file_name().into_string().unwrap()).collect();
            runs.sort_unstable();
            let mut rollback = common::onefolk();
            rollback.arg("rollback").arg(night.path("job.toml")).arg(&runs[runs.len() - 2]);
            let ended = common::outcome(rollback);
            assert!(ended.status == Some(0) || ended.stderr.contains("OF0550"), "{what}: {}", ended.stderr);
            ended.status
        });
        assert_eq!(ended[0], ended[1], "{what}");
    }
}

#[test]
fn ten_nights_of_changes_and_of_providers_that_send_nothing_give_what_snapshots_give() {
    for seed in 2..4 {
        let mut world = World::of_changes(seed);
        let nights = Twins::new();
        nights.write(&world);
        for night in [&nights.told, &nights.whole] {
            night.run().done();
        }
        nights.are_the_same("the first night");
        for turn in 1..=10 {
            world.turn();
            // What is held of whoever objects goes for good, where a snapshot has it again: that is another test's.
            world.objects.clear();
            world.missing = match turn {
                3 => Some(0),
                5 | 6 => Some(ACUTE),
                _ => None,
            };
            if world.missing != Some(ACUTE) {
                world.tell();
            }
            nights.write(&world);
            nights.run(&format!("seed {seed}, night {turn}")).names_nobody(&world.people);
            if turn == 7 {
                nights.roll_back(&format!("seed {seed}, a way back after night {turn}"));
                nights.are_the_same(&format!("seed {seed}, after the way back"));
            }
            if turn % 4 == 0 {
                world.day += 1;
                nights.write(&world);
                nights.run(&format!("seed {seed}, the day after night {turn}"));
            }
        }
        let extracts = world.told.as_ref().map_or(0, |told| told.extracts.len());
        assert!(extracts >= 3, "{extracts} extracts with changes");
    }
}

/// Who objects goes from what is held, and whoever objects no more is told of anew: the bytes are those of a night that compares everything.
#[test]
fn ten_nights_of_changes_with_people_who_object_give_what_full_nights_give() {
    let mut world = World::of_changes(4);
    let night = Night::new();
    world.write(&night);
    night.run().done();
    let mut withheld = 0;
    for turn in 1..=10 {
        world.turn();
        // More than a turn brings by itself.
        let person = world.random.below(PEOPLE as u64) as usize;
        match turn % 3 {
            0 => drop(world.objects.pop()),
            _ => world.objects.push(world.people[person].nhs_number.clone()),
        }
        world.missing = match turn {
            4 => Some(ACUTE),
            8 => Some(0),
            _ => None,
        };
        if world.missing != Some(ACUTE) {
            world.tell();
        }
        world.write(&night);
        let told = both(&night, &format!("night {turn}"));
        told.names_nobody(&world.people);
        assert!(!told.stderr.contains("is not what the run before has read"), "night {turn}: {}", told.stderr);
        withheld += night.table("withheld.parquet").rows.len();
        let held = std::fs::read_to_string(night.output().join("state/changes/acute/standing.csv")).unwrap();
        let objects = world.objects.iter().find(|number| held.contains(number.as_str()));
        assert!(objects.is_none(), "night {turn}: a row of somebody who objects is held still");
    }
    assert!(withheld > 10, "{withheld} rows were withheld");
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
        // Where linking is taken over as a whole nobody asks for its parts.
        std::fs::remove_file(left("night")).unwrap();
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

/// Something that happens to a world, and its name.
type Change = (&'static str, fn(&mut World));

#[test]
fn linking_is_taken_over_as_a_whole_where_nothing_that_it_hangs_on_has_changed() {
    let mut world = World::new(11);
    world.objects.extend([3, 40].map(|at| world.people[at].nhs_number.clone()));
    let night = Night::new();
    world.write(&night);
    night.run().done();
    // With a file of decisions, which there is only now.
    world.write(&night);
    // What is remembered of objections is another thing after a night that has changed it, and then the same.
    let settled = |what: &str| {
        assert!(is_linked(&night), "{what}");
        (0..2).for_each(|_| drop(night.run().done()));
        assert!(!is_linked(&night), "{what}, once more");
        assert_eq!(recalled(&night, "pairs"), compared(&night), "{what}");
    };
    both(&night, "the model is known now");
    settled("the model is known now");
    world.day += 1;
    world.write(&night);
    both(&night, "the next day");
    assert!(!is_linked(&night));
    both(&night, "what was taken over can be taken over again");
    assert!(!is_linked(&night));
    assert!(recalled(&night, "components") > 0 && recalled(&night, "components_agglomerated") == 0);

    // Each thing that linking hangs on, alone.
    let changes: [Change; 6] = [
        ("a row is edited", |world| world.edit(1)),
        ("somebody objects", |world| world.objects.push(world.people[20].nhs_number.clone())),
        ("somebody objects no more", |world| drop(world.objects.pop())),
        ("two are kept apart", |world| world.apart.push("gp:0-1,acute:1-61".into())),
        ("a human decides", |world| world.decisions.push_str("gp:0-2,,not_a_person,ann,2026-11-22T09:00:00Z,seen\n")),
        ("a provider sends", |world| world.sends[2] = true),
    ];
    for (what, change) in changes {
        change(&mut world);
        world.write(&night);
        both(&night, what);
        settled(what);
    }
    // The same list from another day on says something else.
    let later = format!("nhs_number,from\n{},2026-11-01\n{},2026-11-25\n", world.objects[0], world.objects[1]);
    night.write("objections.csv", later);
    both(&night, "one objects later");
    settled("one objects later");
    let withheld = || night.table("withheld.parquet").rows.len();
    let before = withheld();
    for (day, linked) in [(24, false), (25, true)] {
        common::edit(
            &night.path("job.toml"),
            &format!("as_of = 2026-11-{}", day - 1),
            &format!("as_of = 2026-11-{day}"),
        );
        both(&night, &format!("on day {day}"));
        assert_eq!((is_linked(&night), withheld() > before), (linked, linked), "on day {day}");
    }
    settled("on that day");

    // What is damaged is not used, and is there again afterwards.
    let left = night.output().join("state/linking/night");
    let mut bytes = std::fs::read(&left).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&left, bytes).unwrap();
    let told = both(&night, "damaged");
    assert!(told.stderr.contains("state/linking/night is not used"), "{}", told.stderr);
    settled("damaged");
    // It names nobody, and who objects stands there by the place of the row alone.
    let bytes = std::fs::read(&left).unwrap();
    let table = night.table("withheld.parquet");
    let ids: Vec<&str> = table.values("record_id").into_iter().filter(|id| id.len() > 3).collect();
    assert!(!ids.is_empty());
    for wanted in ids.into_iter().chain(world.people.iter().flat_map(Person::values)) {
        assert!(!bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes()), "{wanted}");
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

/// The rows of a hospice under its header with a mark, as it tells its changes.
fn changes(rows: &[(&str, &str)]) -> String {
    let lines: Vec<String> = rows.iter().map(|(mark, row)| format!("{mark},{row}\n")).collect();
    format!("op,{}\n{}", common::HEADER, lines.concat())
}

/// A job of a practice that sends everything and a hospice that sends only changes.
fn job_of_changes(night: &Night, more: &str) {
    let hospice = format!("mode = \"changes\"\ndeleted = {{ column = \"op\", values = [\"D\"] }}\n{more}");
    let listed = [("gp", "in/gp.csv", ""), ("hospice", "in/hospice-*.csv", hospice.as_str())];
    night.write("job.toml", job(&listed, GATES));
}

/// The hospice's column of telephones serves as the day of the last change.
fn phone_tells_when(night: &Night) {
    let text = std::fs::read_to_string(night.path("job.toml")).unwrap();
    let (before, after) = text.rsplit_once("phone = \"phone\"").unwrap();
    night.write("job.toml", format!("{before}updated = \"phone\"{after}"));
}

/// A practice with everybody, and a hospice that has sent the first ten people.
fn with_hospice(people: &[Person], more: &str) -> Night {
    let night = Night::new();
    let gp: Vec<String> = (0..people.len()).map(|at| people[at].exact_row(&format!("g{at}"))).collect();
    night.write("in/gp.csv", format!("{}\n{}\n", common::HEADER, gp.join("\n")));
    job_of_changes(&night, more);
    let first: Vec<String> = (0..10).map(|at| people[at].exact_row(&format!("h{at}"))).collect();
    night.write("in/hospice-1.csv", changes(&first.iter().map(|row| ("", row.as_str())).collect::<Vec<_>>()));
    night
}

/// An extract that says that one record is gone.
fn deletes(id: &str) -> String {
    changes(&[("D", format!("{id},,,,,,,,").as_str())])
}

/// What run.json says of the changes of one extract.
fn counts(night: &Night, file: &str) -> BTreeMap<String, u64> {
    let run = run_json(night);
    let files = run["provider_changes"][0]["files"].as_array().unwrap().clone();
    let file = files.into_iter().find(|entry| entry["file"] == file).expect("the extract is told");
    let counted = file.as_object().unwrap().iter().filter(|(name, _)| *name != "rows");
    counted.filter_map(|(name, count)| Some((name.clone(), count.as_u64().filter(|count| *count > 0)?))).collect()
}

/// record_id → values of the rows of the hospice, as the crosswalk places them.
fn held(night: &Night) -> std::collections::BTreeSet<String> {
    let ids = night.person_ids();
    ids.keys().filter(|(provider, _)| provider == "hospice").map(|(_, record)| record.clone()).collect()
}

#[test]
fn a_provider_may_send_only_what_has_changed() {
    let people = town(40, 3);
    let (night, whole) = (Night::new(), Night::new());
    let row = |at: usize, id: &str| people[at].exact_row(id);
    let gp: Vec<String> = (0..40).map(|at| row(at, &format!("g{at}"))).collect();
    night.write("in/gp.csv", format!("{}\n{}\n", common::HEADER, gp.join("\n")));
    job_of_changes(&night, "");
    // The first extract holds everything.
    let first: Vec<(String, String)> = (0..10).map(|at| (String::new(), row(at, &format!("h{at}")))).collect();
    let listed =
        |rows: &[(String, String)]| changes(&rows.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>());
    night.write("in/hospice-1.csv", listed(&first));
    night.run().done();
    assert_eq!(counts(&night, "in/hospice-1.csv"), [("new".to_string(), 10)].into());
    assert_eq!(held(&night).len(), 10);

    // A new record, another's values, the same again, one gone, one gone that was never there, and a row without a record_id.
    let rows = [
        ("", row(20, "h20")),
        ("U", row(21, "h3")),
        ("", row(4, "h4")),
        ("D", "h5,,,,,,,,".to_string()),
        ("D", "h99,,,,,,,,".to_string()),
        ("", row(30, "")),
    ];
    let rows: Vec<(&str, &str)> = rows.iter().map(|(mark, row)| (*mark, row.as_str())).collect();
    night.write("in/hospice-2.csv", changes(&rows));
    let told = night.run().done();
    assert!(
        told.stderr.contains(
            "rows with changes of provider hospice: 1 could not be used, 1 delete a record that it does not hold"
        ),
        "{}",
        told.stderr
    );
    told.names_nobody(&people);
    let expected = ["new", "changed", "unchanged", "deleted", "deleted_unknown", "unusable"];
    assert_eq!(counts(&night, "in/hospice-2.csv"), expected.map(|kind| (kind.to_string(), 1)).into());
    assert_eq!(counts(&night, "in/hospice-1.csv"), BTreeMap::new(), "read before");
    let now = held(&night);
    assert!(now.contains("h20") && !now.contains("h5") && now.len() == 10, "{now:?}");
    let same_person = |hospice: &str, gp: &str| {
        let ids = night.person_ids();
        ids[&("hospice".to_string(), hospice.to_string())] == ids[&("gp".to_string(), gp.to_string())]
    };
    assert!(same_person("h3", "g21") && !same_person("h3", "g3"));

    // The people are those that whole extracts would have given.
    let mut snapshot: Vec<String> =
        (0..10).filter(|at| ![3, 5].contains(at)).map(|at| row(at, &format!("h{at}"))).collect();
    snapshot.extend([row(20, "h20"), row(21, "h3")]);
    whole.write("in/gp.csv", format!("{}\n{}\n", common::HEADER, gp.join("\n")));
    whole.write("in/hospice.csv", format!("{}\n{}\n", common::HEADER, snapshot.join("\n")));
    whole.write("job.toml", job(&[("gp", "in/gp.csv", ""), ("hospice", "in/hospice.csv", "")], GATES));
    whole.run().done();
    let groups = |night: &Night| {
        let mut by_person: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        night.person_ids().into_iter().for_each(|(record, person)| by_person.entry(person).or_default().push(record));
        by_person.into_values().collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(groups(&night), groups(&whole));

    // What was read before is read no more, under another name neither.
    let standing = tables(&night);
    std::fs::rename(night.path("in/hospice-2.csv"), night.path("in/hospice-3.csv")).unwrap();
    night.run().done();
    assert_eq!(held(&night), now);
    assert_eq!(run_json(&night)["linkage"]["recalled"]["pairs"], compared(&night));
    for table in ["crosswalk.parquet", "people.parquet"] {
        let bytes = std::fs::read(night.current(table)).unwrap();
        assert!(standing[Path::new(table)] == bytes, "{table}");
    }
}

#[test]
fn rows_with_changes_that_cannot_be_used_are_in_quarantine_on_their_night() {
    let people = town(40, 9);
    let night = Night::new();
    let rows = |at: std::ops::Range<usize>, letter: char| {
        at.map(|at| people[at].exact_row(&format!("{letter}{at}"))).collect::<Vec<_>>()
    };
    night.write("in/gp.csv", format!("{}\n{}\n", common::HEADER, rows(0..40, 'g').join("\n")));
    job_of_changes(&night, "");
    let sent = |rows: &[String]| changes(&rows.iter().map(|row| ("", row.as_str())).collect::<Vec<_>>());
    night.write("in/hospice-1.csv", sent(&rows(0..10, 'h')));
    night.run().done();

    // One without a record_id, and one that is cut off and holds a number.
    let nameless = people[30].exact_row("");
    let second = format!("{},{nameless}\n,h31,{}\n", sent(&rows(20..22, 'h')), people[31].nhs_number);
    night.write("in/hospice-2.csv", second);
    night.run().done().names_nobody(&people);
    let standing = night.current("").canonicalize().unwrap();
    let table = night.table("quarantine.parquet");
    let [file, number, reason, raw] = ["source_file", "source_row", "code", "raw"].map(|column| table.column(column));
    let told: Vec<[&str; 3]> = table.rows.iter().map(|row| [file, number, reason].map(|at| row[at].as_str())).collect();
    assert_eq!(told, [["in/hospice-2.csv", "3", "no_record_id"], ["in/hospice-2.csv", "4", "ragged"]]);
    assert!(table.rows[0][raw].contains(&people[30].nhs_number) && table.rows[1][raw].contains(&people[31].nhs_number));
    let json = run_json(&night);
    // The accounts add up: rows that were applied count in what the hospice holds, the others here.
    let quarantine = common::Account { quarantine: 2, ..Default::default() };
    assert_eq!(common::account_of(&json, "in/hospice-2.csv"), (2, quarantine));
    let held = common::Account { crosswalk: 12, ..Default::default() };
    assert_eq!(common::account_of(&json, "out/state/changes/hospice/standing.csv"), (12, held));
    assert_eq!(json["accounts"]["rows"], 40 + 12 + 2);
    assert_eq!(counts(&night, "in/hospice-2.csv"), [("new".to_string(), 2), ("unusable".to_string(), 2)].into());
    let gate = json["gates"].as_array().unwrap().iter().find(|gate| gate["name"] == "quarantined").unwrap();
    assert!(gate["saw"].as_str().unwrap().starts_with("2 of 56 rows"), "{gate}");

    // The report made anew counts them as the night did.
    let report = std::fs::read(night.current("report.html")).unwrap();
    let mut again = common::onefolk();
    again.arg("report").arg(night.path("job.toml"));
    common::outcome(again).done();
    assert!(std::fs::read(night.current("report.html")).unwrap() == report);

    // Somebody objects whose number stands in one: the kept run loses the text. The night itself does not tell of the rows again.
    night.write("objections.csv", format!("nhs_number\n{}\n", people[31].nhs_number));
    let text = std::fs::read_to_string(night.path("job.toml")).unwrap();
    let text = text.replace("maximum_quarantined = \"100 %\"", "maximum_quarantined = \"10 %\"");
    night.write("job.toml", text + "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n");
    night.run().done();
    assert_eq!(night.table("quarantine.parquet").rows.len(), 0);
    let kept = common::table(&standing.join("quarantine.parquet"));
    assert!(kept.rows[0][raw].contains(&people[30].nhs_number) && !kept.rows[1][raw].contains(&people[31].nhs_number));

    // A feed that is broken stops the night, and has been read by none.
    let broken: Vec<String> =
        rows(22..24, 'h').into_iter().chain((24..32).map(|at| people[at].exact_row(""))).collect();
    night.write("in/hospice-3.csv", sent(&broken));
    assert!(night.run().failed(1, "OF0510").stderr.contains("most of in/hospice-3.csv"));
    night.run_with(&["--waive", "quarantined"]).done();
    assert_eq!(night.table("quarantine.parquet").rows.len(), 8);
}

#[test]
fn changes_count_only_with_the_run_that_is_published_and_never_backwards() {
    let people = town(40, 4);
    let night = Night::new();
    let row = |at: usize, id: &str| people[at].exact_row(id);
    let gp: Vec<String> = (0..40).map(|at| row(at, &format!("g{at}"))).collect();
    night.write("in/gp.csv", format!("{}\n{}\n", common::HEADER, gp.join("\n")));
    job_of_changes(&night, "");
    phone_tells_when(&night);
    let dated = |at: usize, id: &str, day: &str| Person { phone: day.into(), ..people[at].clone() }.exact_row(id);
    let first: Vec<String> = (0..10).map(|at| dated(at, &format!("h{at}"), "2026-11-10")).collect();
    night.write("in/hospice-1.csv", changes(&first.iter().map(|row| ("", row.as_str())).collect::<Vec<_>>()));
    night.run().done();

    // A night that publishes nothing, and a dry run, have read nothing.
    night.write(
        "in/hospice-2.csv",
        changes(&[("", dated(20, "h1", "2026-11-20").as_str()), ("D", "h2,,,,,,,,2026-11-20")]),
    );
    night.run_with(&["--dry-run"]).done();
    night.write("out/state/decisions.csv", "what,is,this\n");
    assert_eq!(night.run().status, Some(2), "decisions that cannot be read stop the night");
    std::fs::remove_file(night.output().join("state/decisions.csv")).unwrap();
    assert_eq!(held(&night).len(), 10);
    assert!(!night.output().join("state/changes/hospice/next").exists());
    night.run().done();
    assert_eq!(counts(&night, "in/hospice-2.csv"), [("changed".to_string(), 1), ("deleted".to_string(), 1)].into());
    assert_eq!(held(&night).len(), 9);

    // One that comes too late changes nothing that is newer.
    night.write(
        "in/hospice-0.csv",
        changes(&[("", dated(1, "h1", "2026-11-15").as_str()), ("D", "h1,,,,,,,,2026-11-16")]),
    );
    let told = night.run().done();
    assert!(told.stderr.contains("2 are older than what it holds"), "{}", told.stderr);
    assert_eq!(counts(&night, "in/hospice-0.csv"), [("older".to_string(), 2)].into());
    let ids = night.person_ids();
    let of = |provider: &str, id: &str| ids[&(provider.to_string(), id.to_string())].clone();
    assert_eq!(of("hospice", "h1"), of("gp", "g20"));

    // Nothing new on a later day: what it held stands, and is said to be old.
    common::edit(&night.path("job.toml"), "2026-11-22", "2026-11-24");
    for file in 0..3 {
        std::fs::remove_file(night.path(&format!("in/hospice-{file}.csv"))).unwrap();
    }
    let told = night.run().done();
    assert!(told.stderr.contains("provider hospice has sent nothing usable"), "{}", told.stderr);
    assert_eq!(held(&night).len(), 9);

    // What a kill leaves between publishing and moving on is moved on by the next run; what is damaged is never used.
    let folder = night.output().join("state/changes/hospice");
    std::fs::create_dir(folder.join("next")).unwrap();
    std::fs::rename(folder.join("standing.json"), folder.join("next/standing.json")).unwrap();
    night.run().done();
    assert!(folder.join("standing.json").exists() && !folder.join("next").exists());
    let bytes = std::fs::read_to_string(folder.join("standing.csv")).unwrap();
    std::fs::write(folder.join("standing.csv"), bytes.replace("h3", "h33")).unwrap();
    let standing = night.standing();
    night.run().failed(4, "OF0529");
    assert!(night.standing() == standing);
}

#[test]
fn an_extract_of_changes_that_cannot_be_read_holds_back_only_what_comes_after_it() {
    let people = town(40, 12);
    let night = with_hospice(&people, "");
    night.run().done();
    night.write("in/hospice-2.csv", changes(&[("", people[20].exact_row("h20").as_str())]));
    night.write("in/hospice-3.csv", "");
    night.write("in/hospice-4.csv", deletes("h1"));
    let told = night.run().done();
    let warning =
        "2 extracts with changes of provider hospice wait, as in/hospice-3.csv cannot be read: an extract is empty: ";
    assert!(told.stderr.contains(warning) && told.stderr.contains("(OF0202)"), "{}", told.stderr);
    assert!(!told.stderr.contains("nothing usable"), "{}", told.stderr);
    told.names_nobody(&people);
    assert_eq!(counts(&night, "in/hospice-2.csv"), [("new".to_string(), 1)].into());
    let waiting = || run_json(&night)["provider_changes"][0]["waiting"].clone();
    let told = waiting();
    assert!(told["file"] == "in/hospice-3.csv" && told["code"] == "OF0202" && told["extracts"] == 2, "{told}");
    let now = held(&night);
    assert!(now.contains("h20") && now.contains("h1"), "{now:?}");

    // It is told on the day itself as well where nothing came before it; where the job says so, it stops the night.
    night.write("in/hospice-0.csv", "");
    let told = night.run().done();
    // Those that were read before it came do not wait.
    let warning = "3 extracts with changes of provider hospice wait, as in/hospice-0.csv cannot be read: ";
    assert!(told.stderr.contains(warning), "{}", told.stderr);
    assert_eq!(held(&night), now);
    common::edit(&night.path("job.toml"), "mode = \"changes\"\n", "mode = \"changes\"\nwhen_missing = \"stop\"\n");
    night.run().failed(3, "OF0202");
    std::fs::remove_file(night.path("in/hospice-0.csv")).unwrap();

    // What has waited is read in its turn.
    night.write("in/hospice-3.csv", changes(&[("", people[21].exact_row("h21").as_str())]));
    night.run().done();
    let now = held(&night);
    assert!(now.contains("h20") && now.contains("h21") && !now.contains("h1"), "{now:?}");
    assert!(waiting().is_null());
}

#[test]
fn a_column_that_an_extract_of_changes_has_lost_is_a_matter_for_the_gate() {
    let people = town(40, 13);
    let night = with_hospice(&people, "");
    night.run().done();
    let whole = changes(&[("", people[20].exact_row("h20").as_str())]);
    let short: String = whole.lines().map(|line| format!("{}\n", line.rsplit_once(',').unwrap().0)).collect();
    night.write("in/hospice-2.csv", short);
    let told = night.run().failed(1, "OF0508");
    assert!(told.stderr.contains("an extract of provider hospice without its column \"phone\""), "{}", told.stderr);
    assert!(!night.output().join("state/changes/hospice/next").exists());
    night.run_with(&["--waive", "column_missing"]).done();
    assert!(held(&night).contains("h20"));

    // While it lies there nobody is asked again, and what comes after it is read.
    night.write("in/hospice-3.csv", deletes("h1"));
    night.run().done();
    let now = held(&night);
    assert!(now.contains("h20") && !now.contains("h1"), "{now:?}");
    assert_eq!(counts(&night, "in/hospice-2.csv"), BTreeMap::new(), "read before");

    // Nobody knows whose rows these are.
    night.write("in/hospice-4.csv", whole.replace("op,id,", "op,number,"));
    let told = night.run_with(&["--waive", "column_missing"]).failed(1, "OF0508");
    assert!(told.stderr.contains("without record_id no night goes on"), "{}", told.stderr);
}

#[test]
fn an_extract_of_changes_without_a_row_says_once_that_nothing_has_changed() {
    let people = town(40, 14);
    let night = with_hospice(&people, "");
    night.run().done();
    night.write("in/hospice-2.csv", changes(&[]));
    common::edit(&night.path("job.toml"), "2026-11-22", "2026-11-23");
    let told = night.run().done();
    assert!(!told.stderr.contains("nothing usable"), "{}", told.stderr);
    // It lies there still, and tells of another day no more.
    common::edit(&night.path("job.toml"), "2026-11-23", "2026-11-24");
    let told = night.run().done();
    let warning = "provider hospice has sent nothing usable: its records of 2026-11-23 stand, 1 day old";
    assert!(told.stderr.contains(warning), "{}", told.stderr);
    night.write("in/hospice-3.csv", changes(&[]));
    let told = night.run().done();
    assert!(!told.stderr.contains("nothing usable"), "{}", told.stderr);
    assert_eq!(held(&night).len(), 10);
}

#[test]
fn what_is_gone_is_not_brought_back_by_what_comes_late() {
    let people = town(40, 15);
    let night = with_hospice(&people, "");
    phone_tells_when(&night);
    let dated = |at: usize, day: &str| Person { phone: day.into(), ..people[at].clone() }.exact_row(&format!("h{at}"));
    let first: Vec<String> = (0..10).map(|at| dated(at, "2026-11-10")).collect();
    night.write("in/hospice-1.csv", changes(&first.iter().map(|row| ("", row.as_str())).collect::<Vec<_>>()));
    night.run().done();
    // One says when, the other does not.
    night.write("in/hospice-2.csv", changes(&[("D", "h2,,,,,,,,2026-11-20"), ("D", "h3,,,,,,,,")]));
    night.run().done();
    assert_eq!(held(&night).len(), 8);
    let late = [dated(2, "2026-11-15"), dated(3, "2026-11-09")];
    night.write("in/hospice-0.csv", changes(&[("", late[0].as_str()), ("", late[1].as_str())]));
    let told = night.run().done();
    assert!(told.stderr.contains("2 are older than what it holds or has deleted"), "{}", told.stderr);
    assert_eq!(counts(&night, "in/hospice-0.csv"), [("older".to_string(), 2)].into());
    assert_eq!(held(&night).len(), 8);
    // Whoever comes back comes back.
    night.write("in/hospice-3.csv", changes(&[("", dated(2, "2026-11-21").as_str())]));
    night.run().done();
    assert_eq!(counts(&night, "in/hospice-3.csv"), [("new".to_string(), 1)].into());
    assert!(held(&night).contains("h2") && !held(&night).contains("h3"));
}

#[test]
fn the_same_extract_of_changes_twice_in_one_night_counts_once() {
    let people = town(40, 16);
    let night = with_hospice(&people, "");
    night.write("in/hospice-2.csv", deletes("h1"));
    std::fs::copy(night.path("in/hospice-1.csv"), night.path("in/hospice-3.csv")).unwrap();
    night.run().done();
    assert!(!held(&night).contains("h1"));
    assert_eq!(counts(&night, "in/hospice-3.csv"), BTreeMap::new(), "read before");
}

#[test]
fn a_provider_that_sends_only_changes_is_missing_where_none_of_its_extracts_is_there() {
    let people = town(40, 17);
    let night = with_hospice(&people, "when_missing = \"without\"\n");
    night.run().done();
    // Nothing new is a quiet night.
    night.run().done();
    assert_eq!(held(&night).len(), 10);
    std::fs::remove_file(night.path("in/hospice-1.csv")).unwrap();
    night.run().done();
    assert_eq!(held(&night).len(), 0, "the night goes on without its records");
    // What it held has waited.
    night.write("in/hospice-2.csv", changes(&[("", people[20].exact_row("h20").as_str())]));
    night.run().done();
    assert_eq!(held(&night).len(), 11);

    common::edit(&night.path("job.toml"), "\"without\"", "\"stop\"");
    night.run().done();
    std::fs::remove_file(night.path("in/hospice-2.csv")).unwrap();
    let standing = night.standing();
    night.run().failed(3, "OF0216");
    assert!(night.standing() == standing);
}

#[test]
fn what_a_killed_night_has_read_is_not_taken_for_what_a_rollback_has() {
    let people = town(40, 18);
    let night = with_hospice(&people, "");
    night.run().done();
    night.write("in/hospice-2.csv", changes(&[("", people[20].exact_row("h20").as_str())]));
    let folder = night.output().join("state/changes/hospice");
    let next = folder.join("next");
    let rollback = || {
        let mut rollback = common::onefolk();
        rollback.arg("rollback").arg(night.path("job.toml")).arg("2026-11-22-01");
        common::outcome(rollback).done();
        assert!(!next.exists() && folder.join("standing.json").exists());
    };
    // A second night is killed before it is published; the rollback gets its id.
    let second = night.copy();
    second.run().done();
    std::fs::create_dir(&next).unwrap();
    for name in ["standing.csv", "standing.json"] {
        std::fs::copy(second.output().join("state/changes/hospice").join(name), next.join(name)).unwrap();
    }
    rollback();
    night.run().done();
    assert_eq!(counts(&night, "in/hospice-2.csv"), [("new".to_string(), 1)].into());
    // One that was published, and killed before what it has read was in its place.
    std::fs::create_dir(&next).unwrap();
    for name in ["standing.csv", "standing.json"] {
        std::fs::rename(folder.join(name), next.join(name)).unwrap();
    }
    rollback();
    night.run().done();
    assert_eq!(counts(&night, "in/hospice-2.csv"), BTreeMap::new(), "read before");
    assert!(held(&night).contains("h20"));
}

#[test]
fn what_a_provider_of_changes_holds_goes_only_with_a_published_run_that_somebody_lets_it_go_with() {
    let people = town(40, 19);
    let night = with_hospice(&people, "");
    night.run().done();
    let whole = std::fs::read(night.path("job.toml")).unwrap();
    let folder = night.output().join("state/changes/hospice");
    // Somebody leaves it out of the job, and tries what comes of it.
    let alone = job(&[("gp", "in/gp.csv", "")], GATES);
    night.write("job.toml", &alone);
    let standing = night.standing();
    let told = night.run().failed(1, "OF0555");
    let words = "gate provider_left saw provider hospice with 10 rows no longer in the job, expected every provider of";
    assert!(told.stderr.contains(words), "{}", told.stderr);
    // That another's records may be older than they should lets nobody go.
    night.run_with(&["--waive", "provider_missing"]).failed(1, "OF0555");
    assert!(night.standing() == standing && folder.exists());
    night.run_with(&[&LEFT[..], &["--dry-run"]].concat()).done();
    night.write("out/state/decisions.csv", "what,is,this\n");
    assert_eq!(night.run().status, Some(2), "decisions that cannot be read stop the night");
    std::fs::remove_file(night.output().join("state/decisions.csv")).unwrap();
    std::fs::remove_file(night.path("in/hospice-1.csv")).unwrap();
    night.write("job.toml", &whole);
    night.run().done();
    assert_eq!(held(&night).len(), 10, "it is all there still");
    // Another id is another provider, and the one before has left.
    night.write("job.toml", String::from_utf8(whole).unwrap().replace("id = \"hospice\"", "id = \"ward\""));
    night.write("in/hospice-1.csv", changes(&[("", people[20].exact_row("h20").as_str())]));
    night.run().failed(1, "OF0555");
    assert!(folder.exists() && !night.output().join("state/changes/ward/standing.json").exists());
    night.write("job.toml", &alone);
    let files = both_files(&folder);
    night.run_with(&LEFT).done();
    assert!(!folder.exists());
    assert_eq!(run_json(&night)["providers_left"], serde_json::json!(["hospice"]));

    // A kill may leave it there once the night stands: it goes with the next one. What is there later somebody has put back.
    put_back(&folder, &files);
    night.run().done();
    assert!(!folder.exists());
    night.run().done();
    put_back(&folder, &files);
    let told = night.run().failed(1, "OF0555");
    let words = "provider hospice with records of an earlier night no longer in the job";
    assert!(told.stderr.contains(words) && folder.exists(), "{}", told.stderr);
}

/// What a provider of changes holds: its extract and its list, by their names.
fn both_files(folder: &Path) -> [(&'static str, Vec<u8>); 2] {
    ["standing.csv", "standing.json"].map(|name| (name, std::fs::read(folder.join(name)).unwrap()))
}

fn put_back(folder: &Path, files: &[(&'static str, Vec<u8>)]) {
    std::fs::create_dir_all(folder).unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
}

#[test]
fn an_older_copy_of_what_a_provider_of_changes_held_is_told() {
    let people = town(40, 24);
    let night = with_hospice(&people, "");
    night.run().done();
    let folder = night.output().join("state/changes/hospice");
    let older = both_files(&folder);
    night.write("in/hospice-2.csv", changes(&[("", people[20].exact_row("h20").as_str())]));
    let words = "what provider hospice holds is not what the run before has read: most likely an older copy";
    let told = night.run().done();
    assert!(!told.stderr.contains(words) && held(&night).len() == 11, "{}", told.stderr);
    std::fs::remove_file(night.path("in/hospice-2.csv")).unwrap();
    put_back(&folder, &older);
    let told = night.run().done();
    assert!(told.stderr.contains(words) && held(&night).len() == 10, "{}", told.stderr);
    assert!(run_json(&night)["warnings"].to_string().contains(words), "it is kept");
    let told = night.run().done();
    assert!(!told.stderr.contains(words), "{}", told.stderr);
}

/// The one that sends all that it holds leaves nothing behind either.
#[test]
fn a_provider_that_leaves_the_job_takes_its_last_good_extract_with_it() {
    let night = with_hospice(&town(40, 20), "");
    night.run().done();
    let kept = night.output().join("state/inputs/gp");
    let hospice = "mode = \"changes\"\ndeleted = { column = \"op\", values = [\"D\"] }";
    night.write("job.toml", job(&[("hospice", "in/hospice-*.csv", hospice)], GATES));
    let told = night.run().failed(1, "OF0555");
    assert!(told.stderr.contains("provider gp with 40 rows no longer in the job"), "{}", told.stderr);
    assert!(kept.join("kept.json").exists());
    night.run_with(&LEFT).done();
    assert!(!kept.exists() && night.output().join("state/changes/hospice/standing.json").exists());
}

#[test]
fn a_provider_of_changes_begins_anew_only_where_all_that_it_held_is_gone() {
    let people = town(40, 21);
    let night = with_hospice(&people, "");
    night.run().done();
    night.write("in/hospice-2.csv", changes(&[("", people[20].exact_row("h20").as_str())]));
    std::fs::remove_file(night.path("in/hospice-1.csv")).unwrap();
    let folder = night.output().join("state/changes/hospice");
    let [extract, list] = ["standing.csv", "standing.json"].map(|name| folder.join(name));
    let whole = std::fs::read(&list).unwrap();
    let changed = String::from_utf8(whole.clone()).unwrap().replacen("\"rows\":10", "\"rows\":12", 1).into_bytes();
    assert_ne!(changed, whole);
    let damaged = [
        ("cut off", Some(whole[..50].to_vec())),
        ("emptied", Some(Vec::new())),
        ("changed", Some(changed)),
        ("gone", None),
    ];
    let standing = night.standing();
    for (what, bytes) in damaged {
        match bytes {
            Some(bytes) => std::fs::write(&list, bytes).unwrap(),
            None => std::fs::remove_file(&list).unwrap(),
        }
        for command in ["run", "rollback", "train", "plan"] {
            let mut started = common::onefolk();
            started.arg(command).arg(night.path("job.toml")).args((command == "rollback").then_some("2026-11-22-01"));
            let told = common::outcome(started).failed(4, "OF0529");
            assert!(told.stderr.contains("provider hospice: state/changes/hospice/"), "{what}, {command}");
        }
        assert!(night.standing() == standing && extract.exists(), "{what}");
    }
    std::fs::write(&list, &whole).unwrap();
    let held_before = std::fs::read(&extract).unwrap();
    std::fs::remove_file(&extract).unwrap();
    night.run().failed(4, "OF0529");
    // Put back from a backup nothing is lost; without one it is removed as a whole.
    std::fs::write(&extract, held_before).unwrap();
    let again = night.copy();
    night.run().done();
    assert_eq!(held(&night).len(), 11);
    std::fs::remove_dir_all(again.output().join("state/changes/hospice")).unwrap();
    again.run().done();
    assert_eq!(held(&again).len(), 1, "it has to send everything once more");
}

#[test]
fn an_extract_of_changes_of_which_no_row_can_be_used_waits() {
    let people = town(40, 22);
    let night = with_hospice(&people, "");
    night.run().done();
    night.write("in/hospice-2.csv", format!("op,{}\n,h20\n", common::HEADER));
    night.write("in/hospice-3.csv", deletes("h1"));
    let told = night.run().done();
    let warning =
        "2 extracts with changes of provider hospice wait, as in/hospice-2.csv cannot be read: no row of an extract";
    assert!(told.stderr.contains(warning) && told.stderr.contains("(OF0512)"), "{}", told.stderr);
    assert!(held(&night).contains("h1"));
    // Where the job says so it stops the night; mended it is read in its turn.
    common::edit(&night.path("job.toml"), "mode = \"changes\"\n", "mode = \"changes\"\nwhen_missing = \"stop\"\n");
    night.run().failed(3, "OF0512");
    night.write("in/hospice-2.csv", changes(&[("", people[20].exact_row("h20").as_str())]));
    night.run().done();
    let now = held(&night);
    assert!(now.contains("h20") && !now.contains("h1") && now.len() == 10, "{now:?}");
}

/// Makes the first run of a night current again; gives what is told.
fn back_to_the_first(night: &Night) -> String {
    let mut rollback = common::onefolk();
    rollback.arg("rollback").arg(night.path("job.toml")).arg("2026-11-22-01");
    common::outcome(rollback).done().stderr
}

const NOT_ROLLED_BACK: &str = "what provider hospice holds is not rolled back, as it sends only changes";

/// Nobody comes back with the next night whom the rollback has not.
#[test]
fn a_rollback_says_nothing_of_rows_that_were_only_taken_out_for_an_objection() {
    let people = town(40, 25);
    let night = with_hospice(&people, "");
    night.run().done();
    night.write("objections.csv", format!("nhs_number\n{}\n", people[3].nhs_number));
    let text = std::fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", text + "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n");
    night.run().done();
    let extract = std::fs::read_to_string(night.output().join("state/changes/hospice/standing.csv")).unwrap();
    assert!(!extract.contains(&people[3].nhs_number), "it is held no more");
    let told = back_to_the_first(&night);
    assert!(!told.contains(NOT_ROLLED_BACK), "{told}");
    // A second one takes more out of what is less already.
    night.write("objections.csv", format!("nhs_number\n{}\n{}\n", people[3].nhs_number, people[4].nhs_number));
    night.run().done();
    let told = back_to_the_first(&night);
    assert!(!told.contains(NOT_ROLLED_BACK), "{told}");
    night.write("in/hospice-2.csv", deletes("h1"));
    night.run().done();
    let told = back_to_the_first(&night);
    assert!(told.contains(NOT_ROLLED_BACK), "{told}");
}

#[test]
fn a_rollback_says_what_it_does_not_take_back() {
    let people = town(40, 23);
    let night = with_hospice(&people, "");
    night.run().done();
    night.run().done();
    let told = back_to_the_first(&night);
    assert!(!told.contains(NOT_ROLLED_BACK), "{told}");
    let gone: Vec<String> = (0..6).map(|at| format!("h{at},,,,,,,,")).collect();
    night.write("in/hospice-2.csv", changes(&gone.iter().map(|row| ("D", row.as_str())).collect::<Vec<_>>()));
    night.run().done();
    let told = back_to_the_first(&night);
    assert!(told.contains(NOT_ROLLED_BACK), "{told}");
    assert_eq!(held(&night).len(), 10, "the people are those of then");
    // As it says: the next night goes on from what has come since.
    std::fs::remove_file(night.path("in/hospice-2.csv")).unwrap();
    night.run().done();
    assert_eq!(held(&night).len(), 4);
}

#[test]
fn a_job_that_cannot_mean_what_it_says_of_changes_is_refused() {
    let night = Night::of(&town(10, 5));
    let gp = "mode = \"changes\"\ndeleted = { column = \"sex\", values = [\"D\"] }";
    let text = job(&[("gp", "in/gp.csv", gp), ("acute", "in/acute.csv", "")], "");
    night.write("job.toml", text.replace("mode = \"changes\"\n", ""));
    assert!(night.run().failed(2, "OF0101").stderr.contains("belongs to mode = \"changes\""));
    night.write("job.toml", text.replacen("record_id = \"id\"", "record_id = \"row_number\"", 1));
    assert!(night.run().failed(2, "OF0101").stderr.contains("Changes need a `record_id`"));
}
