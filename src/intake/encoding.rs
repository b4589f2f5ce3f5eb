//! Text in any encoding → bytes that are UTF-8 wherever they decode.
//!
//! A byte sequence that does not decode comes out as [`MALFORMED`], which no UTF-8 text holds, so that the row it stands in
//! is found by the same check for every encoding.

use super::codes;
use super::problem::{Problem, Result};
use super::raw::fill;
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::{self, Read};

/// Stands for what could not be decoded.
const MALFORMED: u8 = 0xff;

/// Read at a time while decoding.
const CHUNK_BYTES: usize = 64 << 10;

/// How far past the first byte above 127 the choice between UTF-8 and Windows-1252 looks.
const EVIDENCE_BYTES: usize = 1 << 20;

/// Bytes that the code page does not define, though the WHATWG table maps them to control characters.
const WINDOWS_1252_UNDEFINED: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/// Decodes while it is read.
pub(super) struct Transcoder<R> {
    input: R,
    mode: Mode,
    /// Taken from `input` before the mode was known; handed out first.
    ready: Vec<u8>,
    taken: usize,
    ended: bool,
    with_mark: bool,
}

enum Mode {
    /// Nothing above 127 so far: UTF-8 and Windows-1252 are the same.
    OnlyAscii,
    Utf8,
    Other(Box<Decoder>),
}

impl<R: Read> Transcoder<R> {
    /// Without a `label` the encoding is found: by a mark, by the pattern of NULs, or by the first bytes above 127.
    pub fn new(mut input: R, label: Option<&str>) -> Result<Self> {
        let mut head = Vec::new();
        let ended = fill(&mut input, &mut head, CHUNK_BYTES)?;
        let labelled = match label {
            Some(label) => Some(
                Encoding::for_label_no_replacement(label.as_bytes())
                    .ok_or_else(|| Problem::new(&codes::UNKNOWN_ENCODING, format!("{label:?}")))?,
            ),
            None => None,
        };
        refuse_utf32(&head)?;
        // A mark is stronger than a label, as in WHATWG's rule: no text in another encoding begins with those bytes.
        let (marked, mark_length) = match Encoding::for_bom(&head) {
            Some((encoding, length)) => (Some(encoding), length),
            None => (None, 0),
        };
        let encoding = marked.or(labelled).or_else(|| utf16_by_nulls(&head));
        let mode = match encoding {
            None => Mode::OnlyAscii,
            Some(encoding) if encoding == UTF_8 => Mode::Utf8,
            Some(encoding) => Mode::Other(Box::new(encoding.new_decoder_without_bom_handling())),
        };
        let mut transcoder = Transcoder { input, mode, ready: Vec::new(), taken: 0, ended, with_mark: mark_length > 0 };
        transcoder.accept(head.split_off(mark_length))?;
        Ok(transcoder)
    }

    /// For [`super::FileReport::found`]; final once the input is read to its end.
    pub fn name(&self) -> String {
        match &self.mode {
            Mode::OnlyAscii => "ASCII".to_string(),
            Mode::Utf8 if self.with_mark => "UTF-8 with BOM".to_string(),
            Mode::Utf8 => "UTF-8".to_string(),
            Mode::Other(decoder) => {
                let name = match decoder.encoding().name() {
                    "windows-1252" => "Windows-1252",
                    name => name,
                };
                format!("{name}{}", if self.with_mark { " with BOM" } else { "" })
            }
        }
    }

