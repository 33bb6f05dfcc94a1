//! A chain on disk: safetensors, from which the chain goes on bit for bit.
//!
//! Tensors: `field` f64 [V], or the numbers of all links; `value` f64 [1], S of the field; `log_density` f64 [1] where the chain knows log q of the
//! field; `counter` and `seed` u64 [1]. The metadata hold one entry, `instanton`: JSON text of the [`Header`].

use super::chain::Chain;
use super::kernel::State;
use crate::error::{Error, Result, expect_finite};
use crate::file;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;
use std::path::Path;

/// What a file of a chain tells about itself.
#[derive(serde::Deserialize, serde::Serialize)]
struct Header {
    /// `chain`.
    kind: String,
    /// Version of the library that wrote it.
    version: String,
    /// Extents of the lattice, x first.
    extent: Vec<usize>,
    /// Spec of the kernel, as JSON text.
    kernel: String,
    /// FNV-1a of the tensors in the order field, value, log_density, counter, seed.
    checksum: String,
}

/// Largest file beyond the field itself.
const LARGEST_HEADER: u64 = 1 << 20;
/// Largest difference between the stored S and S worked out again, relative to the volume and S: beyond the rounding
/// of a host's sums, far below what another action makes.
const ACTION_TOLERANCE: f64 = 1e-6;
/// The same for log q, which is rounded as a network in f32 does.
const DENSITY_TOLERANCE: f64 = 1e-4;

