//! One field that holds the whole name → given, middle and family name.

use super::{Part, clean};
use crate::standardise::characters::{repair_encoding, trim};
use crate::standardise::{Flags, Reason, Verdict, reference};

/// The parts of a full name, each canonical (empty = missing).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FullName {
    pub given: String,
    pub middle: String,
    pub family: String,
    pub flags: Flags,
    pub reason: Option<Reason>,
}

/// Splits "SURNAME, Given Middle", "Given Middle Surname", "Mr Jan van der Berg", "SMITH John".
pub fn split_full(raw: &str) -> FullName {
    let repaired = repair_encoding(raw);
    let text = trim(repaired.as_deref().unwrap_or(raw));
    let (family, given) = split_at_comma(text).unwrap_or_else(|| split_by_words(text));
    let mut full = FullName::default();
    full.take(&family, Part::Family);
    full.take(&given, Part::Given);
    full
}

/// Cleans a full name into one text: "family, given middle", which splits into the same parts again.
pub(in crate::standardise) fn clean_full(raw: &str, out: &mut String) -> Verdict {
    let full = split_full(raw);
    out.push_str(&full.family);
    if !full.given.is_empty() {
        out.push_str(", ");
        let (main, aliases) = full.given.split_once('|').unwrap_or((&full.given, ""));
        out.push_str(main);
        if !full.middle.is_empty() {
            out.push(' ');
            out.push_str(&full.middle);
        }
        if !aliases.is_empty() {
            out.push('|');
            out.push_str(aliases);
        }
    } else if full.family.contains([' ', '|']) {
        // Else the words would be split into given and family name.
        out.push_str(", -");
    }
    let is_null = out.is_empty();
    let reason = full.reason.or((is_null && !trim(raw).is_empty()).then_some(Reason::Placeholder));
    Verdict { reason, is_null, flags: full.flags }
}

impl FullName {
    /// Cleans one part; words of the given names after the first are the middle name.
    fn take(&mut self, text: &str, part: Part) {
        let mut cleaned = String::new();
        let verdict = clean(text, part, &mut cleaned);
        self.flags.set(verdict.flags);
        if let Some(order) = verdict.flags.birth_order() {
            self.flags.set_birth_order(order);
        }
        if verdict.reason != Some(Reason::Placeholder) {
            self.reason = self.reason.or(verdict.reason);
        }
        if part == Part::Family {
            self.family = cleaned;
            return;
        }
        let (main, aliases) = cleaned.split_once('|').unwrap_or((&cleaned, ""));
        let (first, rest) = main.split_once(' ').unwrap_or((main, ""));
        self.given = if aliases.is_empty() { first.to_string() } else { format!("{first}|{aliases}") };
        self.middle = rest.to_string();
    }
}

/// The words of a text without dots and case, for looking them up.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

/// "SURNAME, Given Middle": family name, given names. `None` where no comma parts them ("John Smith, Jr").
fn split_at_comma(text: &str) -> Option<(String, String)> {
    let (family, rest) = text.split_once([',', ';'])?;
    let is_name = |word: &str| {
        let word = plain(word);
        let known = |list: &rustc_hash::FxHashMap<&str, &str>| list.get(word.as_str()).is_some_and(|entry| *entry != "soft");
        !word.is_empty() && !known(reference::titles()) && !known(reference::name_suffixes())
    };
    let rest_is_dash = trim(rest) == "-";
    let any = |text: &str| text.split(|c: char| c.is_whitespace() || c == ',').any(is_name);
    (rest_is_dash || (any(rest) && any(family)) || trim(family).is_empty()).then(|| (family.to_string(), rest.replace([',', ';'], " ")))
}

/// "Given Middle Surname" and the like, with titles before and bracketed aliases anywhere.
fn split_by_words(text: &str) -> (String, String) {
    let (mut outside, mut aliases) = part_brackets(text);
    // "Patel nee Brown": the earlier family name goes with the family name.
    let earlier = take_earlier_name(&mut outside);
    while outside.first().is_some_and(|word| is_title(word, outside.len())) {
        outside.remove(0);
    }
    let suffix = match outside.last() {
        Some(word) if outside.len() > 2 && reference::name_suffixes().contains_key(plain(word).as_str()) => outside.pop(),
        _ => None,
    };
    let (family, given) = if outside.len() > 1 && is_family_first(&outside) {
        (outside[0].clone(), outside[1..].join(" "))
    } else {
        let start = family_start(&outside);
        (outside[start..].join(" "), outside[..start].join(" "))
    };
    let mut family = [Some(family), suffix].into_iter().flatten().collect::<Vec<_>>().join(" ");
    if !earlier.is_empty() {
        family = format!("{family} nee {earlier}");
    }
    aliases = aliases.trim().to_string();
    if aliases.is_empty() {
        (family, given)
    } else if given.is_empty() {
        (format!("{family} ({aliases})"), given)
    } else {
        (family, format!("{given} ({aliases})"))
    }
}

fn is_title(word: &str, words: usize) -> bool {
    match reference::titles().get(plain(word).as_str()) {
        Some(&"strong") => words > 1,
        Some(_) => words > 2,
        None => false,
    }
}

/// Words outside and text inside brackets and double quotes.
fn part_brackets(text: &str) -> (Vec<String>, String) {
    let (mut outside, mut inside) = (String::new(), String::new());
    let (mut depth, mut quoted) = (0u32, false);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            '"' | '“' | '”' => quoted = !quoted,
            c if depth > 0 || quoted => {
                inside.push(c);
                continue;
            }
            c => {
                outside.push(c);
                continue;
            }
        }
        outside.push(' ');
        inside.push(' ');
    }
    let joined = outside.replace('|', " ").replace(" - ", "-").replace([',', ';'], " ");
    (joined.split_whitespace().map(str::to_string).collect(), inside.replace('|', " "))
}

fn take_earlier_name(words: &mut Vec<String>) -> String {
    let opener = words.iter().position(|word| matches!(plain(word).as_str(), "nee" | "née" | "formerly"));
    match opener {
        Some(at) if at > 0 && at + 1 < words.len() => {
            let rest = words.split_off(at + 1);
            words.pop();
            rest.join(" ")
        }
        _ => String::new(),
    }
}

/// "SMITH John": the first word in capitals, the last not.
fn is_family_first(words: &[String]) -> bool {
    let capitals = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count() > 1 && !word.chars().any(char::is_lowercase);
    capitals(&words[0]) && words[1..].iter().all(|word| word.chars().any(char::is_lowercase) || word.chars().count() == 1)
}

/// Where the family name begins: the last word and the particles before it, but never the first word of several.
fn family_start(words: &[String]) -> usize {
    let mut start = words.len().saturating_sub(1);
    while start > 1 && reference::name_particles().contains(plain(&words[start - 1]).as_str()) {
        start -= 1;
    }
    start
}
