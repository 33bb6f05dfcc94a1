//! Any text, extents and table of sites as a layout: refused with a message, or offsets inside its bytes and a round trip that
//! gives the same bits.
#![no_main]

use instanton::ffi::*;
use libfuzzer_sys::fuzz_target;
use std::ffi::{CStr, CString, c_void};
use std::ptr;
use std::sync::OnceLock;

/// Lattices of at most 256 sites.
fn lattice(number: u8) -> (*const inst_lattice, Vec<i64>) {
    const EXTENTS: [&[i64]; 6] = [&[4, 4, 4, 4], &[2, 4, 2, 6], &[4, 4], &[3, 5], &[2, 4, 6], &[7]];
    static LATTICES: OnceLock<Vec<usize>> = OnceLock::new();
    let made = LATTICES.get_or_init(|| unsafe {
        let mut context = ptr::null_mut();
        assert_eq!(inst_context_new(c"{threads: 1}".as_ptr(), &mut context), 0);
        let make = |extent: &&[i64]| {
            let mut lattice = ptr::null_mut();
            assert_eq!(inst_lattice_new(context, extent.len() as i32, extent.as_ptr(), &mut lattice), 0);
            lattice.expose_provenance()
        };
        let made = EXTENTS.iter().map(make).collect();
        inst_context_free(context);
        made
    });
    let number = usize::from(number) % EXTENTS.len();
    (ptr::with_exposed_provenance(made[number]), EXTENTS[number].to_vec())
}

fn message() -> String {
    unsafe { CStr::from_ptr(inst_last_error()) }.to_str().expect("UTF-8").into()
}

fuzz_target!(|input: (u8, String, Option<Vec<i16>>)| {
    let (number, text, table) = input;
    let Ok(spec) = CString::new(text) else { return };
    let (lattice, extent) = lattice(number);
    let volume: i64 = extent.iter().product();
    let mut layout = ptr::null_mut();
    unsafe {
        let status = match table {
            Some(table) if !table.is_empty() => {
                let sites: Vec<i64> =
                    (0..volume as usize).map(|i| i64::from(table[i % table.len()]) + i as i64).collect();
                inst_layout_new_with_sites(lattice, spec.as_ptr(), sites.as_ptr(), &mut layout)
            }
            _ => inst_layout_new(lattice, spec.as_ptr(), &mut layout),
        };
        assert!(
            status != 99 && (status == 0) != layout.is_null() && (status == 0 || !message().is_empty()),
            "{}",
            message()
        );
        if status != 0 {
            return;
        }
        let (mut bases, mut bytes) = (0, 0);
        assert_eq!(inst_layout_size(layout, &mut bases, &mut bytes), 0);
        assert!((1..=4).contains(&bases) && bytes > 0 && bytes <= 64 * volume * 4 * 18 * 8, "{bases} {bytes}");
        let mut count = 0;
        assert_eq!(inst_layout_count(layout, &mut count), 0);
        assert!(count >= volume && count <= volume * 4 * 18, "{count}");
        let x = vec![0i64; extent.len()];
        let (mut base, mut offset) = (-1, -1);
        assert_eq!(inst_layout_offset(layout, x.as_ptr(), 0, 0, 0, 0, &mut base, &mut offset), 0);
        assert!((0..bases).contains(&base) && (0..bytes).contains(&offset), "{base} {offset}");
        // Memory of exactly that size; zeros are no links, and are refused where links are checked.
        let mut memory = vec![vec![0u8; bytes as usize]; bases as usize];
        let places: Vec<*mut c_void> = memory.iter_mut().map(|m| m.as_mut_ptr().cast()).collect();
        let mut fields = vec![7.0; count as usize];
        let status = inst_layout_import(layout, places.as_ptr().cast(), fields.as_mut_ptr());
        assert!(status == 0 || status == 4, "{status}: {}", message());
        if status == 0 {
            assert_eq!(inst_layout_export(layout, fields.as_ptr(), places.as_ptr()), 0);
            // A phase may have given zero a sign.
            assert!(memory.iter().flatten().all(|byte| *byte == 0 || *byte == 0x80));
        }
        inst_layout_free(layout);
    }
});
