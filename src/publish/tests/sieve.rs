//! Tables copied without some rows, group by group.

use super::published::{PublishedRun, Rows};
use super::table::ROWS_PER_GROUP;
use super::*;
use bytes::Bytes;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use std::ops::Range;

const NAME: &str = "people.parquet";
const ROWS: usize = 2 * ROWS_PER_GROUP + 1000;

/// Rows in three groups; the one that `gone` names has the least name of all, which only it has.
fn kept_run(folder: &Path, gone: usize) -> PublishedRun {
    let names: Vec<String> = (0..ROWS).map(|row| format!("name {}", row % 100)).collect();
    let ids: Vec<String> = (0..ROWS).map(|row| format!("{row:032}")).collect();
    let name = |row: usize| Some(if row == gone { "a name of one" } else { names[row].as_str() });
    let columns = [
        Column::required_text("person_id", |row| ids[row].as_str()).distinct(),
        Column::text("name", name),
        Column::list("others", |row, append| {
            (0..row % 3).for_each(|at| append(&names[at]));
            row % 7 != 0
        }),
        Column::flag("in_review", |row| row % 5 == 0),
    ];
    fs::create_dir_all(folder).unwrap();
    write_table(folder, NAME, ROWS, &columns).unwrap();
    PublishedRun { run_id: "2026-01-01".into(), folder: folder.into() }
}

/// Copies it; `fate` is asked by the numbers of rows, and is to look at them by nothing else.
fn copied(lock: &Lock, from: &PublishedRun, fate: impl Fn(usize) -> (bool, bool)) -> PublishedRun {
    let draft = Draft::create(lock, "2026-01-02").unwrap();
    let hidden = ["name".to_string(), "others".to_string()];
    let distinct = &["person_id"];
    let sieve = Sieve { name: NAME, looks_at: &["in_review"], distinct, hidden: &hidden, flag: "in_review" };
    let mut first = 0;
    let copy = |rows: &Rows| {
        let range = first..first + rows.len();
        first = range.end;
        let (keep, hide) = range.map(&fate).unzip();
        Ok(Fate { keep, hide, flags: rows.flags("in_review")?, ..Fate::default() })
    };
    let written = draft.copy_table(from, &sieve, copy).unwrap();
    let so_far = draft.so_far();
    let folder = from.folder.with_extension("copy");
    fs::rename(so_far.folder, &folder).unwrap();
    let bytes = fs::read(folder.join(NAME)).unwrap();
    assert_eq!((written.bytes, written.blake3), (bytes.len() as u64, blake3::hash(&bytes).to_hex().to_string()));
    PublishedRun { run_id: from.run_id.clone(), folder }
}

fn metadata(run: &PublishedRun) -> ParquetMetaData {
    let file = fs::File::open(run.folder.join(NAME)).unwrap();
    (**ParquetRecordBatchReaderBuilder::try_new(file).unwrap().metadata()).clone()
}

/// The bytes of a column in a group.
fn chunk(run: &PublishedRun, group: usize, column: usize) -> Vec<u8> {
    let (start, length) = metadata(run).row_group(group).column(column).byte_range();
    let bytes = fs::read(run.folder.join(NAME)).unwrap();
    bytes[start as usize..(start + length) as usize].to_vec()
}

/// Every row as text.
fn told(run: &PublishedRun) -> Vec<Vec<Option<String>>> {
    let mut told = Vec::new();
    let row =
        |rows: &Rows, row| ["person_id", "name", "others", "in_review"].map(|column| rows.said(column, row)).to_vec();
    run.each_whole(NAME, |rows| {
        told.extend((0..rows.len()).map(|at| row(rows, at)));
        Ok(())
    })
    .unwrap();
    told
}

