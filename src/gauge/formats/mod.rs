//! Files of gauge fields: each format is one file with a reader and a writer, and one row of the table in `table.rs`.
//!
//! A file's format is found by its content. Its first bytes are read first; the sizes that they claim are compared
//! with its length and with the lattice before memory is taken, which is then that of the field alone. Checksums,
//! plaquettes and traces that a file states are compared with the numbers read. Writers replace a file only once the
//! new one is complete; equal fields make equal files.

mod bytes;
mod claim;
mod ddalphaamg;
mod format;
mod hirep;
mod ildg;
mod lime;
mod milc;
mod milc_old;
mod nersc;
mod openqcd;
mod placed;
mod probe;
mod read;
mod site_checksum;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod write;
mod xml;

pub use bytes::{Order, Width};
pub use claim::{Claim, LARGEST_DEVIATION, expect_group};
pub use format::Format;
pub use probe::{Probe, probe};
pub use read::{ReadSpec, read};
pub use site_checksum::SiteChecksum;
pub use write::{WriteSpec, write};
