//! Files that are whole or absent: a new file is written beside the old one and then takes its name.

use crate::error::{Error, Result};
use crate::memory;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The tensors and the header of a safetensors file of this library; `kind` says what is expected in it: `model`.
///
/// The header is the JSON text in the metadata's entry `instanton`, with the kind as one of its keys.
pub fn parse<'a, H: DeserializeOwned>(bytes: &'a [u8], kind: &str) -> Result<(SafeTensors<'a>, H)> {
    #[derive(Deserialize)]
    struct Kind {
        kind: String,
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let text = &header_text(bytes, kind)?;
    let faulty = |e| Error::BadInput(format!("expected the header of a {kind}, got: {e}"));
    let Kind { kind: got } = serde_json::from_str(text).map_err(faulty)?;
    if got != kind {
        return Err(Error::BadInput(format!("expected a saved {kind}, got a saved {got}")));
    }
    Ok((tensors, serde_json::from_str(text).map_err(faulty)?))
}

fn damaged(error: safetensors::SafeTensorError) -> Error {
    Error::BadInput(format!("expected a whole safetensors file, got: {error}"))
}

/// The JSON text of the header of such a file.
fn header_text(bytes: &[u8], kind: &str) -> Result<String> {
    let metadata = SafeTensors::read_metadata(bytes).map_err(damaged)?.1;
    let text = metadata.metadata().as_ref().and_then(|entries| entries.get("instanton"));
    let text =
        text.ok_or_else(|| Error::BadInput(format!("expected a saved {kind}, got a file without its header")))?;
    Ok(text.clone())
}

/// Checks the checksum that a file states of its header, with an empty checksum in it, and of its tensors, as `of` computes it.
///
/// The text is that in the file, since a later version may have keys of which the file knows nothing; or `rewritten`, the same
/// header in our own spelling, where another program has spaced it otherwise.
pub fn expect_checksum(
    (bytes, kind): (&[u8], &str),
    (expected, rewritten): (&str, String),
    mut of: impl FnMut(&str) -> String,
) -> Result<()> {
    let (text, stated) = (header_text(bytes, kind)?, format!("\"checksum\":\"{expected}\""));
    let (as_it_stands, in_our_spelling) = (of(&text.replacen(&stated, "\"checksum\":\"\"", 1)), of(&rewritten));
    if as_it_stands == expected || in_our_spelling == expected {
        return Ok(());
    }
    let got = if text.contains(&stated) { as_it_stands } else { in_our_spelling };
    Err(Error::BadInput(format!("checksum: expected {expected}, got {got}")))
}

/// A tensor on its way to a file: its name, type, shape and bytes.
pub type Laid<'a> = (&'a str, Dtype, &'a [usize], &'a [u8]);

/// The bytes of a safetensors file: its header's length, the header with `text` in the metadata's entry `instanton`, and
/// the tensors one after another.
pub fn laid_out(tensors: &[Laid], text: &str) -> Result<Vec<u8>> {
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".into(), serde_json::json!({ "instanton": text }));
    let mut end = 0;
    for (name, dtype, shape, bytes) in tensors {
        let offsets = [end, end + bytes.len()];
        header.insert((*name).into(), serde_json::json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets }));
        end = offsets[1];
    }
    let mut header = serde_json::Value::from(header).to_string();
    // Numbers begin at a multiple of their size.
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut file = memory::reserved("bytes of a file", 8 + header.len() + end)?;
    file.extend_from_slice(&(header.len() as u64).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    tensors.iter().for_each(|(_, _, _, bytes)| file.extend_from_slice(bytes));
    Ok(file)
}

/// Numbers as the bytes of a file.
pub fn bytes_of(numbers: &[f64]) -> Result<Vec<u8>> {
    let mut bytes = memory::reserved("bytes of a file", size_of_val(numbers))?;
    numbers.iter().for_each(|x| bytes.extend_from_slice(&x.to_le_bytes()));
    Ok(bytes)
}