#[test]
fn a_group_of_which_everything_stays_is_copied_as_it_stands() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let (gone, masked) = (5, ROWS - 3);
    let run = kept_run(&output.path().join("kept"), gone);
    let copy = copied(&lock, &run, |row| (row != gone, row == masked));

    let mut wanted = told(&run);
    (wanted[masked][1], wanted[masked][2]) = (None, None);
    wanted.remove(gone);
    assert!(told(&copy) == wanted);
    for column in 0..4 {
        assert!(chunk(&copy, 1, column) == chunk(&run, 1, column), "the group between the two");
    }
    assert!(chunk(&copy, 2, 1) != chunk(&run, 2, 1));

    let least = |run: &PublishedRun| {
        let group = metadata(run).row_group(0).clone();
        let least = group.column(1).statistics().unwrap().min_bytes_opt().map(<[u8]>::to_vec);
        (group.num_rows() as usize, String::from_utf8(least.unwrap()).unwrap())
    };
    assert_eq!(least(&run), (ROWS_PER_GROUP, "a name of one".into()));
    assert_eq!(least(&copy), (ROWS_PER_GROUP - 1, "name 0".into()), "what is gone is in no statistics");
}

#[test]
fn a_table_that_loses_nothing_is_the_same_bytes_and_one_that_loses_a_group_has_one_less() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let run = kept_run(&output.path().join("kept"), 5);
    let same = copied(&lock, &run, |_| (true, false));
    assert!(fs::read(same.folder.join(NAME)).unwrap() == fs::read(run.folder.join(NAME)).unwrap());
    fs::remove_dir_all(&same.folder).unwrap();

    let all_of_one: Range<usize> = ROWS_PER_GROUP..2 * ROWS_PER_GROUP;
    let less = copied(&lock, &run, |row| (!all_of_one.contains(&row), false));
    let mut wanted = told(&run);
    wanted.drain(all_of_one);
    assert!(told(&less) == wanted);
    assert_eq!(metadata(&less).num_row_groups(), 2);
}

#[test]
fn of_a_column_without_a_dictionary_only_the_pages_that_lose_rows_are_other_ones() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let run = kept_run(&output.path().join("kept"), 5);
    // The bytes of each page of the first group, and its first row.
    let pages = |run: &PublishedRun| -> (Vec<Bytes>, Vec<usize>) {
        let groups = run.groups(NAME).unwrap();
        let (_, index) = groups.pages(0, 0).unwrap();
        let page = |page: &PageLocation| {
            (groups.bytes(page.offset, page.compressed_page_size).unwrap(), page.first_row_index as usize)
        };
        index.page_locations().iter().map(page).unzip()
    };
    let (before, first_rows) = pages(&run);
    assert!(before.len() > 4);
    // One row of the second page, and all rows of the third.
    let goes = |row: usize| row == first_rows[1] + 1 || (first_rows[2]..first_rows[3]).contains(&row);
    let copy = copied(&lock, &run, |row| (!goes(row), false));
    let mut wanted = told(&run);
    wanted = (0..ROWS).zip(wanted).filter(|(row, _)| !goes(*row)).map(|(_, row)| row).collect();
    assert!(told(&copy) == wanted);
    let (after, _) = pages(&copy);
    assert!(after[0] == before[0] && after[1] != before[1] && after[2..] == before[3..]);
    // What is told of the column is what is told of one that is encoded as a whole from the same rows.
    let ids: Vec<String> = wanted.iter().map(|row| row[0].clone().unwrap()).collect();
    let alone = output.path().join("alone");
    fs::create_dir(&alone).unwrap();
    let first = metadata(&copy).row_group(0).num_rows() as usize;
    write_table(&alone, NAME, first, &[Column::required_text("person_id", |row| ids[row].as_str()).distinct()])
        .unwrap();
    let alone = metadata(&PublishedRun { run_id: String::new(), folder: alone });
    let spliced = metadata(&copy);
    let (alone, spliced) = (alone.row_group(0).column(0), spliced.row_group(0).column(0));
    assert_eq!(spliced.num_values(), alone.num_values());
    assert_eq!(spliced.statistics(), alone.statistics());
    assert_eq!(spliced.unencoded_byte_array_data_bytes(), alone.unencoded_byte_array_data_bytes());
    // Pages are cut at other rows, and so are a few bytes of their headers.
    assert!((spliced.uncompressed_size() - alone.uncompressed_size()).abs() < 100);
    fs::remove_dir_all(&copy.folder).unwrap();

    // The least value is in the statistics, so the whole column is another one.
    let copy = copied(&lock, &run, |row| (row != 0, false));
    let least = metadata(&copy).row_group(0).column(0).statistics().unwrap().min_bytes_opt().map(<[u8]>::to_vec);
    assert_eq!(least.as_deref(), Some(format!("{:032}", 1).as_bytes()));
    assert!(told(&copy) == told(&run)[1..]);
    assert!(pages(&copy).0[1] != before[1]);
}

