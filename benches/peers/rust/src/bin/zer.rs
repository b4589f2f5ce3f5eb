//! zer: the rules of ../settings.json as blocking keys of its own trait; comparison, training and clusters as its pipeline has them.
//!
//! Its comparisons follow from the kind of a field and cannot be chosen; it names four levels of a similarity. Its probability is learnt of the
//! pairs that the rules yield, and is that of a pair among these; Splink's is that of any two records. The same cut is not the same for both.

use onefolk_peers::{Arguments, FIELDS, RULES, Row, ids, print_pairs, read, write};
use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex};
use zer::blocking::keys::BlockingKey;
use zer::cluster::ClusterGraph;
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

/// For `pick`, in place of zer's own clusters: keeps every link that the lowest of the cuts lets through.
#[derive(Clone, Default)]
struct Links {
    lowest: f32,
    kept: Arc<Mutex<Vec<ScoredPair>>>,
}

impl Clusterer for Links {
    fn cluster(&self, pairs: &[ScoredPair], _params: &ModelParams) -> Vec<Entity> {
        let links = pairs.iter().filter(|pair| pair.match_probability >= self.lowest).cloned();
        self.kept.lock().expect("nobody panics while holding it").extend(links);
        Vec::new()
    }
}

impl Links {
    /// The clusters that the pipeline would make with this cut: the same graph with the same limits. Its clusterer, too, finds the best score
    /// of each member, at a cost of records × links, which a crosswalk does not show.
    fn clusters(&self, cut: f32) -> Vec<Vec<RecordId>> {
        let kept = self.kept.lock().expect("nobody panics while holding it");
        let links: Vec<ScoredPair> = kept.iter().filter(|pair| pair.match_probability >= cut).cloned().collect();
        let mut graph = ClusterGraph::new();
        graph.add_pairs(&links);
        graph.compute_clusters(&ClusterConfig::default())
    }
}

/// The pipeline with its own clusters, cut at `cut`; or with `links` in their place.
fn pipeline(registry: &Path, cut: f64, links: Option<Links>) -> Result<Arc<Pipeline>, Box<dyn Error>> {
    let mut schema = SchemaBuilder::new();
    for field in FIELDS {
        schema = schema.field(field, kind(field));
    }
    let mut blocker = CompositeBlocker::new();
    for (number, fields) in RULES.into_iter().enumerate() {
        blocker = blocker.add(Rule { name: number.to_string(), fields });
    }
    let config = PipelineConfig {
        registry_path: registry.to_path_buf(),
        // Blocks are those of the rules, whatever their size, as for everybody else.
        max_bucket_size: 0,
        upper_threshold: Some(cut as f32),
        ..PipelineConfig::default()
    };
    let store = ZalEntityStore::open_in_memory()?;
    let builder = Pipeline::builder().schema(schema.build()?).blocker(blocker).store(store).config(config);
    Ok(match links {
        Some(links) => builder.clusterer(links).build()?,
        None => builder.build()?,
    })
}

fn record(row: &Row) -> Record {
    let known = FIELDS.iter().zip(&row.fields).filter_map(|(field, value)| Some((field, value.as_deref()?)));
    known.fold(Record::from_key("all", &row.id), |record, (field, value)| record.insert(*field, value))
}

/// The person of every record, given the persons' records.
fn people(records: &[RecordId], clusters: Vec<Vec<RecordId>>) -> Vec<Option<u64>> {
    let numbered =
        (0..).zip(clusters).flat_map(|(number, members)| members.into_iter().map(move |member| (member, number)));
    let person: HashMap<RecordId, u64> = numbered.collect();
    records.iter().map(|id| person.get(id).copied()).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::of_command_line()?;
    let rows = read(&arguments.records)?;
    let lowest = arguments.crosswalks.iter().map(|(_, cut)| *cut).fold(1.0, f64::min);
    let links = arguments.pick.then(|| Links { lowest: lowest as f32, ..Links::default() });
    let registry = arguments.crosswalks[0].0.with_extension("zsm");
    let pipeline = pipeline(&registry, lowest, links.clone())?;
    let records: Vec<Record> = rows.iter().map(record).collect();
    let numbers: Vec<RecordId> = records.iter().map(|record| record.id).collect();
    let ids = ids(rows);
    let report = tokio::runtime::Builder::new_current_thread().build()?.block_on(pipeline.run_batch(records))?;
    for (crosswalk, cut) in &arguments.crosswalks {
        let clusters = match &links {
            Some(links) => links.clusters(*cut as f32),
            None => pipeline.store().all_entities()?.iter().map(|entity| entity.member_ids().collect()).collect(),
        };
        write(crosswalk, &ids, &people(&numbers, clusters))?;
    }
    print_pairs(report.candidate_pairs);
    // The model it keeps for a next batch.
    let _ = std::fs::remove_file(registry);
    Ok(())
}
