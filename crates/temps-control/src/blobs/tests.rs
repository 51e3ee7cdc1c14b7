use std::{
    collections::HashSet,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    time::Duration,
};

use futures_util::FutureExt;
use tempfile::TempDir;
use temps_model::Timestamp;
use temps_policy::FileEntry;

use super::*;

fn open(data_dir: &TempDir) -> Arc<Blobs> {
    Arc::new(Blobs::open(data_dir.path()).unwrap())
}

fn put(intake: &mut Intake, content: &[u8], media_type: &str) -> FileEntry {
    let mut arrival = intake.begin().unwrap();
    arrival.write_all(content).unwrap();
    intake.put(arrival, media_type).unwrap()
}

/// Takes in one file for good.
async fn keep(blobs: &Arc<Blobs>, content: &[u8], media_type: &str) -> FileEntry {
    let mut intake = blobs.intake().await.unwrap();
    let entry = put(&mut intake, content, media_type);
    intake.settle().unwrap();
    entry
}

fn read(blobs: &Blobs, id: BlobId, encoding: Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    blobs.open(id, encoding).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Every file below the data directory.
fn files(data_dir: &TempDir) -> Vec<PathBuf> {
    let folders = [data_dir.path().join("tmp")]
        .into_iter()
        .chain(fs::read_dir(data_dir.path().join("blobs")).unwrap().map(|prefix| prefix.unwrap().path()));
    folders.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path()).collect()
}

fn text(bytes: usize) -> Vec<u8> {
    "All the world's a stage, and all the men and women merely players. ".bytes().cycle().take(bytes).collect()
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    getrandom::fill(&mut noise).unwrap();
    noise
}

fn write_time(path: &Path, time: Timestamp) {
    let time = std::time::UNIX_EPOCH + Duration::from_micros(time.micros().unsigned_abs());
    File::open(path).unwrap().set_modified(time).unwrap();
}

#[tokio::test]
async fn content_comes_back_in_every_encoding() {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = open(&data_dir);
    for size in [1_024, 300_000, 3 << 20] {
        let content = text(size);
        let entry = keep(&blobs, &content, "text/html; charset=utf-8").await;
        assert_eq!(entry.size, size as u64);
        assert_eq!(entry.blob.to_string().len(), 64);
        assert_eq!(read(&blobs, entry.blob, Encoding::Identity), content);
        let gzip = read(&blobs, entry.blob, Encoding::Gzip);
        let mut expanded = Vec::new();
        flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut expanded).unwrap();
        assert_eq!((expanded == content, entry.gzip), (true, Some(gzip.len() as u64)));
        let brotli = read(&blobs, entry.blob, Encoding::Brotli);
        let mut expanded = Vec::new();
        brotli::Decompressor::new(brotli.as_slice(), 4_096).read_to_end(&mut expanded).unwrap();
        assert_eq!((expanded == content, entry.brotli), (true, Some(brotli.len() as u64)));
    }
}

