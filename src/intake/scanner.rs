//! Where records of delimited text begin and end, and what to do about quotes that are never closed.
//!
//! The rules, which are those of the `csv` crate for text that is not broken:
//! - a quote opens only at the start of a field, and two quotes inside a quoted field stand for one;
//! - what follows a closing quote up to the next delimiter belongs to the field (`"a"b` is `ab`);
//! - a carriage return before the line feed belongs to the line's end; blank lines are no records.
//!
//! A quote is broken where its field runs over more than [`QUOTED_LINES_MAX`] lines or [`QUOTED_BYTES_MAX`] bytes, never ends, or
//! spans lines and has something other than a delimiter behind its closing quote (then the closing quote was meant to open
//! another field). Its record ends before the next line that parses into the right number of fields.
//!
//! Always: what is said about a record depends on the bytes from its first one on, and on at most a bounded number after it, never
//! on where a block was cut. [`cut`](super::cut) and [`delimited`](super::delimited) rest on that.

use memchr::{memchr, memchr2, memchr3_iter};

/// A quoted field with more line breaks than this counts as one that is never closed: what follows it would be swallowed by it otherwise.
pub(super) const QUOTED_LINES_MAX: usize = 100;
/// So does one longer than this (64 KiB). Users are told of both figures: README.md, and the reason in quarantine.
pub(super) const QUOTED_BYTES_MAX: usize = 64 << 10;

/// How fields and lines are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub delimiter: u8,
    pub quote: u8,
    /// Line feed, or carriage return in files that know no line feed.
    pub line_end: u8,
}

/// Where a field's content lies; quotes around it are left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldSpan {
    pub start: usize,
    pub end: usize,
    /// The content still has doubled quotes, or something after the closing quote: see [`Dialect::unquote`].
    pub to_unquote: bool,
}

/// The next thing found in the bytes; `start..end` without the line's end, the record after it begins at `Scanner::at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// `Scanner::fields` holds its fields. Their number is not judged.
    Record {
        start: usize,
        end: usize,
    },
    BrokenQuote {
        start: usize,
        end: usize,
    },
    /// More bytes are needed to tell. `Scanner::at` stays.
    Unfinished,
    End,
}

pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    dialect: Dialect,
    /// Fields of a record; without it no record over several lines is doubted.
    expected: Option<usize>,
    /// Whether the bytes end where the input (or a block cut at a record's end) does.
    complete: bool,
    pub at: usize,
    pub fields: Vec<FieldSpan>,
    /// A record over several lines with the wrong number of fields is looked through again, alone, up to here.
    inside_until: Option<usize>,
}

/// One record read without doubt about its quotes.
enum Plain {
    Closed {
        end: usize,
        next: usize,
        over_lines: bool,
    },
    /// The quote at `opened` is broken.
    Broken {
        opened: usize,
    },
    Unfinished,
}

impl<'a> Scanner<'a> {
    pub fn new(bytes: &'a [u8], dialect: Dialect, expected: Option<usize>, complete: bool) -> Self {
        Scanner { bytes, dialect, expected, complete, at: 0, fields: Vec::new(), inside_until: None }
    }

    /// Whether `at` is a place at which a block may be cut.
    pub fn may_cut_here(&self) -> bool {
        self.inside_until.is_none()
    }

    pub fn next(&mut self) -> Found {
        if self.inside_until.is_some_and(|end| self.at >= end) {
            self.inside_until = None;
        }
        let (view, complete) = match self.inside_until {
            Some(end) => (&self.bytes[..end], true),
            None => (self.bytes, self.complete),
        };
        let start = self.after_blank_lines(view);
        if start == view.len() {
            self.at = start;
            return match (self.inside_until.take(), complete) {
                (Some(_), _) => self.next(),
                (None, true) => Found::End,
                (None, false) => Found::Unfinished,
            };
        }
        match plain_record(view, start, self.dialect, complete, &mut self.fields) {
            Plain::Unfinished => Found::Unfinished,
            Plain::Broken { opened } => self.recover(view, start, opened, complete),
            Plain::Closed { end, next, over_lines } => {
                if over_lines
                    && self.inside_until.is_none()
                    && !self.fits(view)
                    && let Some(found) = self.look_inside(start, next)
                {
                    return found;
                }
                self.at = next;
                Found::Record { start, end }
            }
        }
    }

    /// Whether the fields just read are as many as expected; empty ones at the end may be more.
    fn fits(&self, view: &[u8]) -> bool {
        self.expected.is_none_or(|expected| fits(&self.fields, expected, view))
    }

