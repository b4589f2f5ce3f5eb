//! A name cut into words, and the rules that take words out.

use super::{BYTES_MAX, Part, is_letter_run};
use crate::standardise::characters::fold;
use crate::standardise::{Flags, Reason, reference};
use rustc_hash::FxHashSet;
use std::sync::OnceLock;

/// Words of a name (main) and of what stands in brackets or quotes or after "known as" (aliases).
pub(super) struct Words {
    main: Vec<String>,
    aliases: Vec<String>,
    pub flags: Flags,
    pub reason: Option<Reason>,
}

/// First words of markers, and words that open an alias: a quick "no" for most names.
pub(super) fn is_marker_word(word: &str) -> bool {
    static FIRST: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    let first = FIRST.get_or_init(|| {
        let markers = reference::name_markers().iter().map(|(phrase, _)| phrase[0]);
        markers.chain(ALIAS_OPENERS.iter().map(|phrase| phrase[0])).collect()
    });
    first.contains(word) || word.starts_with("zzz")
}

/// Phrases after which an alias stands.
const ALIAS_OPENERS: [&[&str]; 9] = [
    &["known", "as"],
    &["aka"],
    &["a", "k", "a"],
    &["alias"],
    &["formerly"],
    &["previously"],
    &["nee"],
    &["likes", "to", "be", "called"],
    &["prefers"],
];

/// Prefixes that belong to the next word: O Brien, Mc Donald. In a given name "o" is an initial and Mac a name.
pub(super) fn is_joined_prefix(word: &str, part: Part) -> bool {
    word == "mc" || (part == Part::Family && matches!(word, "o" | "mac"))
}

/// Words that make a whole value a placeholder, alone or first.
pub(super) fn is_filler_word(word: &str) -> bool {
    static WORDS: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    let words = WORDS.get_or_init(|| reference::name_placeholders().iter().flat_map(|phrase| phrase.split(' ')).collect());
    words.contains(word) || is_letter_run(word)
}

impl Words {
    /// Cuts a trimmed value into words. Letters and digits make words; an apostrophe inside one goes out; a slash between two single
    /// letters stays ("b/o").
    pub fn read(value: &str) -> Words {
        let mut folded = String::new();
        fold(value, &mut folded);
        let bytes = folded.as_bytes();
        let (mut main, mut aliases) = (Vec::new(), Vec::new());
        let mut word = String::new();
        let (mut brackets, mut double_quoted, mut single_quoted, mut rest_is_alias) = (0u32, false, false, false);
        for (at, &byte) in bytes.iter().enumerate() {
            let in_alias = brackets > 0 || double_quoted || single_quoted || rest_is_alias;
            if byte.is_ascii_alphanumeric() || (byte == b'/' && between_letters(bytes, at)) {
                word.push(byte.into());
                continue;
            }
            let quotes = byte == b'\'' && (single_quoted || word.is_empty()) && closes_or_opens(bytes, at, single_quoted);
            if byte == b'\'' && !quotes {
                continue;
            }
            if !word.is_empty() {
                if in_alias { &mut aliases } else { &mut main }.push(std::mem::take(&mut word));
            }
            match byte {
                b'(' | b'[' | b'{' | b'<' => brackets += 1,
                b')' | b']' | b'}' | b'>' => brackets = brackets.saturating_sub(1),
                b'"' => double_quoted = !double_quoted,
                b'\'' => single_quoted = !single_quoted,
                b'|' => rest_is_alias = true,
                _ => {}
            }
        }
        if !word.is_empty() {
            let in_alias = brackets > 0 || double_quoted || single_quoted || rest_is_alias;
            if in_alias { &mut aliases } else { &mut main }.push(word);
        }
        Words { main, aliases, flags: Flags::NONE, reason: None }
    }