/// Numbers of the bytes of a file.
pub fn numbers_of(bytes: &[u8]) -> Result<Vec<f64>> {
    memory::collected("numbers of a file", bytes.as_chunks().0.iter().map(|&word| f64::from_le_bytes(word)))
}

/// Tries for a free temporary name; names are taken only by writers at work and by those that were killed.
const MOST_TRIES: usize = 1000;

/// Writes a whole file: a temporary file in the same folder, flushed to the disk, then renamed to `path`.
///
/// On an error the file that was at `path` before is untouched, and no temporary file is left behind.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = resolve(path)?;
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let (temporary, mut file) = create_beside(&folder).map_err(|e| failed(path, "could not be written", &e))?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, &target))
        .map_err(|e| failed(path, "could not be written", &e));
    if written.is_err() {
        // The first error is the one to report; a temporary file that cannot be removed adds nothing to it.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    // The file is in place; a file system that cannot flush folders is no reason to say otherwise.
    let _ = File::open(&folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Opens a regular file for reading; returns it with its length.
pub fn open(path: &Path) -> Result<(File, u64)> {
    let unreadable = |e: &std::io::Error| failed(path, "could not be read", e);
    // Before opening: opening a pipe would wait for its writer.
    let status = fs::metadata(path).map_err(|e| unreadable(&e))?;
    if !status.is_file() {
        return Err(not_regular(path));
    }
    Ok((File::open(path).map_err(|e| unreadable(&e))?, status.len()))
}

/// Reads a whole regular file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    let too_long = |got: u64| Error::Io(format!("{}: expected at most {limit} bytes, got {got}", path.display()));
    if length > limit {
        return Err(too_long(length));
    }
    // One byte more than there should be, so that the end is seen without growing.
    let mut bytes = memory::reserved(&path.display().to_string(), length as usize + 1)?;
    let reading = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    reading.map_err(|e| failed(path, "could not be read", &e))?;
    if bytes.len() as u64 > limit {
        return Err(too_long(bytes.len() as u64));
    }
    Ok(bytes)
}

/// The 64-bit FNV-1a hash of bytes, by which a damaged file is recognised.
pub fn checksum(bytes: &[u8]) -> u64 {
    checksum_of(bytes.iter().copied())
}

/// The same of bytes that do not lie in one array.
pub fn checksum_of(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Symbolic links that are followed one after the other, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// The file that a name leads to through symbolic links, whether it exists or not; refuses what a rename would destroy:
/// folders, devices, pipes.
fn resolve(path: &Path) -> Result<PathBuf> {
    let unwritable = |e: &std::io::Error| failed(path, "could not be written", e);
    match fs::metadata(path) {
        Ok(status) if !status.is_file() => Err(not_regular(path)),
        Ok(_) => fs::canonicalize(path).map_err(|e| unwritable(&e)),
        Err(e) if e.kind() == ErrorKind::NotFound && path.file_name().is_some() => missing_target(path),
        Err(e) => Err(unwritable(&e)),
    }
}

/// The file that a name leads to where there is none yet: the name itself, or what its symbolic links name.
fn missing_target(path: &Path) -> Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        // What is no symbolic link cannot be read as one: that is the target.
        let Ok(next) = fs::read_link(&target) else { return Ok(target) };
        target.pop();
        // A relative name starts at the folder of its link; an absolute one replaces it.
        target.push(next);
    }
    Err(Error::Io(format!("{}: expected at most {MOST_LINKS} symbolic links, got more", path.display())))
}