    fn after_blank_lines(&self, view: &[u8]) -> usize {
        let mut start = self.at;
        while start < view.len() {
            let byte = view[start];
            let blank = byte == self.dialect.line_end
                || byte == b'\r' && (start + 1 == view.len() || view[start + 1] == self.dialect.line_end);
            if !blank {
                break;
            }
            start += 1;
        }
        start
    }

    /// The record `start..next` is closed but has the wrong number of fields: if one of its later lines is a right record, a
    /// broken quote swallowed it. Otherwise it is one ragged record, and `None`.
    fn look_inside(&mut self, start: usize, next: usize) -> Option<Found> {
        let view = &self.bytes[..next];
        let mut kept = std::mem::take(&mut self.fields);
        let resume = self.next_right_line(view, start, true);
        let resume = match resume {
            Resume::At(resume) => resume,
            Resume::Nowhere(_) | Resume::Unfinished => {
                std::mem::swap(&mut self.fields, &mut kept);
                // The check that called us read these fields, and the caller reads them again.
                return None;
            }
        };
        self.inside_until = Some(next);
        self.at = resume;
        Some(Found::BrokenQuote { start, end: self.without_line_end(start, resume) })
    }

    fn recover(&mut self, view: &[u8], start: usize, opened: usize, complete: bool) -> Found {
        let resume = match self.next_right_line(view, opened, complete) {
            Resume::At(resume) | Resume::Nowhere(resume) => resume,
            Resume::Unfinished => return Found::Unfinished,
        };
        self.at = resume;
        Found::BrokenQuote { start, end: self.without_line_end(start, resume) }
    }

    /// The first line after `from` that is a record with the right number of fields, looked for as far as a quoted field may reach.
    fn next_right_line(&mut self, view: &[u8], from: usize, complete: bool) -> Resume {
        let window_end = from.saturating_add(QUOTED_BYTES_MAX);
        let mut line = from;
        for _ in 0..QUOTED_LINES_MAX {
            let Some(length) = memchr(self.dialect.line_end, &view[line..]) else {
                return if complete { Resume::Nowhere(view.len()) } else { Resume::Unfinished };
            };
            line += length + 1;
            if line == view.len() {
                return if complete { Resume::Nowhere(line) } else { Resume::Unfinished };
            }
            if is_blank_line(&view[line..], self.dialect.line_end) {
                continue;
            }
            match plain_record(view, line, self.dialect, complete, &mut self.fields) {
                Plain::Unfinished => return Resume::Unfinished,
                Plain::Closed { .. } if self.fits(view) => return Resume::At(line),
                Plain::Closed { .. } | Plain::Broken { .. } => {}
            }
            if line > window_end {
                break;
            }
        }
        Resume::Nowhere(line)
    }

    fn without_line_end(&self, start: usize, end: usize) -> usize {
        let mut end = end;
        while end > start && (self.bytes[end - 1] == self.dialect.line_end || self.bytes[end - 1] == b'\r') {
            end -= 1;
        }
        end
    }
}

enum Resume {
    At(usize),
    /// No line is right: what was looked through ends here.
    Nowhere(usize),
    Unfinished,
}

/// Whether there are `expected` fields, and nothing but empty ones after them.
pub(super) fn fits(fields: &[FieldSpan], expected: usize, bytes: &[u8]) -> bool {
    fields.len() == expected
        || fields.len() > expected
            && fields[expected..].iter().all(|field| bytes[field.start..field.end].iter().all(u8::is_ascii_whitespace))
}

fn is_blank_line(bytes: &[u8], line_end: u8) -> bool {
    bytes[0] == line_end || bytes[0] == b'\r' && bytes.get(1).is_none_or(|&byte| byte == line_end)
}