    /// A WHATWG label that reads this input again.
    pub fn label(&self) -> &'static str {
        match &self.mode {
            Mode::OnlyAscii | Mode::Utf8 => "utf-8",
            Mode::Other(decoder) => decoder.encoding().name(),
        }
    }

    /// Takes the next chunk, decides where a decision is due, and makes it ready.
    fn accept(&mut self, mut chunk: Vec<u8>) -> Result<()> {
        if matches!(self.mode, Mode::OnlyAscii) && !chunk.is_ascii() {
            if !self.ended {
                let wanted = chunk.len() + EVIDENCE_BYTES;
                self.ended = fill(&mut self.input, &mut chunk, wanted)?;
            }
            self.mode = match looks_like_utf8(&chunk) {
                true => Mode::Utf8,
                false => Mode::Other(Box::new(WINDOWS_1252.new_decoder_without_bom_handling())),
            };
        }
        self.taken = 0;
        match &mut self.mode {
            Mode::OnlyAscii | Mode::Utf8 => self.ready = chunk,
            Mode::Other(decoder) => {
                self.ready.clear();
                decode(decoder, &chunk, self.ended, &mut self.ready);
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            if matches!(self.mode, Mode::Utf8) {
                return self.input.read(buffer);
            }
            let mut chunk = std::mem::take(&mut self.ready);
            chunk.clear();
            // Chunks lie at the same places whatever the reads: the decision depends on the file's bytes only.
            self.ended = fill(&mut self.input, &mut chunk, CHUNK_BYTES)?;
            self.accept(chunk)?;
        }
        let count = buffer.len().min(self.ready.len() - self.taken);
        buffer[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

fn refuse_utf32(head: &[u8]) -> Result<()> {
    if head.starts_with(&[0xff, 0xfe, 0, 0]) || head.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Err(Problem::new(&codes::NOT_TEXT, "it is UTF-32"));
    }
    Ok(())
}

/// UTF-16 without a mark: in Western text nearly every other byte is NUL, always on the same side.
fn utf16_by_nulls(head: &[u8]) -> Option<&'static Encoding> {
    let sample = &head[..head.len().min(4096) & !1];
    if sample.len() < 4 {
        return None;
    }
    let (mut even, mut odd) = (0, 0);
    for pair in sample.chunks_exact(2) {
        even += usize::from(pair[0] == 0);
        odd += usize::from(pair[1] == 0);
    }
    let pairs = sample.len() / 2;
    match () {
        () if odd * 2 > pairs && even * 20 < pairs => Some(UTF_16LE),
        () if even * 2 > pairs && odd * 20 < pairs => Some(UTF_16BE),
        () => None,
    }
}

/// Whether the bytes above 127 are more often well-formed UTF-8 than not. A sequence cut off at the end does not count.
fn looks_like_utf8(bytes: &[u8]) -> bool {
    let (mut well_formed, mut malformed) = (0_usize, 0_usize);
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        well_formed += chunk.valid().bytes().filter(|&byte| byte >= 0xc0).count();
        let cut_off = chunks.peek().is_none()
            && chunk.invalid().len() < 4
            && !chunk.invalid().is_empty()
            && std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
        malformed += usize::from(!chunk.invalid().is_empty() && !cut_off);
    }
    well_formed >= malformed.max(1)
}

fn decode(decoder: &mut Decoder, mut bytes: &[u8], last: bool, out: &mut Vec<u8>) {
    if decoder.encoding() == WINDOWS_1252 {
        return decode_windows_1252(decoder, bytes, out);
    }
    loop {
        let start = out.len();
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
        out.resize(start + room, 0);
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(bytes, &mut out[start..], last);
        out.truncate(start + written);
        bytes = &bytes[read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::Malformed(..) => out.push(MALFORMED),
            DecoderResult::OutputFull => {}
        }
    }
}

fn decode_windows_1252(decoder: &mut Decoder, mut bytes: &[u8], out: &mut Vec<u8>) {
    loop {
        let [a, b, c, d, e] = WINDOWS_1252_UNDEFINED;
        let defined = memchr::memchr3(a, b, c, bytes).unwrap_or(bytes.len());
        let defined = memchr::memchr2(d, e, &bytes[..defined]).unwrap_or(defined);
        let start = out.len();
        out.resize(start + defined * 3 + 16, 0);
        let (_, _, written, _) = decoder.decode_to_utf8(&bytes[..defined], &mut out[start..], false);
        out.truncate(start + written);
        if defined == bytes.len() {
            return;
        }
        out.push(MALFORMED);
        bytes = &bytes[defined + 1..];
    }
}
