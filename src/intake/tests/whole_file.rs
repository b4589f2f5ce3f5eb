//! Many files and many blocks on several threads give what one thread gives.

use super::*;

#[test]
fn the_same_on_any_number_of_threads() {
    let folder = Folder::new();
    let text = |seed: usize, rows: usize| {
        let mut text = String::from("id,name,note\n");
        for row in 0..rows {
            match (row + seed) % 97 {
                0 => text.push_str(&format!("{row},only two\n")),
                1 => text.push_str(&format!("{row},\"two\nlines\",\"x,y\"\n")),
                2 => text.push_str(&format!("{row},\"broken,x\n")),
                _ => text.push_str(&format!("{row},Siân {seed},x\n")),
            }
        }
        text
    };
    let files: Vec<PathBuf> = (0..6)
        .map(|seed| {
            let bytes = text(seed, 20_000 * (seed % 3) + 10).into_bytes();
            folder.write(&format!("{seed}.csv"), if seed % 2 == 0 { bytes } else { gzip(&bytes) })
        })
        .chain([folder.write("z.parquet", super::formats::parquet_bytes(5000, 700))])
        .collect();
    let sizes = Sizes { block_bytes: 10_000, head_bytes: 1000 };
    let result = |threads| {
        let intake = read(&job(folder.path(), vec![provider(&["name", "id"], files.clone())], threads), sizes).unwrap();
        joined(&intake);
        let files: Vec<_> = intake
            .files
            .iter()
            .map(|file| (file.rows, file.quarantined, file.found.clone(), file.blake3.clone()))
            .collect();
        (intake.batches, files)
    };
    let one = result(1);
    assert!(one.0.len() > 100);
    for threads in [2, 3, 8] {
        assert!(one == result(threads), "{threads} threads");
    }
}

#[test]
fn batches_are_bounded() {
    // Very short rows: one block holds many batches.
    let text = format!("a\n{}", "x\n".repeat(300_000));
    let folder = Folder::new();
    let path = folder.write("a.csv", &text);
    let intake = read(&job(folder.path(), vec![provider(&["a"], vec![path])], 2), Sizes::default()).unwrap();
    assert_eq!(intake.batches.len(), 300_000_usize.div_ceil(super::super::rows::BATCH_ROWS_MAX));
    assert_eq!(joined(&intake).rows.len(), 300_000);
}

#[test]
fn progress_adds_up_to_the_bytes_of_the_files() {
    let folder = Folder::new();
    let files = [
        folder.write("a.csv", "a,b\n1,2\n".repeat(100_000)),
        folder.write("b.parquet", super::formats::parquet_bytes(100, 10)),
    ];
    let bytes: u64 = files.iter().map(|path| std::fs::metadata(path).unwrap().len()).sum();
    let mut one = provider(&["a"], files[..1].to_vec());
    one.id = "one".into();
    let providers = vec![one, provider(&["id"], files[1..].to_vec())];
    let told = std::sync::atomic::AtomicU64::new(0);
    let count = |bytes| {
        told.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    };
    crate::intake::read_all(&job(folder.path(), providers, 2), |_| (), count).unwrap();
    assert_eq!(told.into_inner(), bytes);
}

#[test]
#[should_panic(expected = "consumer")]
fn a_panic_of_the_consumer_ends_all_threads() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "a,b\n1,2\n".repeat(10_000));
    let job = job(folder.path(), vec![provider(&["a"], vec![path])], 3);
    let sizes = Sizes { block_bytes: 1000, head_bytes: 100 };
    let consume = |batch: crate::intake::Batch| assert!(batch.source_rows[0] < 500, "consumer");
    let _ = read_all(&job, sizes, &consume, &|_| {});
}

#[test]
fn blocks_end_near_their_size_however_much_is_quoted() {
    for row in ["\"a\",\"b\"\n", "\"a\",\"b\"\r\n", "a,\"b\"\n", "\"a\",b\n", "\"a\n\",\"\"\"b\"\n", "a,b\n"] {
        let folder = Folder::new();
        let text = format!("a,b\n{}", row.repeat(2000));
        let path = folder.write("a.csv", &text);
        let sizes = Sizes { block_bytes: 500, head_bytes: 100 };
        let intake = read(&job(folder.path(), vec![provider(&["b"], vec![path])], 2), sizes).unwrap();
        assert_eq!(joined(&intake).rows.len(), 2000, "{row:?}");
        assert!(intake.batches.len() >= text.len() / 600, "{row:?}: {} blocks", intake.batches.len());
    }
}