fn create_beside(folder: &Path) -> std::io::Result<(PathBuf, File)> {
    for attempt in 0..MOST_TRIES {
        let path = folder.join(format!(".instanton-{}-{attempt}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            other => return other.map(|file| (path, file)),
        }
    }
    Err(std::io::Error::new(ErrorKind::AlreadyExists, format!("{MOST_TRIES} temporary files are left in the folder")))
}

fn failed(path: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::Io(format!("{}: {what}: {error}", path.display()))
}

fn not_regular(path: &Path) -> Error {
    Error::Io(format!("{}: expected a regular file, got a folder or device", path.display()))
}

/// A path below `build` for what a test of this process writes.
#[cfg(test)]
pub(crate) fn of_tests(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/tests");
    fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}-{}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = of_tests(&format!("file-{name}"));
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = folder("whole");
        let path = folder.join("a");
        write_atomic(&path, b"first, and longer").unwrap();
        write_atomic(&path, b"second").unwrap();
        assert_eq!(read(&path, 6).unwrap(), b"second");
        assert_eq!(names(&folder), ["a"]);
        assert!(read(&path, 5).unwrap_err().to_string().ends_with("expected at most 5 bytes, got 6"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn links_are_followed_and_leftovers_of_killed_writers_are_passed_by() {
        let folder = folder("links");
        let stale = format!(".instanton-{}-0.tmp", std::process::id());
        fs::write(folder.join(&stale), b"old").unwrap();
        fs::write(folder.join("real"), b"old").unwrap();
        std::os::unix::fs::symlink(folder.join("real"), folder.join("link")).unwrap();
        write_atomic(&folder.join("link"), b"new").unwrap();
        assert_eq!(fs::read(folder.join("real")).unwrap(), b"new");
        assert_eq!(names(&folder), [stale.as_str(), "link", "real"]);
        fs::remove_dir_all(folder).unwrap();
    }

    /// Absolute and relative links, chains of them, through folders that are links: the target is made, the links stay.
    #[test]
    fn links_to_files_that_are_not_there_yet_are_followed() {
        use std::os::unix::fs::symlink;
        let folder = folder("dangling");
        fs::create_dir(folder.join("disk")).unwrap();
        symlink("disk", folder.join("scratch")).unwrap();
        symlink(folder.join("disk/absolute"), folder.join("a")).unwrap();
        symlink("scratch/relative", folder.join("b")).unwrap();
        symlink("../d", folder.join("disk/back")).unwrap();
        symlink("disk/back", folder.join("c")).unwrap();
        for (link, target) in [("a", "disk/absolute"), ("b", "disk/relative"), ("c", "d")] {
            for content in [&b"first"[..], b"second"] {
                write_atomic(&folder.join(link), content).unwrap();
                assert!(folder.join(link).is_symlink());
                assert!(folder.join(target).symlink_metadata().unwrap().is_file());
                assert_eq!(fs::read(folder.join(target)).unwrap(), content);
            }
        }
        symlink("nowhere/file", folder.join("lost")).unwrap();
        symlink("round", folder.join("round")).unwrap();
        for link in ["lost", "round"] {
            let error = write_atomic(&folder.join(link), b"lost").unwrap_err();
            assert_eq!(error.status(), 5);
            assert!(folder.join(link).is_symlink(), "{error}");
        }
        assert_eq!(names(&folder), ["a", "b", "c", "d", "disk", "lost", "round", "scratch"]);
        assert_eq!(names(&folder.join("disk")), ["absolute", "back", "relative"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_cannot_be_written_or_read_is_an_input_output_error_that_names_the_path() {
        let folder = folder("errors");
        let regular = folder.join("regular");
        fs::write(&regular, b"kept").unwrap();
        let bad = [regular.join("below"), folder.join("missing/name"), folder.clone(), PathBuf::from("/dev/full")];
        for path in bad.iter().chain([&PathBuf::from("")]) {
            for error in [write_atomic(path, b"lost").unwrap_err(), read(path, 10).unwrap_err()] {
                assert_eq!(error.status(), 5);
                assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
            }
        }
        assert_eq!(names(&folder), ["regular"]);
        assert_eq!(fs::read(&regular).unwrap(), b"kept");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_checksum_is_the_published_one_and_sees_one_flipped_bit() {
        assert_eq!(checksum(b"foobar"), 0x8594_4171_f739_67e8);
        assert_ne!(checksum(b"foobas"), checksum(b"foobar"));
    }
}
