//! Gauge fields and layouts.

use super::*;

pub fn context_and_lattice() {
    let extent = [4i64, 4];
    let mut text = vec![0 as c_char; 65536];
    let mut needed = 0;
    // No allocation here grows with a size that the host chooses.
    assert!(!call!(inst_version()).is_null());
    assert_eq!(call!(inst_devices(text.as_mut_ptr(), 65536, &mut needed)), OK);
    let world = World::new(&extent);
    let action = world.action("{type: 'phi4', mass_squared: 1, lambda: 1}");
    let mut count = 0;
    assert_eq!(call!(inst_action_count(action, &mut count)), OK);
    call!(inst_action_free(action));
}

pub fn gauge_fields() {
    let world = World::of_links();
    let gauge = world.gauge();
    let mut links = random_links(&world);
    each("gauge_new", OF_LINKS, || {
        let mut new = null_mut();
        let status = call!(inst_gauge_new(world.lattice, null(), &mut new));
        call!(inst_gauge_free(new));
        status
    });
    let state = || {
        let mut now = vec![0.0; LINKS];
        assert_eq!(call!(inst_gauge_links(gauge, now.as_mut_ptr())), OK);
        bits(&now)
    };
    let changing =
        |what: &str, call: &mut dyn FnMut() -> i32| Starve { what, least: OF_LINKS, call, state: &state }.each(1);
    changing("set_links", &mut || call!(inst_gauge_set_links(gauge, links.as_ptr())));
    changing("set_links_with", &mut || {
        call!(inst_gauge_set_links_with(gauge, links.as_ptr(), c"{project: true}".as_ptr()))
    });
    for spec in
        [c"{type: 'stout', rho: 0.1, steps: 2}", c"{type: 'ape', alpha: 0.4, steps: 2}", c"{type: 'flow', time: 0.05}"]
    {
        changing(&format!("smear {spec:?}"), &mut || call!(inst_gauge_smear(gauge, spec.as_ptr())));
    }
    // An open boundary: zeros for the links in direction 3 of the last 64 sites.
    let mut open = links.clone();
    (448..512).for_each(|site| open[(4 * site + 3) * 18..][..18].fill(0.0));
    assert_eq!(call!(inst_gauge_set_links(gauge, open.as_ptr())), OK);
    let flow = c"{type: 'flow', time: 0.05}";
    changing("flow of an open field", &mut || call!(inst_gauge_smear(gauge, flow.as_ptr())));
    assert_eq!(call!(inst_gauge_set_links(gauge, links.as_ptr())), OK);
    for name in ["ildg", "scidac", "nersc", "milc", "openqcd", "hirep", "ddalphaamg"] {
        let (path, spec) = (file(name), text(&format!("{{format: '{name}'}}")));
        each(&format!("write {name}"), OF_LINKS, || call!(inst_gauge_write(gauge, path.as_ptr(), spec.as_ptr())));
        changing(&format!("read {name}"), &mut || call!(inst_gauge_read(gauge, path.as_ptr(), null())));
        let mut needed = 0;
        each_if_any("probe", OF_LINKS, || call!(inst_gauge_probe(path.as_ptr(), null_mut(), 0, &mut needed)));
        remove(&path);
    }
    let mut count = 0;
    assert_eq!(call!(inst_gauge_count(gauge, &mut count)), OK);
    assert_eq!(count as usize, LINKS);
    let (mut values, mut written) = ([0.0; 8], 0);
    let mut observe =
        |spec: &CStr| call!(inst_gauge_observe(gauge, spec.as_ptr(), 8, values.as_mut_ptr(), &mut written));
    for spec in [c"{type: 'energy_density'}", c"{type: 'charge'}"] {
        each(&format!("observe {spec:?}"), OF_LINKS, || observe(spec));
    }
    // These calls allocate no memory that grows with the lattice.
    for spec in [c"{type: 'plaquette'}", c"{type: 'planes'}", c"{type: 'polyakov_loop', direction: 3}"] {
        assert_eq!(observe(spec), OK, "{}", message());
    }
    assert_eq!(call!(inst_gauge_links(gauge, links.as_mut_ptr())), OK);
    call!(inst_gauge_free(gauge));
}

pub fn layouts() {
    let world = World::of_links();
    let (gauge, mut links) = (world.gauge(), random_links(&world));
    let mut host = vec![0.0; 2 * LINKS];
    let sites: Vec<i64> = (0..512).map(|site| site * 72).collect();
    let strides = c"{order: 'strides', strides: {direction: 18, row: 6, column: 2, imaginary: 1}}";
    for spec in
        [c"{order: 'milc'}", c"{order: 'openqcd', precision: 'f32'}", c"{order: 'tmlqcd', boundary: [1, 1, 1, -1]}"]
    {
        each(&format!("layout_new {spec:?}"), OF_LINKS, || {
            let mut new = null_mut();
            let status = call!(inst_layout_new(world.lattice, spec.as_ptr(), &mut new));
            call!(inst_layout_free(new));
            status
        });
        let layout = made(|out| call!(inst_layout_new(world.lattice, spec.as_ptr(), out)));
        let (mut bases, mut bytes, mut count) = (0, 0, 0);
        let (mut base, mut offset, x) = (0, 0, [1i64, 2, 3, 4]);
        assert_eq!(call!(inst_layout_size(layout, &mut bases, &mut bytes)), OK);
        assert_eq!(call!(inst_layout_count(layout, &mut count)), OK);
        assert_eq!(call!(inst_layout_offset(layout, x.as_ptr(), 1, 2, 1, 0, &mut base, &mut offset)), OK);
        assert!(bases == 1 && bytes as usize <= 8 * host.len() && count as usize == LINKS);
        let place: *mut c_void = host.as_mut_ptr().cast();
        each_if_any("layout_export", OF_LINKS, || call!(inst_layout_export(layout, links.as_ptr(), [place].as_ptr())));
        each_if_any("gauge_export", OF_LINKS, || call!(inst_gauge_export(gauge, layout, [place].as_ptr())));
        // Rows of a tile, of a fixed size, take less.
        each_if_any("layout_import", 2 * OF_LINKS, || {
            call!(inst_layout_import(layout, [place.cast_const()].as_ptr(), links.as_mut_ptr()))
        });
        // The gauge field keeps the memory of its first import for later ones.
        let fresh = world.gauge();
        each_if_any("gauge_import", 2 * OF_LINKS, || {
            call!(inst_gauge_import(fresh, layout, [place.cast_const()].as_ptr()))
        });
        call!(inst_gauge_free(fresh));
        call!(inst_layout_free(layout));
    }
    each("layout_new_with_sites", OF_LINKS, || {
        let mut new = null_mut();
        let status = call!(inst_layout_new_with_sites(world.lattice, strides.as_ptr(), sites.as_ptr(), &mut new));
        call!(inst_layout_free(new));
        status
    });
    call!(inst_gauge_free(gauge));
}
