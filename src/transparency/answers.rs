//! What is said, part by part.

use super::{Doubt, Part, Told, pictures};
use crate::job::{Content, Identifiers, Purpose, RecipientKind, Release, Setting};
use crate::policy;
use crate::release::{Fate, Outcome};
use crate::summary::rows_name;
use std::collections::BTreeSet;

pub(super) fn parts(told: &Told) -> Vec<Part> {
    vec![
        what(told),
        senders(told),
        sold(told),
        receivers(told),
        refused(told),
        said_no(told),
        safe(told),
        wrong(told),
        changed(told),
        checklist(),
    ]
}

fn part(anchor: &'static str, heading: &'static str, sentences: Vec<String>, points: Vec<String>) -> Part {
    Part { anchor, heading, sentences, points, picture: None }
}

/// "about 120", "a few"; `name` tells the count from every other.
fn about(told: &Told, name: &str, count: u64) -> String {
    let shown = told.shown(name, count);
    match shown.count() {
        None => "a few".into(),
        Some(0) => "no".into(),
        Some(_) => format!("about {shown}"),
    }
}

/// The same of a part of a whole that is told too, here or exactly in the tables: "some" where both together would tell that few are left of it.
fn about_part(told: &Told, name: &str, count: u64, whole: u64) -> String {
    let gives_away = told.control.part(name, count, whole).is_hidden() && !told.control.is_small(name, count);
    if gives_away { "some".into() } else { about(told, name, count) }
}

fn what(told: &Told) -> Part {
    let people = people(told);
    part(
        "what",
        "What this is about",
        vec![
            format!(
                "{} organisations that look after people's health and daily life each keep their own records. A computer program compared \
                 these records to find which of them are about the same person. It found {people}.",
                told.senders.len()
            ),
            "Care can then fit the person: one plan instead of five, and nobody who is forgotten between two services."
                .into(),
            format!(
                "This page says what was done on the records of {}. It is made anew with every run of the program.",
                told.as_of
            ),
        ],
        Vec::new(),
    )
}

/// Everybody, in words.
fn people(told: &Told) -> String {
    let people = told.control.rounding().whole_population(told.people);
    match people.is_hidden() {
        true => "fewer than a thousand people".to_string(),
        false => format!("{people} people"),
    }
}

fn senders(told: &Told) -> Part {
    let line = |sender: &super::Sender| {
        let name = rows_name(sender.id);
        let gives_away = told.records_hidden.contains(sender.id) && !told.control.is_small(&name, sender.records);
        let records = if gives_away { "some".into() } else { about(told, &name, sender.records) };
        format!("{}, {}: {records} records", sender.name, setting(sender.setting))
    };
    let senders: Vec<&str> = told.senders.iter().map(|sender| sender.name).collect();
    let receivers: Vec<&str> = made(told).map(|(release, _)| release.recipient.as_str()).collect();
    let refused = told.releases.iter().filter(|(_, outcome)| matches!(outcome.fate, Fate::Refused { .. })).count();
    let people = people(told);
    let picture = Some(pictures::flow(&senders, &people, &receivers, refused));
    let points = told.senders.iter().map(line).collect();
    Part { picture, ..part("senders", "Who sent records, and where they go", Vec::new(), points) }
}

fn setting(setting: Setting) -> &'static str {
    match setting {
        Setting::GeneralPractice => "a GP practice",
        Setting::Acute => "a hospital",
        Setting::Community => "nurses and therapists who visit people",
        Setting::MentalHealth => "mental health services",
        Setting::SocialCare => "help with daily life, from the council",
        Setting::Ambulance => "ambulances",
        Setting::UrgentCare => "urgent care",
        Setting::Hospice => "care at the end of life",
        Setting::Pharmacy => "a pharmacy",
        Setting::PublicHealth => "public health, such as vaccinations",
        Setting::Housing => "housing",
        Setting::Voluntary => "a charity",
        Setting::Other => "another service",
    }
}

fn made<'a>(told: &'a Told) -> impl Iterator<Item = (&'a Release, &'a Outcome)> {
    told.releases.iter().copied().filter(|(_, outcome)| matches!(outcome.fate, Fate::Released { .. }))
}