#[test]
fn some_rows_are_read_by_their_numbers() {
    let output = tempfile::tempdir().unwrap();
    let run = kept_run(&output.path().join("kept"), 5);
    let wanted = [0, 5, 6, ROWS_PER_GROUP - 1, ROWS_PER_GROUP, ROWS - 1];
    let mut read = Vec::new();
    run.each_of(NAME, &["person_id"], &wanted, |rows| {
        read.extend(rows.text("person_id")?.iter().map(|id| id.unwrap().parse::<usize>().unwrap()));
        Ok(())
    })
    .unwrap();
    assert_eq!(read, wanted);
    assert!(run.each_of(NAME, &["person_id"], &[ROWS], |_| Ok(())).is_err(), "there is no such row");
    run.each_of("absent.parquet", &[], &[], |_| panic!("nothing is asked for")).unwrap();
}

/// On one thread, on two, and on more than a table has groups.
fn on_threads(what: impl Fn() + Sync) {
    for threads in [1, 2, 4] {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&what);
    }
}

/// The numbers that rows have as their ids.
fn numbers(rows: &Rows) -> Result<Vec<usize>> {
    Ok(rows.text("person_id")?.iter().map(|id| id.unwrap().parse().unwrap()).collect())
}

#[test]
fn rows_come_in_order_on_any_number_of_threads() {
    let output = tempfile::tempdir().unwrap();
    let rare = ROWS_PER_GROUP + 5;
    let run = kept_run(&output.path().join("kept"), rare);
    let all: Vec<usize> = (0..ROWS).collect();
    on_threads(|| {
        let (mut each, mut made) = (Vec::new(), Vec::new());
        run.each(NAME, &["person_id"], |rows| {
            each.extend(numbers(rows)?);
            Ok(())
        })
        .unwrap();
        run.each_made(NAME, &["person_id"], numbers, |some| {
            made.extend(some);
            Ok(())
        })
        .unwrap();
        assert!(each == all && made == all);
        let found = run.found(NAME, &["name"], |first, rows| {
            let names = rows.text("name")?;
            let wanted = |row: &usize| ["a name of one", "name 99"].contains(&names.value(*row));
            Ok((0..rows.len()).filter(wanted).map(|row| first + row).collect::<Vec<usize>>())
        });
        assert!(found.unwrap().into_iter().eq((0..ROWS).filter(|row| row % 100 == 99 || *row == rare)));
    });
}

#[test]
fn rows_before_a_damaged_group_are_visited_and_then_it_is_told() {
    let output = tempfile::tempdir().unwrap();
    let run = kept_run(&output.path().join("kept"), 5);
    let (start, length) = metadata(&run).row_group(1).column(0).byte_range();
    let mut bytes = fs::read(run.folder.join(NAME)).unwrap();
    bytes[start as usize..(start + length) as usize].fill(0);
    fs::write(run.folder.join(NAME), bytes).unwrap();
    on_threads(|| {
        let mut visited = 0;
        let failure = run.each(NAME, &["person_id"], |rows| {
            visited += rows.len();
            Ok(())
        });
        assert_eq!((failure.unwrap_err().code.id, visited), ("OF0535", ROWS_PER_GROUP));
        // Whoever visits comes first with what they find wrong.
        let failure = run.each(NAME, &["person_id"], |rows| rows.text("absent").map(|_| ()));
        assert!(failure.unwrap_err().what.contains(NAME));
        assert!(run.found(NAME, &["person_id"], |_, _| Ok(Vec::<usize>::new())).is_err());
        run.each(NAME, &["name"], |_| Ok(())).unwrap();
    });
}

#[test]
fn a_copy_is_the_same_bytes_on_any_number_of_threads() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let run = kept_run(&output.path().join("kept"), 5);
    let before = std::sync::Mutex::new(None);
    on_threads(|| {
        let copy = copied(&lock, &run, |row| (row % 50_000 != 7, row == ROWS - 1));
        let now = fs::read(copy.folder.join(NAME)).unwrap();
        fs::remove_dir_all(copy.folder).unwrap();
        let before = before.lock().unwrap().replace(now.clone());
        assert!(before.is_none_or(|before| before == now));
    });
}
