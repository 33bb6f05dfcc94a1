//! Ladders of replicas of a host.

use super::*;

unsafe extern "C" fn nothing_sent(
    _: *const c_void,
    _: i64,
    _: i32,
    _: *mut c_void,
    _: i64,
    _: i32,
    _: *mut c_void,
) -> i32 {
    0
}

unsafe extern "C" fn own_sum(_: *mut f64, _: i64, _: *mut c_void) -> i32 {
    0
}

unsafe extern "C" fn no_wait(_: *mut c_void) -> i32 {
    0
}

pub fn ladders() {
    let world = World::of_links();
    let spec = c"{defect: {size: [1, 1, 1]}, replicas: 12, action: {type: 'wilson', group: 'su3', beta: 6}}".as_ptr();
    each("ladder", OF_LINKS, || {
        let mut ladder = null_mut();
        let status = call!(inst_ladder_new(world.lattice, spec, &mut ladder));
        call!(inst_ladder_free(ladder));
        status
    });
    let ladder = made(|out| call!(inst_ladder_new(world.lattice, spec, out)));
    let (mut replicas, mut counter) = (0, 0);
    assert_eq!(call!(inst_ladder_state(ladder, &mut replicas, &mut counter)), OK);
    let (mut rung, mut at, mut strength, mut partner) = (0, [0; 4], 0.0, 0.0);
    let standing = call!(inst_ladder_replica(ladder, 1, &mut rung, &mut strength, &mut partner, at.as_mut_ptr()));
    assert_eq!(standing, OK);
    let mut field = vec![0.0f64; 512];
    let to = [field.as_mut_ptr().cast::<c_void>()];
    each("factors", OF_LINKS, || call!(inst_ladder_link_factors(ladder, 1, 0.5, 3, null(), to.as_ptr())));
    each("weights", OF_LINKS, || call!(inst_ladder_plaquette_weights(ladder, 1, 0.5, 0, 3, null(), to.as_ptr())));
    let links = random_links(&world);
    let from = [links.as_ptr().cast::<c_void>()];
    let mut difference = 0.0;
    each("difference", OF_LINKS, || call!(inst_ladder_difference(ladder, 1, null(), from.as_ptr(), &mut difference)));

    let struct_size = size_of::<inst_communicator>() as i64;
    let (sendrecv, allreduce, barrier) = (Some(nothing_sent as _), Some(own_sum as _), Some(no_wait as _));
    let ranks = inst_communicator { struct_size, rank: 0, size: 1, user: null_mut(), sendrecv, allreduce, barrier };
    assert_eq!(call!(inst_ladder_connect(ladder, &ranks)), OK);
    let differences = numbers(12);
    let state = || {
        let (mut text, mut needed) = (vec![0 as c_char; 4_000], 0);
        assert_eq!(call!(inst_ladder_describe(ladder, text.as_mut_ptr(), 4_000, &mut needed)), OK);
        text.iter().map(|&letter| letter as u64).collect()
    };
    // Where no call asks for much memory, the state is not looked at.
    let _: Vec<u64> = state();
    let mut swap = || call!(inst_ladder_swap(ladder, 12, null(), differences.as_ptr()));
    Starve { what: "swap", least: OF_LINKS, call: &mut swap, state: &state }.each(0);
    let path = file("ladder");
    each_if_any("save", OF_LINKS, || call!(inst_ladder_save(ladder, path.as_ptr())));
    let mut load = || call!(inst_ladder_load(ladder, path.as_ptr()));
    Starve { what: "load", least: OF_LINKS, call: &mut load, state: &state }.each(0);
    remove(&path);
    call!(inst_ladder_free(ladder));
}