    pub fn apply_rules(&mut self, part: Part) {
        self.drop_placeholder();
        self.split_aliases();
        let mut main = std::mem::take(&mut self.main);
        let mut aliases = std::mem::take(&mut self.aliases);
        for words in [&mut main, &mut aliases] {
            self.repair_zeros(words);
            self.drop_markers(words);
            if part != Part::Family {
                super::baby::drop_baby_words(words, &mut self.flags, &mut self.reason);
            }
            drop_relations(words);
            words.retain_mut(keep_letters);
            self.drop_titles(words, part);
            self.drop_suffixes(words, part);
            join_prefixes(words, part);
            if is_placeholder(words) {
                words.clear();
                self.reason = self.reason.or(Some(Reason::Placeholder));
            }
        }
        if main.is_empty() {
            main = std::mem::take(&mut aliases);
        }
        aliases.retain(|alias| !main.contains(alias));
        let mut seen: Vec<String> = Vec::new();
        aliases.retain(|alias| (!seen.contains(alias)).then(|| seen.push(alias.clone())).is_some());
        (self.main, self.aliases) = (main, aliases);
    }

    pub fn write(&self, out: &mut String) {
        write_words(&self.main, out);
        if !self.aliases.is_empty() && !self.main.is_empty() {
            out.push('|');
            write_words(&self.aliases, out);
        }
    }

    fn drop_placeholder(&mut self) {
        if is_placeholder(&self.main) {
            self.main.clear();
            self.reason = Some(Reason::Placeholder);
        }
    }

    /// "Elizabeth known as Liz", "Smith nee Brown": what follows is an alias. Where nothing stands before, only the words go out.
    fn split_aliases(&mut self) {
        while let Some((at, length)) = find_phrase(&self.main, &ALIAS_OPENERS).filter(|(at, n)| at + n < self.main.len()) {
            let rest = self.main.split_off(at + length);
            self.main.truncate(at);
            if self.main.is_empty() {
                self.main = rest;
            } else {
                self.aliases.splice(0..0, rest);
            }
        }
        while let Some((at, length)) = find_phrase(&self.aliases, &ALIAS_OPENERS).filter(|(_, n)| *n < self.aliases.len()) {
            self.aliases.drain(at..at + length);
        }
    }

    /// A nought for the letter O ("0Brien").
    fn repair_zeros(&mut self, words: &mut [String]) {
        for word in words {
            if word.contains('0') && word.bytes().all(|byte| byte == b'0' || byte.is_ascii_alphabetic()) && word.len() > 1
                && !word.bytes().all(|byte| byte == b'0')
            {
                *word = word.replace('0', "o");
                self.reason = self.reason.or(Some(Reason::Repaired));
            }
        }
    }

    /// Notes of clerks: DECEASED, DO NOT USE, DUPLICATE, MERGED INTO …, TEST PATIENT, ZZZ before a name.
    fn drop_markers(&mut self, words: &mut Vec<String>) {
        for word in words.iter_mut() {
            if word.starts_with("zzz") {
                let rest = word.trim_start_matches('z').to_string();
                let test = matches!(rest.as_str(), "test" | "testing" | "");
                self.flags.set(if test { Flags::FILLER_PERSON } else { Flags::DO_NOT_USE });
                self.reason = Some(if test { Reason::Filler } else { Reason::Noise });
                *word = if test { String::new() } else { rest };
            }
        }
        words.retain(|word| !word.is_empty());
        if !words.iter().any(|word| is_marker_word(word)) {
            return;
        }
        for (phrase, effect) in reference::name_markers() {
            while let Some(at) = find_words(words, phrase) {
                self.reason = Some(Reason::Noise);
                match *effect {
                    "deceased" => self.flags.set(Flags::DECEASED),
                    "test" => {
                        self.flags.set(Flags::FILLER_PERSON);
                        self.reason = Some(Reason::Filler);
                    }
                    _ => self.flags.set(Flags::DO_NOT_USE),
                }
                let end = if *effect == "rest" { words.len() } else { at + phrase.len() };
                words.drain(at..end);
            }
        }
    }

