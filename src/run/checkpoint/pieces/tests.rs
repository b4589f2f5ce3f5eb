//! What is written in pieces is read again, or found damaged.

use super::*;

/// What is written and read again.
type Sample = (String, Vec<u64>, Vec<String>);

fn read(path: &Path) -> Got<Sample> {
    let mut reader = Reader::open(path).expect("it is there");
    let (name, numbers) = (reader.get()?, reader.get_list()?);
    let mut texts = Vec::new();
    reader.get_texts(|text| texts.push(text.to_string()))?;
    reader.at_end()?;
    Ok((name, numbers, texts))
}

fn sample(numbers: u64) -> Sample {
    ("a name".into(), (0..numbers).map(|at| at * at).collect(), ["", "one", "two"].map(String::from).to_vec())
}

fn write(path: &Path, sample: &Sample) {
    let _ = std::fs::remove_file(path);
    let mut writer = Writer::create(path).expect("a file");
    writer.put(&sample.0).expect("room");
    writer.put_list(&sample.1).expect("room");
    writer.put_texts(sample.2.len(), sample.2.iter().map(String::as_str)).expect("room");
    writer.finish().expect("room");
}

#[test]
fn what_is_written_is_read_again_however_long() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("pieces");
    for numbers in [0, 1, 1000, (ENTRIES as u64) - 1, ENTRIES as u64, 3 * ENTRIES as u64 + 7] {
        write(&path, &sample(numbers));
        assert_eq!(read(&path), Ok(sample(numbers)), "{numbers}");
    }
}

#[test]
fn long_texts_make_short_pieces_that_are_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (path, long) = (folder.path().join("pieces"), "x".repeat(TEXT_BYTES / 4));
    let texts = || std::iter::repeat_n(long.as_str(), 5).chain(std::iter::repeat_n("", 5 * ENTRIES));
    let count = texts().count();
    let told = |threads: usize, mut writer: Writer| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            writer.put_texts(count, texts()).expect("room");
            let told = writer.told();
            writer.finish().map(|()| told).expect("room")
        })
    };
    // On one thread they are more than are made at once.
    assert_eq!(told(1, Writer::to_nowhere()), told(3, Writer::create(&path).expect("a file")));
    let mut reader = Reader::open(&path).expect("it is there");
    let raw = reader.get_raw().expect("it is whole");
    let sizes: Vec<usize> = raw.pieces.iter().map(|(bytes, _)| bytes.len() / long.len()).collect();
    assert_eq!(sizes, [4, 1, 0, 0, 0, 0, 0], "a piece ends with the text that fills it");
    let mut read = 0;
    assert_eq!(raw.texts(|text| read += text.len()), Ok(count as u64));
    assert_eq!((read, reader.at_end()), (5 * long.len(), Ok(())));
}

#[test]
fn any_byte_that_is_lost_or_changed_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("pieces");
    write(&path, &sample(20));
    let bytes = std::fs::read(&path).expect("it stands");
    for at in 0..bytes.len() {
        std::fs::write(&path, &bytes[..at]).expect("a file");
        assert_eq!(read(&path), Err(Damaged), "cut off at {at}");
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        std::fs::write(&path, &changed).expect("a file");
        assert_eq!(read(&path), Err(Damaged), "byte {at}");
    }
    std::fs::write(&path, [bytes.as_slice(), b"x"].concat()).expect("a file");
    assert_eq!(read(&path), Err(Damaged), "something follows");
}
