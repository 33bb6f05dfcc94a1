//! Actions of links and of scalars, and their chains.

use super::*;

/// Value, gradient and refreshment of an action of links.
pub fn action_of_links(spec: &str, has_pseudofermions: bool) {
    let world = World::of_links();
    let (spec, links) = (text(spec), random_links(&world));
    let mut field = links.clone();
    // The search for the rational approximation takes some numbers for each of its poles, of which there are few.
    each_if_any("action_new", 16384, || {
        let mut new = null_mut();
        let status = call!(inst_action_new(world.lattice, spec.as_ptr(), &mut new));
        call!(inst_action_free(new));
        status
    });
    let mut action = made(|out| call!(inst_action_new(world.lattice, spec.as_ptr(), out)));
    if has_pseudofermions {
        each("action_refresh", OF_LINKS, || {
            let mut new = null_mut();
            let status = call!(inst_action_refresh(action, 1, links.as_ptr(), &mut new));
            call!(inst_action_free(new));
            status
        });
        let refreshed = made(|out| call!(inst_action_refresh(action, 1, links.as_ptr(), out)));
        call!(inst_action_free(action));
        action = refreshed;
    }
    // Other links than those of the draw, at which S is known without a solve.
    field[..18].copy_from_slice(&links[18..36]);
    let (mut value, mut gradient) = (0.0, vec![0.0; LINKS]);
    each_if_any("action_value", OF_LINKS, || call!(inst_action_value(action, 1, field.as_ptr(), &mut value)));
    each("action_gradient", OF_LINKS, || call!(inst_action_gradient(action, 1, field.as_ptr(), gradient.as_mut_ptr())));
    call!(inst_action_free(action));
}

pub const WILSON: &str = "{type: 'wilson', group: 'su3', beta: 6}";
pub const OPEN: &str = "{type: 'wilson', group: 'su3', beta: 6, boundary: 'open', c_g: 1.2}";
pub const TWO_FLAVOUR: &str =
    "{type: 'two_flavour', group: 'su3', dirac: {type: 'wilson', kappa: 0.05, clover: 1}, history: 2}";
pub const RATIONAL: &str = "{type: 'rational', group: 'su3', flavours: 1, range: [40, 160], error: 1e-6, force_error: 1e-4, \
                        dirac: {type: 'wilson', kappa: 0.05}}";

pub fn gauge_actions() {
    action_of_links(WILSON, false);
    action_of_links("{type: 'iwasaki', group: 'su3', beta: 3}", false);
}

pub fn two_flavours() {
    action_of_links(TWO_FLAVOUR, true);
}

pub fn rational_pseudofermions() {
    action_of_links(RATIONAL, true);
}

/// Steps, saving, loading and setting of a chain.
pub fn chain(what: &str, least: usize, (action, model): (*mut inst_action, *mut inst_model), spec: &CStr) {
    let mut count = 0;
    assert_eq!(call!(inst_action_count(action, &mut count)), OK);
    each(&format!("{what}: chain_new"), least, || {
        let mut new = null_mut();
        let status = call!(inst_chain_new(action, model, spec.as_ptr(), &mut new));
        call!(inst_chain_free(new));
        status
    });
    let chain = made(|out| call!(inst_chain_new(action, model, spec.as_ptr(), out)));
    let now = || {
        let mut field = vec![0.0; count as usize];
        assert_eq!(call!(inst_chain_field(chain, field.as_mut_ptr())), OK);
        field
    };
    let state = || bits(&now());
    let (path, fewest) = (file("chain"), usize::from(8 * count as usize >= least));
    let (mut accepted, mut value, mut delta) = (0, 0.0, 0.0);
    let mut step = || call!(inst_chain_step(chain, &mut accepted, &mut value, &mut delta));
    Starve { what: &format!("{what}: step"), least, call: &mut step, state: &state }.each(1);
    let mut save = || call!(inst_chain_save(chain, path.as_ptr()));
    Starve { what: &format!("{what}: save"), least, call: &mut save, state: &state }.each(fewest);
    let mut load = || call!(inst_chain_load(chain, path.as_ptr()));
    Starve { what: &format!("{what}: load"), least, call: &mut load, state: &state }.each(fewest);
    let field = now();
    let mut set = || call!(inst_chain_set_field(chain, field.as_ptr()));
    Starve { what: &format!("{what}: set_field"), least, call: &mut set, state: &state }.each(fewest);
    remove(&path);
    call!(inst_chain_free(chain));
}