fn is_company(release: &Release) -> bool {
    matches!(release.recipient_kind, RecipientKind::Company | RecipientKind::Processor)
}

fn sold(told: &Told) -> Part {
    let asked = told.releases.iter().filter(|(release, _)| release.purpose == Purpose::Commercial).count();
    let companies: Vec<String> =
        made(told).filter(|(release, _)| is_company(release)).map(|(release, _)| for_company(release)).collect();
    let mut sentences = vec![
        "No. The program refuses to hand out anything for business, whoever asks and whoever agrees, and nobody can switch that off in its \
         settings."
            .to_string(),
        match asked {
            0 => "Nobody had asked for it in this run.".into(),
            1 => "One such request stood in the settings of this run. It was refused.".into(),
            more => format!("{more} such requests stood in the settings of this run. All were refused."),
        },
    ];
    if companies.is_empty() {
        sentences.push("No company got anything from this run.".into());
    }
    part("sold", "Is my data sold?", sentences, companies)
}

fn for_company(release: &Release) -> String {
    match (&release.controller, release.content) {
        (_, Content::Summary) => format!("{} got tables of numbers about nobody in particular.", release.recipient),
        (Some(controller), _) => format!(
            "{} got records to work on for {controller}. Its contract does not let it use them for anything else.",
            release.recipient
        ),
        (None, _) => format!("{} got records of people whom it cares for itself.", release.recipient),
    }
}

fn receivers(told: &Told) -> Part {
    let points: Vec<String> = made(told).map(|(release, outcome)| received(told, release, outcome)).collect();
    let sentences = match points.is_empty() {
        true => vec!["Nobody got anything from this run.".to_string()],
        false => {
            vec!["Everybody below got this and nothing else, and somebody had to agree to it by name first.".into()]
        }
    };
    part("receivers", "Who gets what, and why", sentences, points)
}

fn received(told: &Told, release: &Release, outcome: &Outcome) -> String {
    let why = match release.purpose {
        Purpose::DirectCare => "to care for these people",
        Purpose::Safeguarding => "to protect people from harm",
        Purpose::StatutoryReturn => "because a law asks for it",
        Purpose::Planning => "to plan services",
        Purpose::Research => "for research",
        Purpose::Audit => "to check how good care is",
        Purpose::Commercial => "for business",
    };
    if release.content == Content::Summary {
        return format!("{}, {why}: tables of numbers. Small numbers are hidden.", release.recipient);
    }
    let lines = match outcome.fate {
        Fate::Released { lines, .. } => lines,
        _ => 0,
    };
    let who = match release.identifiers {
        Identifiers::NhsNumber => "with NHS numbers",
        Identifiers::Pseudonym => "without names; each person has a made-up number",
        Identifiers::None => "without names or numbers",
    };
    if release.content == Content::Crosswalk {
        return format!(
            "{}, {why}: which of {} own records are of one person, {who}. Until {}.",
            release.recipient,
            about(told, &format!("{}|lines", release.id), lines),
            release.valid_until
        );
    }
    let columns = release.columns.join(", ").replace('_', " ");
    let rule = release.cohort.as_ref().map_or(String::new(), |cohort| format!(" who meet the rule {}", cohort.id));
    format!(
        "{}, {why}: {} people{rule}, {who}. It says: {columns}. Until {}.",
        release.recipient,
        about_part(told, &format!("{}|lines", release.id), lines, told.people),
        release.valid_until
    )
}

/// What the page says of a rule: its sentence for everybody, not the one for whoever sets up releases.
fn in_plain_words(rule: &str) -> &'static str {
    let known = policy::built_in().rule.iter().find(|known| known.id == rule);
    known.map_or("", |known| known.public.as_str())
}

/// Rules that hold a release back until something is done, and say nothing against it.
const WAITS: [&str; 2] = ["approved", "earlier_issues_known"];

