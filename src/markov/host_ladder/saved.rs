//! A ladder on disk: safetensors ([`crate::saved`]), from which it goes on bit for bit.
//!
//! Tensors: `numbers` f64 and `counts` u64 of the rungs, `places` u64 [replicas], `counter` and `seed` u64 [1]. Of several ranks the
//! first writes and reads, and hands on what it has read.

use super::{HostLadder, State};
use crate::error::{Error, Result};
use crate::file;
use crate::markov::ladder::Ladder;
use crate::markov::ranks::Sums;
use crate::memory;
use crate::saved::{self, Opened, Tensor};
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Header of a ladder's file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// Extents of the lattice, x first.
    extent: Vec<usize>,
    /// Spec of the ladder, as JSON text.
    ladder: String,
}

/// Most bytes of a file.
const LARGEST_FILE: u64 = 1 << 20;

impl HostLadder {
    /// Writes the ladder to a file, once all ranks have come here; on an error the file that was there before is untouched.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut sums = Sums::new(0)?;
        self.ranks.barrier()?;
        let written = if self.ranks.rank() == 0 { self.write(path) } else { Ok(()) };
        sums.agree(&*self.ranks, written, self.print())
    }

    /// Goes on from a saved ladder of the same lattice and spec; on an error it stays as it is.
    pub fn load(&mut self, path: &Path) -> Result<()> {
        // Memory first: a rank that has none fails before any bytes are on their way.
        let mut sums = Sums::new(1)?;
        let bytes = match self.ranks.rank() {
            0 => file::read(path, LARGEST_FILE),
            _ => memory::filled("bytes of a file", 0, LARGEST_FILE as usize),
        };
        if self.ranks.rank() == 0 {
            sums.set(0, bytes.as_ref().map_or(0, Vec::len) as f64);
        }
        // Ladders may differ here: one that has been made anew goes on where another has gone on before.
        sums.agree(&*self.ranks, bytes.as_ref().map(drop).map_err(Clone::clone), 0)?;
        let bytes = self.handed_on(bytes?, sums.get(0) as usize);
        let state = bytes.and_then(|bytes| self.parse(&bytes)).map_err(|e| e.within(&path.display().to_string()));
        sums.agree(&*self.ranks, state.as_ref().map(drop).map_err(Clone::clone), 0)?;
        self.state = state?;
        Ok(())
    }

    fn write(&self, path: &Path) -> Result<()> {
        let State { ladder, places, counter, seed } = &self.state;
        let content = Content { extent: self.lattice.extent().to_vec(), ladder: self.spec_text()? };
        let (numbers, counts) = ladder.numbers();
        let tensors = [
            Tensor::reals("numbers", &[numbers.len()], &numbers)?,
            Tensor::wholes("counts", &counts),
            Tensor::wholes("places", places),
            Tensor::whole("counter", *counter),
            Tensor::whole("seed", *seed),
        ];
        saved::write(path, "ladder", content, &tensors)
    }

    /// The bytes that rank 0 has, on every rank: each gets them from the one before it.
    fn handed_on(&self, mut bytes: Vec<u8>, length: usize) -> Result<Vec<u8>> {
        let (rank, size) = (self.ranks.rank(), self.ranks.size());
        bytes.truncate(length);
        let received = if rank > 0 { self.ranks.exchange((&[], None), (&mut bytes, Some(rank - 1))) } else { Ok(()) };
        if rank + 1 < size {
            self.ranks.exchange((&bytes, Some(rank + 1)), (&mut [], None))?;
        }
        received.map(|()| bytes)
    }

    fn spec_text(&self) -> Result<String> {
        serde_json::to_string(&self.spec).map_err(|e| Error::Internal(format!("spec: {e}")))
    }

    fn parse(&self, bytes: &[u8]) -> Result<State> {
        let Opened::Present(content, tensors) = saved::open::<Content>(bytes, "ladder")? else {
            return Err(Error::BadInput("format: expected 2, got none".into()));
        };
        if content.extent != self.lattice.extent() {
            let (expected, got) = (self.lattice.extent(), &content.extent);
            return Err(Error::BadShape(format!("lattice: expected {expected:?}, got {got:?}")));
        }
        // As values: a key that a later version adds is its default in files of before.
        if serde_json::from_str(&content.ladder).ok().as_ref() != Some(&self.spec) {
            return Err(Error::BadSpec(format!("spec: expected {}, got {}", self.spec_text()?, content.ladder)));
        }
        let whole = |name: &str| -> Result<u64> {
            tensors.bytes(name, Dtype::U64, &[1])?;
            Ok(tensors.wholes(name)?[0])
        };
        let (count, numbers) = (self.replicas(), tensors.reals("numbers", &tensors.shape("numbers"))?);
        let state = State {
            ladder: Ladder::of_numbers(count, &numbers, &tensors.wholes("counts")?)?,
            places: tensors.wholes("places")?,
            counter: whole("counter")?,
            seed: whole("seed")?,
        };
        let volume = self.lattice.volume() as u64;
        if state.places.len() != count || state.places.iter().any(|&place| place >= volume) {
            return Err(Error::BadInput(format!("places: expected {count} sites below {volume}, got others")));
        }
        Ok(state)
    }
}
