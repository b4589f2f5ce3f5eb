//! What can make a whole extract unusable (OF02xx).

use crate::failure::{Code, Exit};

macro_rules! codes {
    ($($name:ident = $id:literal, $exit:ident, $title:literal, $next:literal, $explanation:literal;)*) => {
        $(pub(super) static $name: Code = Code {
            id: $id, exit: Exit::$exit, title: $title, next_step: $next, explanation: $explanation,
        };)*
        pub(super) static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    UNREADABLE = "OF0201", InputUnusable, "an extract could not be read",
        "Put the extract back where the job expects it and make it readable, or set when_missing for its provider, then run again",
        "The file is absent, is no ordinary file, or the operating system refused to read it, and no last good one of this provider is \
         kept that could stand in. Nothing was published. If the night may go on without this provider, set when_missing = \"without\" in its [[provider]] table.";
    EMPTY = "OF0202", InputUnusable, "an extract is empty",
        "Ask the provider to send the extract again: it has no bytes, not even a header",
        "The file (or what its compression holds) has no content at all. An extract of nobody has a header and no rows, \
         which is accepted; an empty file nearly always means that an export or a transfer failed.";
    TRUNCATED = "OF0203", InputUnusable, "a compressed extract is cut off",
        "Ask the provider to send the extract again: the transfer stopped before its end",
        "The gzip or zstd stream ends before its own end mark. What could be unpacked is not used, because nobody knows which \
         people are missing from it.";
    DAMAGED = "OF0204", InputUnusable, "a compressed extract is damaged",
        "Ask the provider to send the extract again: its compressed bytes do not agree with their checksum, or something else stands behind their end",
        "The gzip or zstd stream cannot be unpacked, fails its checksum, or has foreign bytes after its end. Nothing of it is used. Zeros after a \
         gzip stream are padding and do no harm.";
    BOMB = "OF0205", InputUnusable, "a compressed extract unpacks to an implausible size",
        "Look at where the extract came from: it unpacks to more than a thousand times its size, as an attack would",
        "The extract unpacks to more than 1 GiB and to more than a thousand times its own size. Person data does not compress \
         so well; such files are made to exhaust a disk or a memory, so it was refused.";
    NOT_A_WORKBOOK = "OF0206", InputUnusable, "an extract is no XLSX workbook",
        "Ask for the extract as a real .xlsx workbook, or set the provider's format to what the file really is",
        "The file should be an XLSX workbook, by its name, its first bytes or the job's format, but cannot be opened as one. \
         Old .xls files, password-protected workbooks and other ZIP archives are not read.";
    NO_SUCH_SHEET = "OF0207", InputUnusable, "a workbook has no such sheet",
        "Correct sheet in the provider's table, or ask why the workbook's sheets changed",
        "The job names a sheet that the workbook does not have, or the workbook has no sheet with cells at all.";
    BROKEN_PARQUET = "OF0208", InputUnusable, "a Parquet extract is broken",
        "Ask the provider to send the extract again, as Parquet with no, Snappy or zstd compression",
        "The file's Parquet footer, pages or compression could not be read. A file that was cut off in transfer has no footer.";
    BAD_HEADER = "OF0209", InputUnusable, "the header of an extract cannot be read",
        "Look at the first line of the extract; set skip_rows, delimiter, quote, encoding or header in the provider's table where it differs",
        "The header line has bytes that do not decode, an unclosed quote, or is not there. Without it the columns have no names. \
         Lines above the header are passed over with skip_rows; header = false names the columns \"1\", \"2\", and so on.";
    MISSING_COLUMN = "OF0210", InputUnusable, "an extract lacks a column that the job maps",
        "Correct the column's name in the provider's table, or ask the provider why the extract changed",
        "Column names are matched after outer space is trimmed, first exactly, then without regard to case. `onefolk check` \
         lists the columns that an extract has.";
    CHANGED = "OF0211", InputUnusable, "an extract changed while it was read",
        "Run again when the transfer has finished: the extract grew, shrank or was replaced during the run",
        "The file's size or time of change was not the same before and after reading. What was read may be half old and half new, \
         so nothing of it is used. Let the transfer write under another name and rename it when it is whole.";
    UNKNOWN_ENCODING = "OF0212", JobWrong, "an encoding is unknown",
        "Use a WHATWG label such as utf-8, windows-1252 or utf-16le as the provider's encoding, or leave it out",
        "The label of the encoding is none that browsers know. Without the key the encoding is found from the data.";
    NOT_TEXT = "OF0213", InputUnusable, "an extract is no text that could be read",
        "Set the provider's format to what the file really is, or ask for CSV, JSON lines, fixed width, Parquet or XLSX",
        "The file is a PDF, an old .xls, a ZIP archive, one large JSON array, UTF-32, or has a line of more than 32 MiB, so it is \
         no extract that can be read row by row.";
    TOO_MANY_ROWS = "OF0214", InputUnusable, "an extract has too many rows",
        "Ask for the extract in several files of fewer than 4,294,967,295 rows",
        "Rows are numbered with 32 bits in every output; one file may not hold more than 4,294,967,294 of them.";
    DOUBLE_COLUMN = "OF0215", InputUnusable, "a mapped column stands more than once in a header",
        "Name the one that is meant: columns of one name are called \"NAME (1)\", \"NAME (2)\" from left to right",
        "Two columns of the extract have the same name and the job maps that name, so nobody can know which is meant.";
    NO_EXTRACT = "OF0216", InputUnusable, "a provider has no extract",
        "Put the provider's extract where its files pattern expects it, or set when_missing for that provider",
        "No file matches the provider's patterns, and no last good extract of it is kept. If the night may go on without it, set when_missing = \"without\".";
}
