//! Regular expressions as DuckDB means them: its RE2 and the engine here share nearly all of their syntax, and part of its meaning.
//!
//! Where they differ the expression is rewritten: `\d`, `\w`, `\s` and `\b` know ASCII only there, `\<` and a `{` that counts nothing are the characters
//! themselves, and a class in brackets has no operators. What cannot be rewritten is refused. Source: RE2's syntax
//! (<https://github.com/google/re2/wiki/Syntax>); the corners are as DuckDB 2.0 answers, see the tests.

/// A regular expression, equal to another where both are the same once rewritten.
#[derive(Debug, Clone)]
pub struct Pattern(regex::Regex);

impl Pattern {
    /// `None` where the expression cannot be read, or has no twin here.
    pub fn new(text: &str) -> Option<Pattern> {
        regex::Regex::new(&rewritten(text)?).ok().map(Pattern)
    }

    pub fn groups(&self) -> usize {
        self.0.captures_len()
    }

    /// A group of the first match, "" where there is none.
    pub fn extract<'t>(&self, text: &'t str, group: usize) -> &'t str {
        let found = self.0.captures(text).and_then(|captures| captures.get(group));
        found.map_or("", |found| found.as_str())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// The expression as it has to be written here; `None` where it cannot be.
fn rewritten(pattern: &str) -> Option<String> {
    let (mut out, mut rest) = (String::new(), pattern);
    while let Some((character, after)) = first(rest) {
        rest = match character {
            '\\' => escape(after, &mut out, false)?,
            '[' => class(after, &mut out)?,
            '{' if !counts(after) => {
                out.push_str("\\{");
                after
            }
            other => {
                out.push(other);
                after
            }
        };
    }
    Some(out)
}

fn first(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    Some((characters.next()?, characters.as_str()))
}

/// Whether this is what stands behind the `{` of a repetition: `2}`, `2,}` or `2,3}`.
fn counts(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    !least.is_empty() && [least, most].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Writes what stands behind a backslash; gives what follows it.
fn escape<'t>(rest: &'t str, out: &mut String, is_in_class: bool) -> Option<&'t str> {
    let (character, after) = first(rest)?;
    match character {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[\t\n\f\r ]"),
        'S' => out.push_str(r"[^\t\n\f\r ]"),
        'b' if !is_in_class => out.push_str(r"(?-u:\b)"),
        'A' | 'z' | 'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' | 'p' | 'P' => {
            out.push('\\');
            out.push(character);
            // `\p{L}` and `\x{e9}`: their brackets are no repetition.
            if matches!(character, 'x' | 'p' | 'P') && after.starts_with('{') {
                let (name, behind) = after.split_at(after.find('}')? + 1);
                out.push_str(name);
                return Some(behind);
            }
        }
        mark if mark.is_ascii_punctuation() || mark == ' ' => out.push_str(&regex::escape(&mark.to_string())),
        _ => return None,
    }
    Some(after)
}

/// Writes a class in brackets from behind its `[`; gives what follows it.
fn class<'t>(rest: &'t str, out: &mut String) -> Option<&'t str> {
    out.push('[');
    let (mut rest, mut is_first) = (rest, true);
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    loop {
        let (character, after) = first(rest)?;
        // `[:alpha:]`, which is ASCII in both.
        let named = rest.strip_prefix("[:").and_then(|inside| inside.find(":]"));
        rest = match (character, named) {
            (_, Some(length)) => {
                let (name, behind) = rest.split_at("[:".len() + length + ":]".len());
                out.push_str(name);
                behind
            }
            (']', _) if !is_first => {
                out.push(']');
                return Some(after);
            }
            ('\\', _) => escape(after, out, true)?,
            ('-', _) if after.starts_with('-') => return None,
            ('[' | ']' | '&' | '~', _) => {
                out.push('\\');
                out.push(character);
                after
            }
            _ => {
                out.push(character);
                after
            }
        };
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DuckDB 2.0.1: `select regexp_extract(TEXT, PATTERN, 0)`, each as it stands here.
    const ANSWERS: [(&str, &str, &str); 34] = [
        ("Siân", r"^\w+", "Si"),
        ("Siân", r"[\w]+", "Si"),
        ("Siân", r"[^\w]+", "â"),
        ("Siân", r"\W+", "â"),
        ("Siân", r"[\W]+", "â"),
        ("Siân", r"i\b", "i"),
        ("Siân", r"ân\b", "ân"),
        ("Siân", r"\bn", "n"),
        ("Siân", ".{3}", "Siâ"),
        ("SIÂN", "(?i)siân", "SIÂN"),
        ("Siân", "[[:alpha:]]+", "Si"),
        ("Siân", r"\pL+", "Siân"),
        ("Siân", r"\p{L}+", "Siân"),
        ("Siân", r"\p{Greek}+", ""),
        ("ſ", r"(?i)\w", "ſ"),
        ("ſ", r"(?i)[\W]", ""),
        ("x٣", r"\d+", ""),
        ("a\u{a0}b", r"a\sb", ""),
        ("a\u{b}b", r"a\sb", ""),
        ("a\u{c}b", r"a\sb", "a\u{c}b"),
        ("a-x", r"[\d-x]+", "-x"),
        ("a<b", r"a\<b", "a<b"),
        ("a{b", "a{", "a{"),
        ("a{,2}", "a{,2}", "a{,2}"),
        ("aab", "a{2}", "aa"),
        ("ab", r"\b{start}a", ""),
        ("a&&b", "[a&&b]+", "a&&b"),
        ("a~~b", "[a~~b]+", "a~~b"),
        ("a[b", "[a[]+", "a["),
        ("ab", "[[a]b]", ""),
        ("a]b", "[]a]+", "a]"),
        ("a-b", r"[a\-]+", "a-"),
        ("ab", r"(?i)A\x{42}", "ab"),
        ("a/b", r"a\/b", "a/b"),
    ];

    #[test]
    fn expressions_find_what_duckdb_finds() {
        for (text, pattern, expected) in ANSWERS {
            let found = Pattern::new(pattern).map(|pattern| pattern.extract(text, 0).to_string());
            assert_eq!(found.as_deref(), Some(expected), "{pattern} in {text}");
        }
        // select regexp_extract('a b', '(\w+) (\w+)', 2)
        assert_eq!(Pattern::new(r"(\w+) (\w+)").map(|pattern| pattern.extract("a b", 2).to_string()), Some("b".into()));
    }

    /// DuckDB knows some of them; none means the same here.
    #[test]
    fn expressions_without_a_twin_are_refused() {
        for pattern in [r"â\B", r"\Qa-b\E", r"\C", r"a\Z", r"\141", r"[+--]", r"[\b]", "[a", "a\\", "(?=a)", r"\é"] {
            assert_eq!(Pattern::new(pattern), None, "{pattern}");
        }
    }
}
