//! What is said, part by part.

use super::{Part, Told};
use crate::job::{Content, Identifiers, Purpose, RecipientKind, Release, Setting};
use crate::policy;
use crate::release::{Fate, Outcome};
use crate::summary::disclosure::Shown;

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
    Part { anchor, heading, sentences, points }
}

/// "about 120", "a few".
fn about(count: u64) -> String {
    match Shown::single(count).count() {
        None => "a few (fewer than 8)".into(),
        Some(0) => "no".into(),
        Some(_) => format!("about {}", Shown::single(count)),
    }
}

fn what(told: &Told) -> Part {
    let people = Shown::whole_population(told.people);
    let people = if people.is_hidden() { "a few people".to_string() } else { format!("{people} people") };
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

fn senders(told: &Told) -> Part {
    let line = |sender: &super::Sender| {
        format!("{}, {}: {} records", sender.name, setting(sender.setting), about(sender.records))
    };
    part("senders", "Who sent records", Vec::new(), told.senders.iter().map(line).collect())
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
    let points: Vec<String> = made(told).map(|(release, outcome)| received(release, outcome)).collect();
    let sentences = match points.is_empty() {
        true => vec!["Nobody got anything from this run.".to_string()],
        false => {
            vec!["Everybody below got this and nothing else, and somebody had to agree to it by name first.".into()]
        }
    };
    part("receivers", "Who gets what, and why", sentences, points)
}

fn received(release: &Release, outcome: &Outcome) -> String {
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
            about(lines),
            release.valid_until
        );
    }
    let columns = release.columns.join(", ").replace('_', " ");
    format!(
        "{}, {why}: {} people, {who}. It says: {columns}. Until {}.",
        release.recipient,
        about(lines),
        release.valid_until
    )
}

fn refused(told: &Told) -> Part {
    let mut points = Vec::new();
    for (release, outcome) in &told.releases {
        let Fate::Refused { refusals } = &outcome.fate else { continue };
        let says = |rule: &str| {
            policy::built_in()
                .rule
                .iter()
                .find(|known| known.id == rule)
                .map_or(String::new(), |rule| rule.says.clone())
        };
        let why: Vec<String> = refusals.iter().map(|refusal| says(refusal.rule)).collect();
        points.push(format!("{} wanted records and got nothing. {}", release.recipient, why.join(" ")));
    }
    let sentences = if points.is_empty() { vec!["Nothing was refused in this run.".to_string()] } else { Vec::new() };
    part("refused", "What was refused, and why", sentences, points)
}

fn said_no(told: &Told) -> Part {
    part(
        "said-no",
        "People who said no",
        vec!["Anybody may say no, and it costs them no care.".into()],
        vec![
            format!(
                "To being here at all: {} records were taken out before anything was compared.",
                about(told.local_rows)
            ),
            format!("To their GP passing on records for anything but care: {} people.", about(told.type_1)),
            format!(
                "To being used for planning and research (the national data opt-out): {} people.",
                about(told.national)
            ),
        ],
    )
}

fn safe(told: &Told) -> Part {
    let people = || made(told).filter(|(release, _)| release.is_person_level());
    let sealed = people().filter(|(release, _)| !release.encrypt_to.is_empty()).count();
    part(
        "safe",
        "Is it safe?",
        vec!["Nothing on a computer is safe for ever. This is what was done, and what was not:".into()],
        vec![
            format!("Of {} sets of records about people that were handed out, {sealed} were locked so that only the receiver can open them.", people().count()),
            "Whoever gets records without names gets made-up numbers that nobody else has, so that two receivers cannot put theirs together.".into(),
            "Where few people are alike, what could tell who they are was taken out. Small numbers are hidden in tables.".into(),
            "Every run, every look at somebody's record and every handing out is written into a book that cannot be changed without being found out. You may ask who has had what about you.".into(),
            "Addresses of people who must stay hidden are in nothing that is handed out.".into(),
            "Whoever runs the program can see the records. The book says that they did; it does not stop them.".into(),
        ],
    )
}

fn wrong(told: &Told) -> Part {
    let said = match told.doubt {
        Some(doubt) if doubt.people > 0 => {
            let share = doubt.wrong / doubt.people as f64 * 1000.0;
            match share {
                share if share < 1.0 => "Of 1,000 people who were put together from several records, the program expects that fewer than one holds a record that is somebody else's.".to_string(),
                share => format!("Of 1,000 people who were put together from several records, the program expects that about {share:.0} hold a record that is somebody else's."),
            }
        }
        _ => "This run put nobody together from several records.".to_string(),
    };
    part(
        "wrong",
        "How often is somebody mixed up?",
        vec![
            said,
            "This is the program's own estimate. For whom it is wrong more often (by age, sex, ethnic group or how poor a place is) has to be measured against the truth; ask for the last such report.".into(),
        ],
        Vec::new(),
    )
}

fn changed(told: &Told) -> Part {
    let now: std::collections::BTreeSet<String> = made(told).map(|(release, _)| release.id.clone()).collect();
    let Some(before) = &told.released_before else {
        return part("changed", "What has changed since last time", vec!["This is the first time.".into()], Vec::new());
    };
    let begun = now.difference(before).map(|id| format!("New: {id}."));
    let ended = before.difference(&now).map(|id| format!("Not handed out any more, or not due: {id}."));
    let points: Vec<String> = begun.chain(ended).collect();
    let sentences =
        if points.is_empty() { vec!["The same as last time was handed out.".to_string()] } else { Vec::new() };
    part("changed", "What has changed since last time", sentences, points)
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
