//! zer: the rules of ../settings.json as blocking keys of its own trait; comparison, training and clusters as its pipeline has them.
//!
//! Its comparisons follow from the kind of a field and cannot be chosen; it names four levels of a similarity.

use onefolk_peers::{Arguments, FIELDS, RULES, read, write};
use std::collections::HashMap;
use std::error::Error;
use zer::blocking::keys::BlockingKey;
use zer::prelude::*;

/// All fields of one rule together.
struct Rule {
    name: String,
    fields: &'static [&'static str],
}

impl BlockingKey for Rule {
    fn name(&self) -> &str {
        &self.name
    }

    fn extract(&self, record: &Record, _schema: &Schema) -> Vec<String> {
        let values: Option<Vec<&str>> = self.fields.iter().map(|field| record.text(field)).collect();
        values.map(|values| values.join("|")).into_iter().collect()
    }
}

fn kind(field: &str) -> FieldKind {
    match field {
        "nhs_number" => FieldKind::Id,
        "given_name" | "family_name" => FieldKind::Name,
        "date_of_birth" => FieldKind::Date,
        "address" => FieldKind::Address,
        _ => FieldKind::Categorical,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::of_command_line()?;
    let rows = read(&arguments.records)?;
    let mut schema = SchemaBuilder::new();
    for field in FIELDS {
        schema = schema.field(field, kind(field));
    }
    let mut blocker = CompositeBlocker::new();
    for (number, fields) in RULES.into_iter().enumerate() {
        blocker = blocker.add(Rule { name: number.to_string(), fields });
    }
    let registry = arguments.crosswalk.with_extension("zsm");
    let config = PipelineConfig {
        registry_path: registry.clone(),
        // Blocks are those of the rules, whatever their size, as for everybody else.
        max_bucket_size: 0,
        upper_threshold: Some(arguments.cut as f32),
        ..PipelineConfig::default()
    };
    let pipeline = Pipeline::builder()
        .schema(schema.build()?)
        .blocker(blocker)
        .store(ZalEntityStore::open_in_memory()?)
        .config(config)
        .build()?;
    let record = |row: &onefolk_peers::Row| {
        let known = FIELDS.iter().zip(&row.fields).filter_map(|(field, value)| Some((field, value.as_deref()?)));
        known.fold(Record::from_key("all", &row.id), |record, (field, value)| record.insert(*field, value))
    };
    let records: Vec<Record> = rows.iter().map(record).collect();
    let report = tokio::runtime::Builder::new_current_thread().build()?.block_on(pipeline.run_batch(records))?;
    let mut person: HashMap<String, String> = HashMap::new();
    for entity in pipeline.store().all_entities()? {
        for member in &entity.members {
            person.insert(member.record_key.clone(), entity.id.to_string());
        }
    }
    let people = rows
        .iter()
        .map(|row| (row.id.as_str(), person.get(&row.id).cloned().unwrap_or_else(|| format!("alone-{}", row.id))));
    write(&arguments.crosswalk, people, report.candidate_pairs)?;
    // The model it keeps for a next batch.
    let _ = std::fs::remove_file(registry);
    Ok(())
}
