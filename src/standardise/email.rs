//! E-mail addresses: lower case, of a plausible shape, fillers out. Source: DOMAIN.md section 8, own list of fillers.

use super::characters::{is_null_literal, is_run, trim};
use super::{Reason, Verdict, reference};

pub(super) fn clean(raw: &str, out: &mut String) -> Verdict {
    let value = trim(raw);
    if value.is_empty() {
        return Verdict::MISSING;
    }
    if is_null_literal(value) {
        return Verdict::null(Reason::Placeholder);
    }
    // The first of several; "Anna <anna@…>" and "mailto:" are what address books export.
    let first = value.split([';', ',', '|']).map(str::trim).find(|part| part.contains('@')).unwrap_or(value);
    let inner = first.split_once('<').map_or(first, |(_, rest)| rest.split('>').next().unwrap_or(rest));
    let inner = inner.trim().trim_matches(|c: char| matches!(c, '.' | '\'' | '"' | '(' | ')'));
    let inner = match inner.get(..7) {
        Some(prefix) if prefix.eq_ignore_ascii_case("mailto:") => &inner[7..],
        _ => inner,
    };
    let Some((local, domain)) = inner.split_once('@').filter(|(local, domain)| is_shaped(local, domain)) else {
        return Verdict::null(Reason::Malformed);
    };
    out.extend(inner.chars().map(|c| c.to_ascii_lowercase()));
    let local = &out[..local.len()];
    let fillers = reference::email_placeholders();
    let example = domain.len() >= 8 && domain.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("example."));
    if fillers.contains(local) || fillers.contains(out.as_str()) || is_run(local, 3) || example && local == "user" {
        out.clear();
        return Verdict::null(Reason::Placeholder);
    }
    Verdict::KEPT
}

/// Printable ASCII without spaces, one @, a domain of labels that ends in letters.
fn is_shaped(local: &str, domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or_default();
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !local.is_empty()
        && local.len() <= 64
        && domain.len() <= 255
        && local.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'(' | b')' | b'"' | b':' | b'\''))
            | (local.contains('\'') && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"'._-+".contains(&byte)))
        && !local.starts_with(['.', '\''])
        && !local.ends_with('.')
        && domain.contains('.')
        && domain.split('.').all(label)
        && last.len() >= 2
        && last.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fillers_and_scraps() {
        for (raw, canonical) in [
            (" Anna.Smith@Example.ORG ", "anna.smith@example.org"),
            ("Anna <anna@example.org>", "anna@example.org"),
            ("mailto:anna@example.org", "anna@example.org"),
            ("anna@example.org; a2@example.org", "anna@example.org"),
            ("anna@example.org.", "anna@example.org"),
            ("mary.o'brien@example.org", "mary.o'brien@example.org"),
            ("none@none.com", ""),
            ("noemail@example.org", ""),
            ("a@a.com", ""),
            ("anna@example", ""),
            ("anna at example.org", ""),
            ("@example.org", ""),
            ("anna@@example.org", ""),
            ("n/a", ""),
        ] {
            let mut out = String::new();
            let verdict = clean(raw, &mut out);
            assert_eq!(out, canonical, "{raw}");
            assert_eq!(verdict.is_null, canonical.is_empty());
        }
    }
}