    /// Titles before and after. A soft one (Dame, Count) goes only from the front of a given name, and only if a name remains; a
    /// strong one alone is no name.
    fn drop_titles(&mut self, words: &mut Vec<String>, part: Part) {
        let titles = reference::titles();
        let strength = |word: &String| titles.get(word.as_str()).copied();
        let before = words.len();
        while let Some(word) = words.first() {
            match strength(word) {
                Some("strong") => {}
                Some("soft") if words.len() > 1 && part == Part::Given => {}
                _ => break,
            }
            words.remove(0);
        }
        while words.len() > 1 && words.last().and_then(strength) == Some("strong") {
            words.pop();
        }
        if words.len() < before {
            self.reason = self.reason.or(Some(Reason::Title));
        }
    }

    /// Jr and Sr tell father from son: kept as a flag.
    fn drop_suffixes(&mut self, words: &mut Vec<String>, part: Part) {
        while let Some(entry) = words.last().and_then(|word| reference::name_suffixes().get(word.as_str()).copied()) {
            let (meaning, place) = entry.split_once(',').unwrap_or((entry, "trailing"));
            if place == "family" && (part != Part::Family || words.len() < 2) {
                return;
            }
            match meaning {
                "junior" => self.flags.set(Flags::SUFFIX_JUNIOR),
                "senior" => self.flags.set(Flags::SUFFIX_SENIOR),
                _ => {}
            }
            words.pop();
        }
    }
}

/// A slash between two letters that stand alone, as in "b/o".
fn between_letters(bytes: &[u8], at: usize) -> bool {
    let letter = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_alphabetic);
    let edge = |index: Option<usize>| index.and_then(|index| bytes.get(index)).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    at > 0 && letter(at - 1) && letter(at + 1) && edge(at.checked_sub(2)) && edge(Some(at + 2))
}

/// Whether an apostrophe is a quotation mark: opening, with a closing one at the end of a later word, or that closing one.
fn closes_or_opens(bytes: &[u8], at: usize, open: bool) -> bool {
    let ends = |at: usize| bytes.get(at + 1).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if open {
        return ends(at);
    }
    let starts = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
    starts && (at + 2..bytes.len()).any(|later| bytes[later] == b'\'' && ends(later))
}

fn find_words(words: &[String], phrase: &[&str]) -> Option<usize> {
    words.windows(phrase.len()).position(|window| window.iter().zip(phrase).all(|(word, wanted)| word == wanted))
}

/// The first of the phrases: where it stands and how many words it has.
fn find_phrase(words: &[String], phrases: &[&[&str]]) -> Option<(usize, usize)> {
    phrases.iter().filter_map(|phrase| find_words(words, phrase).map(|at| (at, phrase.len()))).min()
}

fn is_placeholder(words: &[String]) -> bool {
    match words {
        [] => false,
        [word] => reference::name_placeholders().contains(word.as_str()) || is_letter_run(word),
        _ if words.len() <= 4 => {
            words.iter().all(|word| is_letter_run(word)) || reference::name_placeholders().contains(words.join(" ").as_str())
        }
        _ => false,
    }
}

/// "John S/O Peter": son, daughter, wife of; what follows is somebody else's name.
fn drop_relations(words: &mut Vec<String>) {
    if let Some(at) = words.iter().position(|word| matches!(word.as_str(), "s/o" | "d/o" | "w/o" | "c/o" | "h/o")) {
        words.truncate(at);
    }
}

/// Takes digits and slashes out of a word; `false` where nothing remains.
fn keep_letters(word: &mut String) -> bool {
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        word.retain(|c| c.is_ascii_lowercase());
    }
    !word.is_empty()
}

/// O Brien → obrien, Mc Donald → mcdonald.
fn join_prefixes(words: &mut Vec<String>, part: Part) {
    let mut at = words.len().saturating_sub(1);
    while at > 0 {
        at -= 1;
        if is_joined_prefix(&words[at], part) && words[at + 1].len() > 2 {
            let next = words.remove(at + 1);
            words[at].push_str(&next);
        }
    }
}

fn write_words(words: &[String], out: &mut String) {
    let start = out.len();
    for word in words {
        let gap = usize::from(out.len() > start);
        let room = BYTES_MAX - (out.len() - start);
        if gap + word.len() > room {
            if out.len() == start {
                out.push_str(&word[..BYTES_MAX]);
            }
            return;
        }
        if gap == 1 {
            out.push(' ');
        }
        out.push_str(word);
    }
}
