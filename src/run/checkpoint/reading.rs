//! What reading and standardising leave, as pieces.

use super::columns::{get_column, get_columns, put_column};
use super::pieces::{Damaged, Reader, Writer};
use crate::intake::TextColumn;
use crate::job::{Field, Job};
use crate::records::{Cleaned, Column, Fact, PackageColumn, Quality, Records, Written, carried, package_columns};
use crate::run::Usable;
use std::collections::BTreeMap;
use std::io;

type Got<T> = Result<T, Damaged>;

pub(super) fn put(writer: &mut Writer, usable: &Usable) -> io::Result<()> {
    let Usable { files, records, cleaned, quarantined, replaced_numbers } = usable;
    writer.put(files)?;
    put_records(writer, records)?;
    put_cleaned(writer, cleaned)?;
    writer.put_list(quarantined)?;
    writer.put(replaced_numbers)
}

pub(super) fn get(reader: &mut Reader, job: &Job) -> Got<Usable> {
    let files = reader.get()?;
    let records = get_records(reader, job)?;
    let cleaned = get_cleaned(reader)?;
    Ok(Usable { files, records, cleaned, quarantined: reader.get_list()?, replaced_numbers: reader.get()? })
}

fn put_records(writer: &mut Writer, records: &Records) -> io::Result<()> {
    let Records { provider, extract, source_row, record_id, key, raw, clean, number_verified, written, .. } = records;
    writer.put_list(provider)?;
    writer.put_list(extract)?;
    writer.put_list(source_row)?;
    writer.put_texts(record_id.len(), record_id.iter())?;
    writer.put_list(key)?;
    for columns in [raw, clean] {
        writer.put(&columns.keys().collect::<Vec<&Field>>())?;
        columns.values().try_for_each(|column| put_column(writer, column))?;
    }
    writer.put_list(number_verified)?;
    writer.put(&written.fields)?;
    put_column(writer, &written.column)?;
    // The rules stand in the job.
    records.carried().try_for_each(|column| put_column(writer, column))
}

fn get_records(reader: &mut Reader, job: &Job) -> Got<Records> {
    let (provider, extract, source_row) = (reader.get_list()?, reader.get_list()?, reader.get_list()?);
    let mut record_id = TextColumn::default();
    reader.get_texts(|text| record_id.push(text))?;
    let key = reader.get_list()?;
    let mut columns = || -> Got<BTreeMap<Field, Column>> {
        let fields: Vec<Field> = reader.get()?;
        let columns = get_columns(reader, fields.len(), |_| Ok(()))?;
        Ok(fields.into_iter().zip(columns.into_iter().map(|(_, column)| column)).collect())
    };
    let (raw, clean) = (columns()?, columns()?);
    let number_verified = reader.get_list()?;
    let written = Written { fields: reader.get()?, column: get_column(reader)? };
    let fact = |rule: &crate::job::Carry| -> Got<Fact> { Ok(Fact { rule: rule.clone(), column: get_column(reader)? }) };
    let facts = carried(job).into_iter().map(fact).collect::<Got<_>>()?;
    let package =
        |(group, part)| -> Got<PackageColumn> { Ok(PackageColumn { group, part, column: get_column(reader)? }) };
    let packages = package_columns(job).into_iter().map(package).collect::<Got<_>>()?;
    let records = Records {
        provider,
        extract,
        source_row,
        record_id,
        key,
        raw,
        clean,
        number_verified,
        facts,
        packages,
        written,
    };
    if is_whole(&records, job) { Ok(records) } else { Err(Damaged) }
}

/// One entry a record everywhere, and each leads to something.
fn is_whole(records: &Records, job: &Job) -> bool {
    let length = records.len();
    let mut columns = records.raw.values().chain(records.clean.values()).chain(records.carried());
    [records.extract.len(), records.source_row.len(), records.record_id.len(), records.key.len()] == [length; 4]
        && records.number_verified.len() == length
        && records.written.column.codes.len() == length
        && records.written.column.values.iter().all(|pattern| pattern.len() == records.written.fields.len())
        && records.provider.iter().all(|&provider| usize::from(provider) < job.providers.len())
        && columns.all(|column| column.codes.len() == length)
}

/// A [`Quality`] with its provider, which run.json does not repeat.
type ProviderQuality = (u16, String, u64, u64, Vec<(String, u64)>, Option<String>);

fn put_cleaned(writer: &mut Writer, cleaned: &Cleaned) -> io::Result<()> {
    let Cleaned { quality, test_numbers, void_numbers, filler_rows, formats } = cleaned;
    let quality: Vec<ProviderQuality> = quality
        .iter()
        .map(|Quality { provider, field, filled, valid, reasons, found, left: _ }| {
            let reasons = reasons.iter().map(|(reason, rows)| (reason.to_string(), *rows)).collect();
            (*provider, field.clone(), *filled, *valid, reasons, found.clone())
        })
        .collect();
    writer.put(&(quality, test_numbers, void_numbers, formats))?;
    writer.put_list(filler_rows)
}

fn get_cleaned(reader: &mut Reader) -> Got<Cleaned> {
    let (quality, test_numbers, void_numbers, formats): (Vec<ProviderQuality>, _, _, _) = reader.get()?;
    let quality = quality
        .into_iter()
        .map(|(provider, field, filled, valid, reasons, found)| {
            let reasons = reasons.into_iter().map(|(reason, rows)| (reason.into(), rows)).collect();
            Quality { provider, field, filled, valid, reasons, found, left: None }
        })
        .collect();
    Ok(Cleaned { quality, test_numbers, void_numbers, filler_rows: reader.get_list()?, formats })
}
