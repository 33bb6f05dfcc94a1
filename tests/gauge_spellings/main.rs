//! Laws of gauge files: other spellings of the same header, as other codes write them, give the same field; headers
//! with another meaning are refused.

mod containers;
mod nersc;
mod plaquettes;
mod projection;

use instanton::error::Result;
use instanton::gauge::formats::{Claim, Format, Order, Probe, ReadSpec, SiteChecksum, Width, WriteSpec};
use instanton::gauge::formats::{probe, read, write};
use instanton::gauge::{Gauge, observables};
use instanton::group::Group;
use instanton::lattice::Lattice;
use instanton::random::{Purpose, Stream};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

const EXTENT: [usize; 4] = [2, 4, 6, 2];

fn gauge() -> Gauge {
    Gauge::random(&Lattice::new(&EXTENT).unwrap(), Group::Su3, &mut Stream::new(8, Purpose::Start, 0)).unwrap()
}

/// A file of a test, removed at its end.
struct File(PathBuf);

impl File {
    fn new(bytes: &[u8]) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/tests");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("spellings-{}-{number}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn read(&self, verify: bool) -> Result<(Gauge, Format, Vec<Claim>)> {
        let lattice = Lattice::new(&EXTENT).unwrap();
        read(&self.0, &lattice, Group::Su3, &ReadSpec { verify, ..ReadSpec::default() })
    }

    fn probe(&self) -> Probe {
        let [found] = probe(&self.0).unwrap().try_into().unwrap();
        found
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn written(gauge: &Gauge, spec: &WriteSpec) -> Vec<u8> {
    let file = File::new(b"");
    write(&file.0, gauge, spec).unwrap();
    fs::read(&file.0).unwrap()
}

/// A checksum in the spellings of other codes.
fn hexadecimal(sum: u32, form: usize) -> String {
    match form {
        0 => format!("{sum:x}"),
        1 => format!("{sum:#x}"),
        2 => format!("0X{sum:X}"),
        3 => format!("{sum:08x}"),
        _ => format!("{sum:#010x}"),
    }
}
