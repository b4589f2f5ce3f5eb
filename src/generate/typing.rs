//! Slips of hand, eye and ear: what typists, scanners and clerks do to one value.

use super::chance::Chance;
use super::people::Person;
use super::record::{Record, Written};

/// Keys beside each letter on a British keyboard.
const NEIGHBOURS: [&str; 26] = [
    "qwsz", "vghn", "xdfv", "serfcx", "wsdr", "drtgvc", "ftyhbv", "gyujnb", "ujko", "huikmn", "jiolm", "kop", "njk",
    "bhjm", "iklp", "ol", "wa", "edft", "awedxz", "rfgy", "yhji", "cfgb", "qase", "zsdc", "tghu", "asx",
];
/// Letters that ear or eye confuse.
const CONFUSED: [(&str, &str); 16] = [
    ("ph", "f"),
    ("f", "ph"),
    ("ei", "ie"),
    ("ie", "ei"),
    ("ck", "k"),
    ("c", "k"),
    ("k", "c"),
    ("s", "z"),
    ("y", "i"),
    ("i", "y"),
    ("rn", "m"),
    ("cl", "d"),
    ("ll", "l"),
    ("nn", "n"),
    ("a", "e"),
    ("e", "a"),
];

/// One slip in a name: a neighbouring key, a letter lost, doubled or out of turn, or a confusion of letters.
pub(super) fn error(name: &mut String, chance: &mut Chance) {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() < 3 {
        return;
    }
    let place = 1 + chance.below(letters.len() - 1);
    match chance.below(10) {
        0..3 => letters[place] = neighbour(letters[place], chance),
        3..5 => drop(letters.remove(place)),
        5..7 if place + 1 < letters.len() => letters.swap(place, place + 1),
        5..7 => letters.swap(place, place - 1),
        7 => letters.insert(place, letters[place]),
        8 => letters[0] = neighbour(letters[0].to_ascii_lowercase(), chance).to_ascii_uppercase(),
        _ => {
            let known: Vec<_> = CONFUSED.iter().filter(|(from, _)| name.contains(from)).collect();
            if known.is_empty() {
                letters.swap(place, place - 1);
            } else {
                let (from, to) = chance.pick(&known);
                *name = name.replacen(from, to, 1);
                return;
            }
        }
    }
    *name = letters.into_iter().collect();
}

fn neighbour(letter: char, chance: &mut Chance) -> char {
    match letter {
        'a'..='z' => {
            let keys = NEIGHBOURS[letter as usize - 'a' as usize].as_bytes();
            keys[chance.below(keys.len())] as char
        }
        _ => 'e',
    }
}

/// One wrong digit; what results fails the modulus 11 check.
pub(super) fn digit_error(number: &mut String, chance: &mut Chance) {
    let mut digits: Vec<u8> = number.bytes().collect();
    let place = chance.below(digits.len());
    digits[place] = b'0' + (digits[place] - b'0' + 1 + chance.below(9) as u8) % 10;
    *number = digits.into_iter().map(char::from).collect();
}

/// One wrong digit in a date, or two swapped; the result may be impossible.
pub(super) fn date_error(date: &mut Written, chance: &mut Chance) {
    match chance.below(6) {
        0 => date.day = if date.day >= 10 { date.day % 10 * 10 + date.day / 10 } else { date.day + 10 }.clamp(1, 31),
        1 => date.day = (date.day + 1).min(31),
        2 => date.day = date.day.saturating_sub(1).max(1),
        3 => date.month = 1 + chance.below(12) as u8,
        4 => date.year = date.year / 100 * 100 + date.year % 10 * 10 + date.year / 10 % 10,
        _ => date.day = 1 + chance.below(31) as u8,
    }
}

/// A slip in the inward part, O for 0, or I for 1.
pub(super) fn postcode_error(postcode: &mut String, chance: &mut Chance) {
    let mut letters: Vec<char> = postcode.chars().collect();
    let last = letters.len() - 1;
    match chance.below(4) {
        0 => letters.iter_mut().filter(|letter| **letter == '0').for_each(|letter| *letter = 'O'),
        1 => letters.swap(last, last - 1),
        2 => letters[last - 2] = (b'0' + chance.below(10) as u8) as char,
        _ => letters[last] = neighbour(letters[last].to_ascii_lowercase(), chance).to_ascii_uppercase(),
    }
    *postcode = letters.into_iter().collect();
}

const SHORT_WORDS: [(&str, &str); 10] = [
    ("Road", "Rd"),
    ("Street", "St"),
    ("Avenue", "Ave"),
    ("Close", "Cl"),
    ("Drive", "Dr"),
    ("Gardens", "Gdns"),
    ("Crescent", "Cres"),
    ("Court", "Ct"),
    ("Lane", "Ln"),
    ("Flat ", "Apartment "),
];

/// The same address in another hand: abbreviated, without the flat, or in capitals.
pub(super) fn other_form_of_address(line: &mut String, chance: &mut Chance) {
    match chance.below(5) {
        0 => *line = line.to_uppercase(),
        1 if line.starts_with("Flat ") => *line = line.split_once(", ").map_or("", |(_, street)| street).to_string(),
        2 if line.starts_with("Flat ") => *line = line.replacen("Flat ", "", 1).replacen(", ", "/", 1),
        _ => {
            for (long, short) in SHORT_WORDS {
                *line = line.replace(long, short);
            }
        }
    }
}

/// A family name of several parts, written as one part or joined or apart: O'Brien, OBrien, O Brien; Smith-Jones, Jones.
pub(super) fn other_form_of_family(family: &mut String, chance: &mut Chance) {
    let parts: Vec<&str> = family.split([' ', '-', '\'']).filter(|part| !part.is_empty()).collect();
    let Some((first, last)) = parts.first().zip(parts.last()) else { return };
    let prefix = first.chars().count() <= 4;
    *family = match chance.below(4) {
        0 => parts.concat(),
        1 => parts.join(" "),
        2 if !prefix => first.to_string(),
        _ => last.to_string(),
    };
}

/// Titles and remarks that do not belong into a name.
pub(super) fn words_in_name(record: &mut Record, person: &Person, chance: &mut Chance) {
    match chance.below(5) {
        0 | 1 if !record.given.is_empty() => {
            let title = if person.female {
                *chance.pick(&["Mrs", "Miss", "Ms", "Dr"])
            } else {
                *chance.pick(&["Mr", "Mr", "Dr", "Mstr"])
            };
            record.given.insert_str(0, &format!("{title} "));
        }
        2 if person.died.is_some() => record.family.push_str(" (DECEASED)"),
        2 => record.family.push(','),
        3 if record.given != person.given && !record.given.is_empty() => {
            record.given.push_str(&format!(" ({})", person.given))
        }
        _ if !record.middle.is_empty() && !record.given.is_empty() => {
            record.given.push(' ');
            record.given.push_str(&record.middle);
        }
        _ => record.family = record.family.to_uppercase(),
    }
}
