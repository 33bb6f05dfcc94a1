//! Contexts, lattices and fields of the cases.

use super::*;
use std::fs;
use std::path::Path;

pub fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// Allocations of at least so many bytes grow with the lattice of links, which has 512 sites.
pub const OF_LINKS: usize = 2048;
/// Allocations of at least so many bytes grow with the lattice of scalars, which has 1024 sites.
pub const OF_SCALARS: usize = 4096;
/// The same limit for models: recording their programs on 8 x 8 sites takes smaller blocks, parameters and batches
/// larger ones.
pub const OF_MODELS: usize = 1 << 16;
/// The same limit for trainings of paths, whose programs have more operations.
pub const OF_PATHS: usize = 1 << 18;

pub const LINKS: usize = 512 * 4 * 18;
pub const SPINOR: usize = 512 * 24;

/// Context, lattice and other objects of a case, freed at its end.
pub struct World {
    pub context: *mut inst_context,
    pub lattice: *mut inst_lattice,
}

impl World {
    pub fn new(extent: &[i64]) -> Self {
        let context = made(|out| call!(inst_context_new(c"{threads: 2, seed: 3}".as_ptr(), out)));
        let lattice = made(|out| call!(inst_lattice_new(context, extent.len() as i32, extent.as_ptr(), out)));
        Self { context, lattice }
    }

    pub fn of_links() -> Self {
        Self::new(&[4, 4, 4, 8])
    }

    pub fn action(&self, spec: &str) -> *mut inst_action {
        let spec = text(spec);
        made(|out| call!(inst_action_new(self.lattice, spec.as_ptr(), out)))
    }

    /// Smeared SU(3) links, none of which is the unit matrix.
    pub fn gauge(&self) -> *mut inst_gauge {
        let gauge = made(|out| call!(inst_gauge_new(self.lattice, null(), out)));
        assert_eq!(call!(inst_gauge_set_links(gauge, random_links(self).as_ptr())), OK, "{}", message());
        gauge
    }
}

impl Drop for World {
    fn drop(&mut self) {
        call!(inst_lattice_free(self.lattice));
        call!(inst_context_free(self.context));
    }
}

/// Links of a chain after a hot start.
pub fn random_links(world: &World) -> Vec<f64> {
    let action = world.action("{type: 'wilson', group: 'su3', beta: 6}");
    let chain = made(|out| call!(inst_chain_new(action, null(), c"{start: 'hot'}".as_ptr(), out)));
    let mut links = vec![0.0; LINKS];
    assert_eq!(call!(inst_chain_field(chain, links.as_mut_ptr())), OK);
    call!(inst_chain_free(chain));
    call!(inst_action_free(action));
    links
}

/// Pseudorandom numbers between -1 and 1.
pub fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i as f64 * 0.7).sin()).collect()
}

pub fn file(name: &str) -> CString {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/tests");
    fs::create_dir_all(&folder).unwrap();
    text(folder.join(format!("starving-{}-{name}", std::process::id())).to_str().unwrap())
}

pub fn remove(path: &CStr) {
    fs::remove_file(path.to_str().unwrap()).unwrap();
}