fn refused(told: &Told) -> Part {
    let mut points = Vec::new();
    for (release, outcome) in &told.releases {
        let Fate::Refused { refusals } = &outcome.fate else { continue };
        let why: Vec<&str> = refusals.iter().map(|refusal| in_plain_words(refusal.rule)).collect();
        let what = if release.content == Content::Summary { "tables" } else { "records" };
        // What is mended or agreed to one day is no request that should not have been made.
        let waits = !refusals.is_empty() && refusals.iter().all(|refusal| WAITS.contains(&refusal.rule));
        points.push(match waits {
            true => format!("{} waits for {what} and got nothing yet. {}", release.recipient, why.join(" ")),
            false => format!("{} wanted {what} and got nothing. {}", release.recipient, why.join(" ")),
        });
    }
    let sentences = if points.is_empty() { vec!["Nothing was refused in this run.".to_string()] } else { Vec::new() };
    part("refused", "What was refused, and why", sentences, points)
}

fn said_no(told: &Told) -> Part {
    let local_people = match about(told, "local_people", told.local_people) {
        nobody if nobody == "no" => String::new(),
        people => format!(", of {people} people"),
    };
    part(
        "said-no",
        "People who said no",
        vec!["Anybody may say no, and it costs them no care.".into()],
        vec![
            format!(
                "To being here at all: {} records were taken out before anything was compared{local_people}.",
                about_part(told, "local_rows", told.local_rows, told.withheld_rows)
            ),
            format!(
                "To their GP passing on records for anything but care: {} people.",
                about_part(told, "type_1", told.type_1, told.people)
            ),
            format!(
                "To being used for planning and research (the national data opt-out): {} people.",
                about_part(told, "national", told.national, told.people)
            ),
        ],
    )
}

fn safe(told: &Told) -> Part {
    let people = || made(told).filter(|(release, _)| release.is_person_level());
    let sealed = people().filter(|(release, _)| !release.encrypt_to.is_empty()).count();
    let tables = made(told).any(|(release, _)| release.content == Content::Summary);
    let unproven = (tables && told.unproven > 0).then(|| {
        format!(
            "{} in the tables of this run could be worked out by somebody who has the tables from before and knows of everybody who has come or gone since. The program found no way to hide more.",
            if told.unproven == 1 { "One small number".into() } else { format!("{} small numbers", told.unproven) },
        )
    });
    part(
        "safe",
        "Is it safe?",
        vec!["Nothing on a computer is safe for ever. This is what was done, and what was not:".into()],
        [
            format!("Of {} sets of records about people that were handed out, {sealed} were locked so that only the receiver can open them.", people().count()),
            "Whoever gets records without names gets made-up numbers that nobody else has, so that two receivers cannot put theirs together.".into(),
            few_alike(told),
            "Every run, every look at names or numbers with this program and every handing out is written into a book that cannot be changed without being found out. You may ask who has had what about you.".into(),
            "Addresses of people who must stay hidden are in nothing that is handed out.".into(),
            "Whoever runs the program can see the records. The book says that they did; it does not stop them.".into(),
        ]
        .into_iter()
        .chain(unproven)
        .collect(),
    )
}

/// What was done where few people are alike: where one is enough to be alike, nothing is taken out.
fn few_alike(told: &Told) -> String {
    let least = || made(told).filter_map(|(release, _)| release.effective_minimum(told.policy));
    let open = least().filter(|least| *least <= 1).count();
    let taken_out = "what a neighbour may know of them was taken out";
    let tables = "Small numbers are hidden in tables.";
    match (open, least().count()) {
        (_, 0) => tables.into(),
        (0, _) => format!("Where few people in records without names are alike, {taken_out}. {tables}"),
        (open, all) if open == all => format!(
            "In records without names, nothing was taken out where few people are alike. Whoever knows somebody well may find them there. {tables}"
        ),
        (open, all) => format!(
            "Where few people in records without names are alike, {taken_out}, but not in {open} of these {all} sets of records. Whoever \
             knows somebody well may find them there. {tables}"
        ),
    }
}

