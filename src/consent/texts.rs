//! NHS numbers inside raw text that no mapping could take apart.

/// Digits of an NHS number.
const DIGITS: usize = 10;

/// Every ten digits in a row of `text`, single spaces and hyphens between them passed over. Digits of neighbouring values run together,
/// so that more is found than there are numbers, and never less.
pub(crate) fn numbers_in(text: &str) -> impl Iterator<Item = String> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut runs: Vec<Vec<u8>> = vec![Vec::new()];
    for (at, byte) in bytes.iter().enumerate() {
        let joins = matches!(byte, b' ' | b'-') && at > 0 && is_digit(at - 1) && is_digit(at + 1);
        match runs.last_mut() {
            Some(run) if byte.is_ascii_digit() => run.push(*byte),
            Some(run) if !joins && !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    let windows = |run: Vec<u8>| -> Vec<String> {
        run.windows(DIGITS).map(|digits| digits.iter().map(|digit| char::from(*digit)).collect()).collect()
    };
    runs.into_iter().flat_map(windows)
}

#[cfg(test)]
mod tests {
    use super::numbers_in;

    #[test]
    fn numbers_are_found_however_they_are_written() {
        let found = |text: &str| numbers_in(text).collect::<Vec<_>>();
        for text in ["a,9990000018,b", "999 000 0018", "\"999-000-0018", "x9990000018"] {
            assert_eq!(found(text), ["9990000018"], "{text}");
        }
        assert!(found("1980-04-03 9990000018").contains(&"9990000018".to_string()));
        assert!(found("999000001, 8;").is_empty() && found("").is_empty() && found("é 99900").is_empty());
    }
}