/// The tensors as bytes, in the order of the checksum; an empty one is left out of the file.
type Tensors = [(&'static str, Dtype, Vec<u8>); 5];

impl Chain {
    /// Writes the chain to a file; on an error the file that was there before is untouched.
    pub fn save(&self, path: &Path) -> Result<()> {
        let tensors = self.tensors();
        let header = Header {
            kind: "chain".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            extent: self.action.lattice().extent().to_vec(),
            kernel: self.kernel_text()?,
            checksum: checksum(&tensors),
        };
        let header = serde_json::to_string(&header).map_err(|e| Error::Internal(format!("header: {e}")))?;
        let views = tensors.iter().filter(|(_, _, bytes)| !bytes.is_empty()).map(|(name, dtype, bytes)| {
            TensorView::new(*dtype, vec![bytes.len() / 8], bytes).map(|view| (*name, view))
        });
        let bytes = views
            .collect::<std::result::Result<Vec<_>, _>>()
            .and_then(|views| safetensors::serialize(views, Some(HashMap::from([("instanton".into(), header)]))))
            .map_err(|e| Error::Internal(format!("chain: could not be laid out: {e}")))?;
        file::write_atomic(path, &bytes)
    }

    /// Goes on from a saved chain of the same lattice, spec, action and model; on an error the chain stays as it is.
    pub fn load(&mut self, path: &Path) -> Result<()> {
        let bytes = file::read(path, LARGEST_HEADER + 8 * self.action.count() as u64)?;
        let located = |error: Error| error.within(&path.display().to_string());
        let (state, counter, seed) = self.parse(&bytes).map_err(located)?;
        self.check(&state).map_err(located)?;
        (self.state, self.counter, self.seed) = (state, counter, seed);
        Ok(())
    }

    fn kernel_text(&self) -> Result<String> {
        serde_json::to_string(&self.spec).map_err(|e| Error::Internal(format!("spec: {e}")))
    }

    fn tensors(&self) -> Tensors {
        let log_density = self.state.log_density.map_or(Vec::new(), |x| x.to_le_bytes().to_vec());
        [
            ("field", Dtype::F64, self.state.field.iter().flat_map(|x| x.to_le_bytes()).collect()),
            ("value", Dtype::F64, self.state.value.to_le_bytes().to_vec()),
            ("log_density", Dtype::F64, log_density),
            ("counter", Dtype::U64, self.counter.to_le_bytes().to_vec()),
            ("seed", Dtype::U64, self.seed.to_le_bytes().to_vec()),
        ]
    }

    fn parse(&self, bytes: &[u8]) -> Result<(State, u64, u64)> {
        let (file, header): (_, Header) = file::parse(bytes, "chain")?;
        self.check_header(&header)?;
        let has_density = file.tensor("log_density").is_ok();
        let tensors: Tensors = [
            ("field", Dtype::F64, tensor(&file, "field", Dtype::F64, self.action.count())?),
            ("value", Dtype::F64, tensor(&file, "value", Dtype::F64, 1)?),
            (
                "log_density",
                Dtype::F64,
                if has_density { tensor(&file, "log_density", Dtype::F64, 1)? } else { vec![] },
            ),
            ("counter", Dtype::U64, tensor(&file, "counter", Dtype::U64, 1)?),
            ("seed", Dtype::U64, tensor(&file, "seed", Dtype::U64, 1)?),
        ];
        let got = checksum(&tensors);
        if got != header.checksum {
            return Err(Error::BadInput(format!("checksum: expected {}, got {got}", header.checksum)));
        }
        let [field, value, log_density, counter, seed] = tensors.map(|(_, _, bytes)| words(&bytes));
        let floats = |words: Vec<u64>| words.into_iter().map(f64::from_bits).collect::<Vec<_>>();
        let state = State {
            field: floats(field),
            value: f64::from_bits(value[0]),
            gradient: None,
            log_density: log_density.first().copied().map(f64::from_bits),
        };
        Ok((state, counter[0], seed[0]))
    }

    fn check_header(&self, header: &Header) -> Result<()> {
        let (expected, got) = (self.action.lattice().extent(), &header.extent);
        if expected != got {
            return Err(Error::BadShape(format!("lattice: expected {expected:?}, got {got:?}")));
        }
        let expected = self.kernel_text()?;
        if expected != header.kernel {
            return Err(Error::BadSpec(format!("spec: expected {expected}, got {}", header.kernel)));
        }
        Ok(())
    }

    /// The file may be of another action or model: then its numbers are not those of its field.
    fn check(&self, state: &State) -> Result<()> {
        self.action.space().admit(self.action.lattice(), &state.field)?;
        expect_finite("value", &[state.value])?;
        let scale = state.field.len() as f64;
        let close = |what: &str, tolerance: f64, (stored, now): (f64, f64)| {
            if stored == now || (now.is_finite() && (stored - now).abs() <= tolerance * (scale + now.abs())) {
                return Ok(());
            }
            Err(Error::BadInput(format!("{what} of the saved field: expected {now}, got {stored}")))
        };
        // S of pseudofermions that are gone cannot be had again.
        if !self.action.has_pseudofermions() {
            close("action", ACTION_TOLERANCE, (state.value, self.action.value(&state.field)?))?;
        }
        if let (Some(stored), Some(model)) = (state.log_density, &self.model) {
            let mut log_q = [0.0];
            model.log_density(1, &state.field, &mut log_q)?;
            close("log density", DENSITY_TOLERANCE, (stored, log_q[0]))?;
        }
        Ok(())
    }
}

fn tensor(file: &SafeTensors, name: &str, dtype: Dtype, count: usize) -> Result<Vec<u8>> {
    let view = file.tensor(name).map_err(|_| Error::BadInput(format!("{name}: expected a tensor, got none")))?;
    if view.dtype() != dtype || view.shape() != [count] {
        let (got, shape) = (view.dtype(), view.shape());
        return Err(Error::BadShape(format!("{name}: expected {dtype:?} [{count}], got {got:?} {shape:?}")));
    }
    Ok(view.data().to_vec())
}

fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word)).collect()
}