fn wrong(told: &Told) -> Part {
    let Some(doubt) = told.doubt.filter(|doubt| doubt.people > 0) else {
        let none = "This run put nobody together from several records.".to_string();
        return part("wrong", "How often is somebody mixed up?", vec![none], Vec::new());
    };
    let sentences = vec![
        format!(
            "Of 1,000 people who were put together from several records, the program expects that {} a record that is somebody else's.",
            match per_thousand(doubt) {
                share if share < 1.0 => "fewer than one holds".to_string(),
                share => format!("about {share:.0} hold"),
            }
        ),
        "This is the program's own estimate, and so are those for groups of people beside it. What it overlooks, such as two records of one \
         person that were not put together, has to be measured against the truth; ask for the last such report."
            .into(),
    ];
    // Of a group with few people neither size nor share is told.
    let group = |group: &super::GroupDoubt| {
        let size = told.shown(&format!("doubt|{}", group.group), group.doubt.people);
        size.count().filter(|count| *count >= FEWEST_OF_A_GROUP).map(|_| match per_thousand(group.doubt) {
            share if share < 1.0 => format!("Of 1,000 {}: fewer than one.", group.group),
            share => format!("Of 1,000 {}: about {share:.0}.", group.group),
        })
    };
    let points = told.doubt_of_groups.iter().filter_map(group).collect();
    let picture = Some(pictures::crowd(doubt.wrong / doubt.people as f64));
    Part { picture, ..part("wrong", "How often is somebody mixed up, and who?", sentences, points) }
}

/// Groups with fewer people than this tell nothing: one person more or less would change their share too much.
const FEWEST_OF_A_GROUP: u64 = 100;

fn per_thousand(doubt: Doubt) -> f64 {
    doubt.wrong / doubt.people.max(1) as f64 * 1000.0
}

fn changed(told: &Told) -> Part {
    const HEADING: &str = "What has changed since last time";
    let Some(before) = &told.before else {
        return part("changed", HEADING, vec!["This is the first time.".into()], Vec::new());
    };
    let released: BTreeSet<String> = made(told).map(|(release, _)| release.id.clone()).collect();
    let refusals = told.releases.iter().filter(|(_, outcome)| matches!(outcome.fate, Fate::Refused { .. }));
    let refused: BTreeSet<String> = refusals.map(|(release, _)| release.id.clone()).collect();
    let senders: BTreeSet<String> = told.senders.iter().map(|sender| sender.id.to_string()).collect();
    let name = |id: &String| {
        let known = told.senders.iter().find(|sender| sender.id == *id);
        known.map_or_else(|| id.clone(), |sender| sender.name.to_string())
    };
    let mut points = Vec::new();
    points.extend(released.difference(&before.released).map(|id| format!("Handed out anew: {id}.")));
    points
        .extend(before.released.difference(&released).map(|id| format!("Not handed out any more, or not due: {id}.")));
    points.extend(refused.difference(&before.refused).map(|id| format!("Refused for the first time: {id}.")));
    let changed = told.releases.iter().filter(|(_, outcome)| {
        before.definitions.get(&outcome.id).is_some_and(|definition| *definition != outcome.definition)
    });
    points.extend(
        changed.map(|(_, outcome)| format!("Changed: {}. Its terms are not the same as last time.", outcome.id)),
    );
    points.extend(senders.difference(&before.senders).map(|id| format!("Sends records now: {}.", name(id))));
    points.extend(before.senders.difference(&senders).map(|id| format!("Sends none any more: {}.", name(id))));
    let sentences = if points.is_empty() {
        vec!["The same as last time was sent, handed out and refused.".to_string()]
    } else {
        Vec::new()
    };
    part("changed", HEADING, sentences, points)
}

fn checklist() -> Part {
    let questions = [
        "Does everybody above really need every column that they get?",
        "Do I know the people who agreed, and did I agree where my name stands?",
        "Was anything refused that worries me, and will they ask again?",
        "Has something been added since last time, and who told the public?",
        "Has anybody outside the office checked the book (onefolk audit verify with a key kept elsewhere)?",
        "When was it last measured for whom the program is wrong, and what was done about it?",
    ];
    part("checklist", "A lay partner's checklist", Vec::new(), questions.map(String::from).to_vec())
}
