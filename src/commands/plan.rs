//! `onefolk plan JOB`.

use super::extracts::Looks;
use onefolk::failure::Result;
use onefolk::job::{Job, THREADS_MAX};
use onefolk::run::Show;
use onefolk::run::plan::{self, Plan, Previous};
use std::path::PathBuf;

/// Show what a run would do: rows, pairs per blocking rule, memory and time estimate.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk plan night/job.toml\n  onefolk plan night/job.toml --full --threads 2")]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Plan a run that takes nothing from the night before, as `onefolk run --full` does.
    #[arg(long)]
    full: bool,
    /// Threads to plan with instead of the job's, eight a core at most; 0 = all cores.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(..=THREADS_MAX))]
    threads: Option<u16>,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let mut job = Job::read_with_headers(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    job.threads = arguments.threads.map_or(job.threads, usize::from);
    // A run does so, and what is foretold goes by what is held meanwhile.
    super::keep_large_pages(&job);
    let plan = plan::plan(&job, arguments.full, Show::fitting(quiet))?;
    super::warn(&plan.warnings);
    if arguments.json {
        return super::print_json(&serde_json::to_value(&plan).expect("a plan is plain data"));
    }
    super::print(&shown(&plan))
}

fn shown(plan: &Plan) -> String {
    format!(
        "{}\n\n{} rows from {} providers, {} of them in quarantine; {} records are {} distinct identities.\nCompared are: {}.\n\n{}\n\n\
         {} distinct pairs, in blocks {}.\n\nA run takes about {} on {} and {} of memory.\n{}{}\n\n\
         Used again: {}.\n{}\n",
        files(plan),
        plan.rows,
        plan.providers,
        plan.quarantined,
        plan.records,
        plan.identities,
        plan.comparisons.join(", "),
        rules(plan),
        plan.distinct_pairs,
        match plan.block_cap {
            0 => "of any size".to_string(),
            cap => format!("of at most {cap}"),
        },
        duration(plan.estimated_seconds),
        if plan.threads == 1 { "1 thread".into() } else { format!("{} threads", plan.threads) },
        mebibytes(plan.estimated_bytes),
        ceiling(plan),
        plan.estimate,
        plan.reused,
        previous(plan.previous.as_ref()),
    )
}

/// As a job file writes a limit, rounded up.
fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

/// What the limit of the job means for the run; nothing where there is none.
fn ceiling(plan: &Plan) -> String {
    let Some(limit) = plan.memory_limit else { return String::new() };
    let (allowed, enough) = (mebibytes(limit), mebibytes(plan.enough_bytes));
    match limit {
        limit if limit >= plan.estimated_bytes => format!("It fits into the {allowed} that the job allows.\n"),
        limit if limit >= plan.least_bytes => format!(
            "The job allows {allowed}: columns and pairs wait on disk while records are linked, and about {enough} are enough.\n"
        ),
        _ if plan.linking_taken_over => {
            format!("The job allows {allowed}, which is less: nothing waits on disk where nothing is linked.\n")
        }
        _ if plan.least_bytes == plan.estimated_bytes => format!(
            "The job allows {allowed}, which is too little: the run ends before it links. About {enough} are enough.\n"
        ),
        _ => format!(
            "The job allows {allowed}, which is too little: about {enough} are needed even with columns and pairs on disk. The run ends before \
             it links.\n"
        ),
    }
}

fn files(plan: &Plan) -> String {
    let mut table = super::table(&["provider", "extract", "MB", "rows", "rows expected", ""]);
    for file in &plan.files {
        table.add_row([
            file.provider.clone(),
            file.file.clone(),
            format!("{:.1}", file.bytes as f64 / 1e6),
            file.rows.to_string(),
            file.estimated_rows.map_or("–".into(), |rows| rows.to_string()),
            file.skipped.as_ref().map_or(String::new(), |why| format!("left out: {why}")),
        ]);
    }
    super::right(&mut table, 2..5);
    table.trim_fmt()
}

fn rules(plan: &Plan) -> String {
    let mut table = super::table(&["blocking rule", "blocks", "pairs", "cut"]);
    for rule in &plan.rules {
        table.add_row([rule.rule.clone(), rule.blocks.to_string(), rule.pairs.to_string(), rule.cut.to_string()]);
    }
    super::right(&mut table, 1..4);
    table.trim_fmt()
}

fn previous(previous: Option<&Previous>) -> String {
    let Some(previous) = previous else { return "There was no run before.".into() };
    let or_unknown = |figure: Option<u64>| figure.map_or("an unknown number of".into(), |figure| figure.to_string());
    let seconds = previous.seconds.map_or(String::new(), |seconds| format!(", in {}", duration(seconds)));
    format!(
        "The run before is {}: {} rows, {} people{seconds}.",
        previous.run_id,
        or_unknown(previous.rows),
        or_unknown(previous.people)
    )
}

fn duration(seconds: f64) -> String {
    match seconds {
        short if short < 1.0 => "a second".into(),
        short if short < 90.0 => format!("{short:.0} seconds"),
        long => format!("{:.0} minutes", long / 60.0),
    }
}