fn checksum(tensors: &Tensors) -> String {
    let all: Vec<u8> = tensors.iter().flat_map(|(_, _, bytes)| bytes).copied().collect();
    format!("{:016x}", file::checksum(&all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::check::{Chain4, Gaussian};
    use std::path::PathBuf;
    use std::sync::Arc;

    const CYCLE: &str = "{type: 'cycle', kernels: [{type: 'hmc', steps: 3, length: 0.7, repeat: 2}, {type: 'independence', repeat: 3}]}";

    fn chain(sites: usize, text: &str, quartic: f64) -> Chain {
        let model = Arc::new(Gaussian::new(sites, 0.8, 4));
        let action = Arc::new(Chain4::new(sites, 0.7, quartic));
        Chain::new(action, Some(model), &json5::from_str(text).unwrap(), 12).unwrap()
    }

    fn run(chain: &mut Chain, steps: usize) {
        for _ in 0..steps {
            chain.step().unwrap();
        }
    }

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("instanton-chain-{name}-{}", std::process::id()))
    }

    fn bits(chain: &Chain) -> Vec<u64> {
        let numbers = chain.field().iter().chain([&chain.state.value]).map(|x| x.to_bits());
        numbers.chain([chain.counter, chain.seed]).collect()
    }

    #[test]
    fn a_resumed_chain_is_the_uninterrupted_one_bit_for_bit() {
        for text in ["{type: 'hmc', steps: 3}", "{type: 'independence'}", CYCLE] {
            // Stops at every place of the cycle, after accepted and after rejected steps.
            for stop in 0..12 {
                let path = path(&format!("resume-{stop}"));
                let mut whole = chain(8, text, 0.3);
                let mut infos = Vec::new();
                for step in 0..40 {
                    if step == stop {
                        whole.save(&path).unwrap();
                    }
                    infos.push(whole.step().unwrap());
                }
                let mut resumed = chain(8, text, 0.3);
                resumed.seed = 1;
                resumed.load(&path).unwrap();
                let again: Vec<_> = (stop..40).map(|_| resumed.step().unwrap()).collect();
                assert_eq!(again, infos[stop..]);
                assert_eq!(bits(&resumed), bits(&whole));
                std::fs::remove_file(path).unwrap();
            }
        }
    }

    #[test]
    fn a_loaded_chain_saves_the_same_bytes() {
        let (first, second) = (path("bytes-1"), path("bytes-2"));
        let mut original = chain(8, CYCLE, 0.3);
        run(&mut original, 5);
        original.save(&first).unwrap();
        let mut copy = chain(8, CYCLE, 0.3);
        copy.load(&first).unwrap();
        copy.save(&second).unwrap();
        assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
        std::fs::remove_file(first).unwrap();
        std::fs::remove_file(second).unwrap();
    }

    #[test]
    fn a_file_of_another_chain_is_refused_and_the_chain_stays() {
        let path = path("other");
        let mut saved = chain(8, CYCLE, 0.3);
        run(&mut saved, 30);
        saved.save(&path).unwrap();
        for (mut other, status, part) in [
            (chain(6, CYCLE, 0.3), 3, "lattice: expected [6], got [8]"),
            (chain(8, "{type: 'hmc'}", 0.3), 2, "spec: expected {\"type\":\"hmc\""),
            (chain(8, CYCLE, 0.5), 4, "action of the saved field: expected"),
        ] {
            other.step().unwrap();
            let before = bits(&other);
            let error = other.load(&path).unwrap_err();
            assert_eq!(error.status(), status, "{error}");
            assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(bits(&other), before);
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_file_of_another_model_is_refused() {
        let path = path("model");
        let mut saved = chain(8, "{type: 'independence'}", 0.3);
        run(&mut saved, 3);
        saved.save(&path).unwrap();
        saved.model = Some(Arc::new(Gaussian::new(8, 0.81, 4)));
        let error = saved.load(&path).unwrap_err();
        assert!(error.status() == 4 && error.to_string().contains("log density of the saved field"), "{error}");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_model_is_no_chain() {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/phi4_6x6.safetensors");
        let error = chain(8, CYCLE, 0.3).parse(&std::fs::read(model).unwrap()).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "expected a saved chain, got a saved model");
    }

    #[test]
    fn every_damaged_byte_and_every_cut_is_seen() {
        let path = path("damaged");
        let mut chain = chain(8, CYCLE, 0.3);
        run(&mut chain, 4);
        chain.save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let before = bits(&chain);
        let mut harmless = 0;
        for place in 0..whole.len() {
            assert!(matches!(chain.parse(&whole[..place]), Err(Error::BadInput(_))), "cut at {place}");
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            // Only the version and padding of the header may change unseen: they carry nothing.
            harmless += usize::from(chain.parse(&damaged).is_ok());
        }
        assert!(harmless <= env!("CARGO_PKG_VERSION").len() + 16, "{harmless}");
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(chain.load(&path).unwrap_err().status(), 4);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(chain.load(&path).unwrap_err().status(), 5);
        assert_eq!(chain.save(&path.join("below")).unwrap_err().status(), 5);
        assert_eq!(bits(&chain), before);
    }
}
