//! A look into what a run left.

use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A Parquet file as text; null is "␀".
pub struct Table {
    pub columns: Vec<(String, DataType)>,
    pub rows: Vec<Vec<String>>,
}

pub const NULL: &str = "␀";

impl Table {
    #[track_caller]
    pub fn column(&self, name: &str) -> usize {
        self.columns.iter().position(|(known, _)| known == name).unwrap_or_else(|| panic!("no column {name}"))
    }

    /// All values of one column.
    #[track_caller]
    pub fn values(&self, name: &str) -> Vec<&str> {
        let at = self.column(name);
        self.rows.iter().map(|row| row[at].as_str()).collect()
    }
}

#[track_caller]
pub fn table(path: &Path) -> Table {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is Parquet");
    let fields = builder.schema().fields().clone();
    let columns = fields.iter().map(|field| (field.name().clone(), field.data_type().clone())).collect();
    let options = FormatOptions::default().with_null(NULL);
    let mut rows = Vec::new();
    for batch in builder.build().expect("it has row groups") {
        let batch = batch.expect("the row group can be read");
        let arrays = batch.columns().iter();
        let shown: Vec<ArrayFormatter> =
            arrays.map(|array| ArrayFormatter::try_new(array, &options).expect("the type can be shown")).collect();
        rows.extend(
            (0..batch.num_rows())
                .map(|row| shown.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>()),
        );
    }
    Table { columns, rows }
}

/// Every file below `folder`, by relative path.
pub fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    visit(folder, &mut |path, is_folder| {
        if !is_folder {
            let name = path.strip_prefix(folder).expect("it is below").to_path_buf();
            found.insert(name, std::fs::read(path).expect("it can be read"));
        }
    });
    found
}

/// Every file and folder below `folder` with its permissions and whether it is a folder.
pub fn modes(folder: &Path) -> Vec<(PathBuf, u32, bool)> {
    let mut found = Vec::new();
    visit(folder, &mut |path, is_folder| {
        let mode = std::fs::symlink_metadata(path).expect("it stands").permissions().mode() & 0o777;
        found.push((path.to_path_buf(), mode, is_folder));
    });
    found
}

/// Symbolic links are not followed, but for `folder` itself.
fn visit(folder: &Path, see: &mut impl FnMut(&Path, bool)) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let entry = entry.expect("the entry can be read");
        let kind = entry.file_type().expect("it has a type");
        if kind.is_symlink() {
            continue;
        }
        see(&entry.path(), kind.is_dir());
        if kind.is_dir() {
            visit(&entry.path(), see);
        }
    }
}

/// Where the rows of one extract went.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub crosswalk: u64,
    pub quarantine: u64,
    pub withheld: u64,
}

impl Account {
    pub fn rows(self) -> u64 {
        self.crosswalk + self.quarantine + self.withheld
    }
}

/// By source_file, counted in the Parquet files; every row number stands once.
pub fn accounts(run: &Path) -> BTreeMap<String, Account> {
    let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for name in ["crosswalk", "quarantine", "withheld"] {
        let table = table(&run.join(format!("{name}.parquet")));
        for (file, row) in table.values("source_file").into_iter().zip(table.values("source_row")) {
            let number: u64 = row.parse().expect("a row number");
            assert!(number >= 1 && seen.insert((file.to_string(), number)), "{file} row {row} stands twice");
            let account = accounts.entry(file.into()).or_default();
            *match name {
                "crosswalk" => &mut account.crosswalk,
                "quarantine" => &mut account.quarantine,
                _ => &mut account.withheld,
            } += 1;
        }
    }
    // Row numbers count from 1 without a gap.
    for (file, account) in &accounts {
        let last = seen.iter().filter(|(known, _)| known == file).map(|(_, row)| *row).max();
        assert_eq!(last, Some(account.rows()), "{file}");
    }
    accounts
}

/// What run.json says of one extract.
pub fn account_of(run: &serde_json::Value, file: &str) -> (u64, Account) {
    let files = run["accounts"]["files"].as_array().expect("a list of files");
    let entry = files.iter().find(|entry| entry["file"] == file).unwrap_or_else(|| panic!("{file} is not in run.json"));
    let sum = |key: &str| {
        entry[key].as_object().expect("counts").values().map(|count| count.as_u64().expect("a count")).sum()
    };
    let account = Account {
        crosswalk: entry["crosswalk"].as_u64().expect("a count"),
        quarantine: sum("quarantine"),
        withheld: sum("withheld"),
    };
    (entry["rows"].as_u64().expect("a count"), account)
}
