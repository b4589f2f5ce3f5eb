//! Given names of children who have none yet: BABY OF …, TWIN 1, MALE INFANT, B/O, T2.

use crate::standardise::{Flags, Reason, reference};

/// "T1", "TW2", "TWIN2": twin and birth order in one word.
pub(super) fn short_form(word: &str) -> Option<u8> {
    let order = word.as_bytes().last().copied().filter(u8::is_ascii_digit)? - b'0';
    let letters = &word[..word.len() - 1];
    (matches!(letters, "t" | "tw" | "twin" | "trip" | "triplet" | "baby") && (1..=9).contains(&order)).then_some(order)
}

/// Takes out the words that say "not named yet"; what follows "of" is the mother's name and goes too.
pub(super) fn drop_baby_words(words: &mut Vec<String>, flags: &mut Flags, reason: &mut Option<Reason>) {
    let role = |word: &str| reference::baby_words().get(word).copied();
    let is_marker = |word: &String| role(word) == Some("marker") || word == "b/o" || short_form(word).is_some();
    let is_sole = |word: &String| role(word) == Some("sole");
    let any = words.iter().any(is_marker);
    // "BOY", "MALE 1", "GIRL OF JANE": nothing but words of this kind, or the mother named.
    let sole = words.first().is_some_and(is_sole)
        && (words.get(1).is_some_and(|word| word == "of") || words.iter().all(|word| role(word).is_some()));
    if !any && !sole {
        return;
    }
    flags.set(Flags::BABY);
    *reason = Some(Reason::Baby);
    let mut kept = Vec::new();
    let mut order = None;
    for word in std::mem::take(words) {
        let short = short_form(&word);
        if word == "of" || word == "b/o" {
            break;
        }
        match role(&word) {
            _ if short.is_some() => order = short,
            Some("marker" | "sole" | "companion") => {}
            Some(number) => order = number.parse().ok().or(order),
            None => kept.push(word),
        }
    }
    if let Some(order) = order {
        flags.set_birth_order(order);
    }
    *words = kept;
}
