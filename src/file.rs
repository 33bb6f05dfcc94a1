//! Files that are whole or absent: a new file is written beside the old one and then takes its name.

use crate::error::{Error, Result};
use crate::memory;
use safetensors::SafeTensors;
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
    let damaged = |e| Error::BadInput(format!("expected a whole safetensors file, got: {e}"));
    let metadata = SafeTensors::read_metadata(bytes).map_err(damaged)?.1;
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let text = metadata.metadata().as_ref().and_then(|entries| entries.get("instanton"));
    let text =
        text.ok_or_else(|| Error::BadInput(format!("expected a saved {kind}, got a file without its header")))?;
    let faulty = |e| Error::BadInput(format!("expected the header of a {kind}, got: {e}"));
    let Kind { kind: got } = serde_json::from_str(text).map_err(faulty)?;
    if got != kind {
        return Err(Error::BadInput(format!("expected a saved {kind}, got a saved {got}")));
    }
    Ok((tensors, serde_json::from_str(text).map_err(faulty)?))
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
        // The first error is the one to tell; a temporary file that cannot be removed adds nothing to it.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    // The file is in place; a file system that cannot flush folders is no reason to say otherwise.
    let _ = File::open(&folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Reads a whole regular file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let unreadable = |e: &std::io::Error| failed(path, "could not be read", e);
    // Before opening: opening a pipe would wait for its writer.
    let status = fs::metadata(path).map_err(|e| unreadable(&e))?;
    if !status.is_file() {
        return Err(not_regular(path));
    }
    let too_long = |got: u64| Error::Io(format!("{}: expected at most {limit} bytes, got {got}", path.display()));
    if status.len() > limit {
        return Err(too_long(status.len()));
    }
    let missing = |_| Error::Io(format!("{}: expected memory for {} bytes, got none", path.display(), status.len()));
    // One byte more than there should be, so that the end is seen without growing.
    let mut bytes = memory::room(status.len() as usize + 1).map_err(missing)?;
    let file = File::open(path).map_err(|e| unreadable(&e))?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
    if bytes.len() as u64 > limit {
        return Err(too_long(bytes.len() as u64));
    }
    Ok(bytes)
}

/// The 64-bit FNV-1a hash of bytes, to tell a damaged file from a whole one.
pub fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Follows symbolic links, and refuses what a rename would destroy: folders, devices, pipes.
fn resolve(path: &Path) -> Result<PathBuf> {
    match fs::metadata(path) {
        Ok(status) if !status.is_file() => Err(not_regular(path)),
        Ok(_) => fs::canonicalize(path).map_err(|e| failed(path, "could not be written", &e)),
        Err(e) if e.kind() == ErrorKind::NotFound && path.file_name().is_some() => Ok(path.to_path_buf()),
        Err(e) => Err(failed(path, "could not be written", &e)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("instanton-file-{name}-{}", std::process::id()));
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