/// Reads one record from `start` on into `fields`.
fn plain_record(bytes: &[u8], start: usize, dialect: Dialect, complete: bool, fields: &mut Vec<FieldSpan>) -> Plain {
    let Dialect { delimiter, quote, line_end } = dialect;
    fields.clear();
    let mut field = start;
    let mut over_lines = false;
    let mut at = start;
    loop {
        // Outside quotes, at the start of a field.
        if bytes.get(field) == Some(&quote) {
            match quoted_field(bytes, field, quote, line_end) {
                Quoted::Closed { closing, doubled, lines } => {
                    let behind = closing + 1;
                    if bytes.get(behind) == Some(&delimiter) {
                        // The usual case, without a search.
                        over_lines |= lines;
                        fields.push(FieldSpan { start: field + 1, end: closing, to_unquote: doubled });
                        field = behind + 1;
                        at = field;
                        continue;
                    }
                    let stop = memchr2(delimiter, line_end, &bytes[behind..]).map(|length| behind + length);
                    let Some(content_end) = stop.or(complete.then_some(bytes.len())) else { return Plain::Unfinished };
                    let ends_line = stop.is_none_or(|stop| bytes[stop] == line_end);
                    let content_end = if ends_line { without_return(bytes, behind, content_end) } else { content_end };
                    let loose = content_end > behind;
                    if lines && loose {
                        return Plain::Broken { opened: field };
                    }
                    over_lines |= lines;
                    // With something loose behind it the closing quote is left in: `unquote` takes it out.
                    let end = if loose { content_end } else { closing };
                    fields.push(FieldSpan { start: field + 1, end, to_unquote: doubled || loose });
                    match stop {
                        Some(stop) if bytes[stop] == line_end => {
                            return Plain::Closed { end: content_end, next: stop + 1, over_lines };
                        }
                        None => return Plain::Closed { end: content_end, next: bytes.len(), over_lines },
                        Some(stop) => {
                            field = stop + 1;
                            at = field;
                            continue;
                        }
                    }
                }
                Quoted::TooLong => return Plain::Broken { opened: field },
                Quoted::Open if complete => return Plain::Broken { opened: field },
                Quoted::Open => return Plain::Unfinished,
            }
        }
        // Plain fields: one pass over the rest of the line, left where a field begins with a quote.
        let mut reopened = false;
        for found in memchr3_iter(delimiter, quote, line_end, &bytes[at..]) {
            let position = at + found;
            let byte = bytes[position];
            if byte == delimiter {
                fields.push(FieldSpan { start: field, end: position, to_unquote: false });
                field = position + 1;
            } else if byte == line_end {
                let end = without_return(bytes, field, position);
                fields.push(FieldSpan { start: field, end, to_unquote: false });
                return Plain::Closed { end, next: position + 1, over_lines };
            } else if position == field {
                reopened = true;
                break;
            }
        }
        if !reopened {
            if !complete {
                return Plain::Unfinished;
            }
            let end = without_return(bytes, field, bytes.len());
            fields.push(FieldSpan { start: field, end, to_unquote: false });
            return Plain::Closed { end, next: bytes.len(), over_lines };
        }
        at = field;
    }
}

/// `end` before a carriage return that stands there, but not before `start`.
fn without_return(bytes: &[u8], start: usize, end: usize) -> usize {
    if end > start && bytes[end - 1] == b'\r' { end - 1 } else { end }
}

pub(super) enum Quoted {
    Closed {
        closing: usize,
        doubled: bool,
        lines: bool,
    },
    TooLong,
    /// The bytes end before the field does.
    Open,
}

/// Follows the quoted field whose opening quote is at `opened`.
pub(super) fn quoted_field(bytes: &[u8], opened: usize, quote: u8, line_end: u8) -> Quoted {
    let (mut doubled, mut lines) = (false, 0);
    let mut at = opened + 1;
    while let Some(found) = memchr2(quote, line_end, &bytes[at..]) {
        let position = at + found;
        if position - opened > QUOTED_BYTES_MAX {
            return Quoted::TooLong;
        }
        if bytes[position] == line_end {
            lines += 1;
            if lines > QUOTED_LINES_MAX {
                return Quoted::TooLong;
            }
            at = position + 1;
        } else if bytes.get(position + 1) == Some(&quote) {
            doubled = true;
            at = position + 2;
        } else {
            return Quoted::Closed { closing: position, doubled, lines: lines > 0 };
        }
    }
    if bytes.len() - opened > QUOTED_BYTES_MAX + 1 { Quoted::TooLong } else { Quoted::Open }
}

impl Dialect {
    /// The value of a field that was marked [`FieldSpan::to_unquote`], appended to `out`: doubled quotes become one, and the
    /// closing quote before something loose goes.
    pub fn unquote(&self, mut content: &str, out: &mut String) {
        let quote = self.quote as char;
        while let Some(position) = content.find(quote) {
            out.push_str(&content[..position]);
            let rest = &content[position + 1..];
            if let Some(after) = rest.strip_prefix(quote) {
                out.push(quote);
                content = after;
            } else {
                // The closing quote: all behind it is verbatim.
                out.push_str(rest);
                return;
            }
        }
        out.push_str(content);
    }
}