pub fn chains_of_links() {
    let world = World::of_links();
    let rational = format!("{{type: 'sum', terms: [{WILSON}, {RATIONAL}]}}");
    let two = format!("{{type: 'sum', terms: [{WILSON}, {TWO_FLAVOUR}]}}");
    let cases = [
        ("wilson", WILSON, c"{steps: 2, length: 0.1}"),
        ("iwasaki", "{type: 'iwasaki', group: 'su3', beta: 3}", c"{steps: 2, length: 0.1}"),
        ("heat bath", WILSON, c"{type: 'heatbath', overrelaxation: 1}"),
        ("replicas", WILSON, c"{type: 'tempering', defect: {size: [1, 1, 1]}, strengths: [1, 0]}"),
        ("open", OPEN, c"{steps: 2, length: 0.1}"),
        ("open heat bath", "{type: 'symanzik', group: 'su3', beta: 3, boundary: 'open'}", c"{type: 'heatbath'}"),
        ("two flavours", &two, c"{steps: 1, length: 0.05, levels: [{terms: [0], steps: 2}]}"),
        ("rational", &rational, c"{steps: 1, length: 0.05}"),
    ];
    for (what, spec, of_chain) in cases {
        let action = world.action(spec);
        chain(what, OF_LINKS, (action, null_mut()), of_chain);
        call!(inst_action_free(action));
    }
}

pub unsafe extern "C" fn square(
    field: *const f64,
    count: i64,
    value: *mut f64,
    gradient: *mut f64,
    _: *mut c_void,
) -> i32 {
    unsafe {
        *value = 0.0;
        for i in 0..count as usize {
            *value += *field.add(i) * *field.add(i);
            if !gradient.is_null() {
                *gradient.add(i) = 2.0 * *field.add(i);
            }
        }
    }
    0
}

pub fn scalars() {
    let world = World::new(&[32, 32]);
    let list = numbers(1024).iter().map(|x| format!("{:.3}", 1.0 + x)).collect::<Vec<_>>().join(", ");
    let sourced = format!("{{type: 'phi4', mass_squared: 1, lambda: 1, source: [{list}]}}");
    let fields = numbers(3 * 1024);
    let (mut values, mut gradients) = ([0.0; 3], vec![0.0; 3 * 1024]);
    for spec in ["{type: 'phi4', mass_squared: 1, lambda: 1}", &sourced] {
        let action = world.action(spec);
        assert_eq!(call!(inst_action_value(action, 3, fields.as_ptr(), values.as_mut_ptr())), OK);
        each("gradient", OF_SCALARS, || {
            call!(inst_action_gradient(action, 3, fields.as_ptr(), gradients.as_mut_ptr()))
        });
        chain("phi4", OF_SCALARS, (action, null_mut()), c"{steps: 3, length: 0.3, start: 'hot'}");
        let there_and_back = made(|out| call!(inst_chain_new(action, null_mut(), null(), out)));
        let (mut distance, mut energy) = (0.0, 0.0);
        each("reversibility", OF_SCALARS, || {
            call!(inst_chain_reversibility(there_and_back, &mut distance, &mut energy))
        });
        let (mut text, mut needed) = ([0 as std::ffi::c_char; 2000], 0);
        assert_eq!(call!(inst_chain_describe(there_and_back, text.as_mut_ptr(), 2000, &mut needed)), OK);
        call!(inst_chain_free(there_and_back));
        call!(inst_action_free(action));
    }
    let own = made(|out| call!(inst_action_from_callback(world.lattice, Some(square), null_mut(), out)));
    chain("callback", OF_SCALARS, (own, null_mut()), c"{steps: 3, length: 0.3, start: 'hot'}");
    call!(inst_action_free(own));
}