#[tokio::test]
async fn the_name_is_the_sha_256_of_the_content() {
    let data_dir = tempfile::tempdir().unwrap();
    let entry = keep(&open(&data_dir), b"abc", "text/plain").await;
    // FIPS 180-4, the example of one block.
    assert_eq!(entry.blob.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[tokio::test]
async fn what_does_not_become_smaller_is_kept_as_it_is() {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = open(&data_dir);
    for (content, media_type) in
        [(text(1_023), "text/plain"), (text(9_000), "image/jpeg"), (noise(9_000), "text/plain")]
    {
        let entry = keep(&blobs, &content, media_type).await;
        assert_eq!((entry.gzip, entry.brotli), (None, None), "{} bytes of {media_type}", content.len());
        assert!(blobs.open(entry.blob, Encoding::Gzip).is_err());
    }
    let later = keep(&blobs, &text(9_000), "text/plain").await;
    assert!(later.gzip.is_some() && later.brotli.is_some(), "the same content under another type is compressed then");
}

#[tokio::test]
async fn putting_again_writes_nothing_and_says_the_same() {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = open(&data_dir);
    let first = keep(&blobs, &text(5_000), "text/css").await;
    let modified = |path: &PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    let before: HashSet<_> = files(&data_dir).into_iter().map(|path| (modified(&path), path)).collect();
    assert_eq!(keep(&blobs, &text(5_000), "text/css").await, first);
    let after: HashSet<_> = files(&data_dir).into_iter().map(|path| (modified(&path), path)).collect();
    assert_eq!(before, after);
}

#[tokio::test]
async fn two_uploads_of_the_same_content_at_once_agree() {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = open(&data_dir);
    let (mut one, mut two) = (blobs.intake().await.unwrap(), blobs.intake().await.unwrap());
    let entry = put(&mut one, &text(5_000), "text/css");
    assert_eq!(put(&mut one, &text(5_000), "text/css"), entry);
    assert_eq!(put(&mut two, &text(5_000), "text/css"), entry);
    one.settle().unwrap();
    two.settle().unwrap();
    assert_eq!(read(&blobs, entry.blob, Encoding::Identity), text(5_000));
    assert_eq!(files(&data_dir).len(), 3);
}

#[tokio::test]
async fn what_is_not_settled_leaves_nothing() {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = open(&data_dir);
    let mut intake = blobs.intake().await.unwrap();
    let entry = put(&mut intake, &text(5_000), "text/css");
    assert!(blobs.open(entry.blob, Encoding::Identity).is_err());
    assert_eq!(files(&data_dir).len(), 3);
    drop(intake);
    assert_eq!(files(&data_dir), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn r_dep_2_what_a_killed_process_left_is_removed_at_the_next_start() {
    let data_dir = tempfile::tempdir().unwrap();
    let entry = keep(&open(&data_dir), &text(5_000), "text/css").await;
    fs::write(data_dir.path().join("tmp/half"), "half").unwrap();
    let blobs = open(&data_dir);
    assert_eq!(files(&data_dir).len(), 3);
    assert_eq!(read(&blobs, entry.blob, Encoding::Identity), text(5_000));
}

#[tokio::test]
async fn r_dep_2_forms_that_a_killed_process_did_not_reach_are_made_the_next_time() {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = open(&data_dir);
    let entry = keep(&blobs, &text(5_000), "text/css").await;
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Brotli] {
        fs::remove_file(blobs.path(entry.blob, encoding)).unwrap();
        assert_eq!(keep(&blobs, &text(5_000), "text/css").await, entry);
        assert!(!read(&blobs, entry.blob, encoding).is_empty());
    }
}

#[tokio::test]
async fn a_manifest_comes_back_and_a_changed_one_is_noticed() {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = open(&data_dir);
    let mut intake = blobs.intake().await.unwrap();
    let file = put(&mut intake, b"hello", "text/plain");
    let manifest = Manifest { files: [("a.txt".to_owned(), file)].into() };
    let id = intake.put_manifest(&manifest).unwrap();
    intake.settle().unwrap();
    assert_eq!(blobs.manifest(id).unwrap(), manifest);
    fs::write(blobs.path(id, Encoding::Identity), r#"{"files":{}}"#).unwrap();
    assert_eq!(blobs.manifest(id).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[tokio::test]
async fn a_sweep_removes_only_what_nobody_names() {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = open(&data_dir);
    let wanted = keep(&blobs, &text(5_000), "text/css").await;
    keep(&blobs, &text(6_000), "text/css").await;
    let day = Duration::from_secs(86_400);
    let now = Timestamp::from_micros(1_769_860_800_000_000);
    let named = HashSet::from([wanted.blob]);
    let sweep = async |now| blobs.sweep().await.remove_all_but(&named, now).unwrap();
    files(&data_dir).iter().for_each(|path| write_time(path, now));
    assert_eq!(sweep(now.before(day)).await, 0, "the clock went back");
    assert_eq!(sweep(now.after(day)).await, 0, "it may still be missed");
    assert_eq!(sweep(now.after(day + Duration::from_secs(1))).await, 3);
    assert_eq!(files(&data_dir).len(), 3);
    assert_eq!(read(&blobs, wanted.blob, Encoding::Brotli).len() as u64, wanted.brotli.unwrap());
}

#[tokio::test]
async fn a_sweep_waits_for_uploads_and_uploads_wait_for_a_sweep() {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = open(&data_dir);
    let intake = blobs.intake().await.unwrap();
    let mut sweeping = Box::pin(blobs.sweep());
    assert!((&mut sweeping).now_or_never().is_none());
    drop(intake);
    let sweep = sweeping.await;
    let mut waiting = Box::pin(blobs.intake());
    assert!((&mut waiting).now_or_never().is_none());
    drop(sweep);
    waiting.await.unwrap();
}

#[tokio::test]
async fn r_sec_9_blobs_are_private() {
    let data_dir = tempfile::tempdir().unwrap();
    keep(&open(&data_dir), &text(5_000), "text/css").await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for file in files(&data_dir) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        assert_eq!(mode(file.parent().unwrap()), 0o700);
    }
    assert_eq!(mode(&data_dir.path().join("blobs")), 0o700);
    assert_eq!(mode(&data_dir.path().join("tmp")), 0o700);
}

#[test]
fn a_full_disk_is_told_as_such() {
    for (size, encoding) in
        [(100_000, Encoding::Gzip), (100_000, Encoding::Brotli), (100, Encoding::Gzip), (100, Encoding::Brotli)]
    {
        let mut content = tempfile::NamedTempFile::new().unwrap();
        content.write_all(&noise(size)).unwrap();
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = compress::compress(content.reopen().unwrap(), size as u64, encoding, &full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{encoding:?} of {size} bytes");
    }
}
