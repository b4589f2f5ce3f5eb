//! The nearest known word to a misspelt one.

/// The candidate that was most likely meant, or `None` where none is near.
///
/// Case, spaces and punctuation do not count (`NHS No` is `nhs_no`); beyond that a third of the letters may differ, or one word may
/// be the beginning of the other.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted = folded(word);
    if wanted.is_empty() {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let offered = folded(candidate);
        let longer = wanted.chars().count().max(offered.chars().count());
        let mut distance = strsim::osa_distance(&wanted, &offered);
        let shares_beginning = offered.starts_with(&wanted) || wanted.starts_with(&offered);
        if shares_beginning && wanted.len().min(offered.len()) >= 3 {
            distance = distance.min(longer / 3);
        }
        if distance * 3 <= longer.max(3) && !offered.is_empty() && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> String {
    word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(nearest("treads", ["name", "threads", "output"]), Some("threads"));
        assert_eq!(nearest("NHS No", ["nhs_no", "name"]), Some("nhs_no"));
        assert_eq!(nearest("hopsice", ["hospice", "housing"]), Some("hospice"));
        assert_eq!(nearest("Surname", ["Surname1", "Forename"]), Some("Surname1"));
        assert_eq!(nearest("gp", ["general_practice"]), None);
        assert_eq!(nearest("colour", ["name", "files"]), None);
        assert_eq!(nearest("…", ["name"]), None);
    }
}
