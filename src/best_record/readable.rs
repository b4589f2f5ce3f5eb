//! Clean values as people write them.

/// A name in title case: "O'BRIEN-MCKAY" becomes "O'Brien-McKay". "Mac" stays as it is: Macey, Mackie and Machin are no MacEy.
pub(super) fn name(clean: &str) -> String {
    title_case(clean, |word| {
        let rest = word.strip_prefix("Mc").filter(|rest| rest.chars().count() >= 2)?;
        Some(format!("Mc{}", capitalised(rest)))
    })
}

/// An address in title case; house numbers with a letter in capitals: "flat 2b 9 high street" becomes "Flat 2B 9 High Street".
pub(super) fn address(clean: &str) -> String {
    title_case(clean, |word| word.starts_with(|first: char| first.is_ascii_digit()).then(|| word.to_uppercase()))
}

fn title_case(text: &str, special: impl Fn(&str) -> Option<String>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let apostrophe = character == '\'' || character == '’';
        // An apostrophe ends a word only after a single letter: O'Brien and D'Arcy, but St John's.
        let ends = if apostrophe { word.chars().count() == 1 } else { !character.is_alphanumeric() };
        if !ends {
            word.extend(character.to_lowercase());
        }
        if ends || characters.peek().is_none() {
            let titled = capitalised(&word);
            shown.push_str(&special(&titled).unwrap_or(titled));
            word.clear();
        }
        if ends {
            shown.push(character);
        }
    }
    shown
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_and_addresses_read_as_written_by_people() {
        for (clean, shown) in [
            ("OBRIEN", "Obrien"),
            ("o'brien", "O'Brien"),
            ("MCDONALD", "McDonald"),
            ("mackie", "Mackie"),
            ("anne-marie", "Anne-Marie"),
            ("de la cruz", "De La Cruz"),
            ("j", "J"),
            ("st john's", "St John's"),
            ("élodie", "Élodie"),
            ("mc", "Mc"),
            ("", ""),
        ] {
            assert_eq!(super::name(clean), shown);
        }
        assert_eq!(super::address("FLAT 2B 9 HIGH STREET, LEEDS"), "Flat 2B 9 High Street, Leeds");
    }
}
