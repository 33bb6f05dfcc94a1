//! The state of a host, and what it predicts for each call.

use super::*;

/// State of the host: all addresses that it ever had, and the objects alive at them.
pub struct Host {
    pub seen: Vec<(usize, Kind)>,
    pub living: HashMap<usize, Kind>,
    pub field: Vec<f64>,
    pub result: Vec<f64>,
    /// Statuses that occurred, by function.
    pub met: HashMap<(usize, i32), usize>,
}

fn specs(kind: Kind) -> &'static [&'static CStr] {
    match kind {
        Context => &[c"{threads: 1}", c"{threads: 1, precision: 'f32', seed: 3}", c"{threads: -1}", c"{threads: 1"],
        Action => &[c"{type: 'phi4', mass_squared: 1, lambda: 1}", c"{type: 'wilson', group: 'u1', beta: 1}", c"{}"],
        Model => &[c"{layers: 2, hidden: [2]}", c"{layers: 0}", c"{layers: 2, hidden: [2], prior: 'spectrum'}"],
        Proposal => &[c"", c"{type: 'independence'}", c"{type: 'other'}"],
        Chain => &[c"{steps: 2}", c"{type: 'independence'}", c"{type: 'heatbath'}", c"{steps: 0}"],
        Gauge => &[c"{group: 'u1'}", c"{group: 'u2'}"],
        Layout => &[
            c"{order: 'milc', fields: 'u1', verify: false}",
            c"{fields: 'u1'}",
            c"{fields: 'real'}",
            c"{order: 'openqcd'}",
            c"{order: 5}",
        ],
        Dirac => &[c"{type: 'wilson', kappa: 0.1}", c"{type: 'staggered', mass: 0.5}", c"{type: 'wilson'}"],
        Ladder => &[
            c"{defect: {size: [1]}, replicas: 3, action: {type: 'wilson', group: 'u1', beta: 1}}",
            c"{defect: {size: [2]}, strengths: [1, 0]}",
            c"{defect: {size: [9]}, replicas: 3}",
            c"{replicas: 1}",
        ],
        Lattice => &[c""],
    }
}

impl Host {
    /// An object for a call: mostly one that was made of this kind, alive or freed.
    fn pick<T>(&self, number: usize, kind: Kind) -> *mut T {
        let (choice, which) = (number % 16, number / 16);
        let last = |mut among: Vec<usize>| {
            among.reverse();
            let at = if among.is_empty() { None } else { Some(among[which % among.len().min(4)]) };
            at.map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
        };
        let all = || self.seen.iter();
        match choice {
            0 => ptr::null_mut(),
            // Addresses that are not objects.
            1 => self.field.as_ptr().cast_mut().cast(),
            2 => self.field.as_ptr().cast_mut().cast::<u8>().wrapping_add(4).cast(),
            3 | 4 => last(all().map(|(address, _)| *address).collect()),
            5 => last(all().filter(|(_, k)| *k == kind).map(|(address, _)| *address).collect()),
            _ => {
                let lives = |(address, _): &&(usize, Kind)| self.living.get(address) == Some(&kind);
                last(all().filter(lives).map(|(address, _)| *address).collect())
            }
        }
    }

    /// The status that a call has to give for an object before it checks anything else.
    fn fault<T>(&self, object: *const T, kind: Kind) -> Option<i32> {
        match self.living.get(&object.addr()) {
            _ if object.is_null() => Some(NULL),
            Some(found) if *found == kind => None,
            _ => Some(BAD_INPUT),
        }
    }

    fn made<T>(&mut self, kind: Kind, status: i32, object: *mut T) {
        if status == OK {
            assert!(!object.is_null() && !self.living.contains_key(&object.addr()));
            self.seen.push((object.expose_provenance(), kind));
            self.living.insert(object.addr(), kind);
        } else {
            assert!(object.is_null(), "an output was written on failure");
        }
    }

    fn free<T>(&mut self, object: *mut T, kind: Kind, call: unsafe extern "C" fn(*mut T)) {
        let fault = self.fault(object, kind);
        unsafe { call(object) };
        if fault.is_none() {
            self.living.remove(&object.addr());
        }
    }

    /// Checks the status of a call: that of its faulty argument, or one of those allowed.
    fn check(&mut self, function: usize, status: i32, faults: &[Option<i32>], otherwise: &[i32]) {
        *self.met.entry((function, status)).or_default() += 1;
        let faults: Vec<i32> = faults.iter().flatten().copied().collect();
        let message = unsafe { CStr::from_ptr(inst_last_error()) }.to_str().unwrap();
        if faults.is_empty() {
            assert!(otherwise.contains(&status), "{function}: {status}: {message}");
        } else {
            // The spec is another argument, and the message may name that one.
            assert!(faults.contains(&status) || status == BAD_SPEC, "{function}: {status}, not {faults:?}: {message}");
        }
        assert!(status == OK || !message.is_empty());
        assert!(self.result[NUMBERS..].iter().all(|x| *x == 7.25), "beyond the end");
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each function")]
    pub fn run(&mut self, call: &Call) {
        let f = call.function;
        let [a, b] = call.objects;
        let spec = |kind: Kind| specs(kind)[call.spec % specs(kind).len()].as_ptr();
        let (mut count, mut bytes, mut flag) = (0i64, 0i64, 0i32);
        let field = self.field.as_ptr();
        let y = self.result.as_mut_ptr();
        let second = unsafe { y.add(512) };
        // Makes an object, and records it where that succeeded.
        macro_rules! make {
            ($kind:expr, $faults:expr, $otherwise:expr, |$out:ident| $call:expr) => {{
                let mut object = ptr::null_mut();
                let $out = &raw mut object;
                let status = unsafe { $call };
                self.made($kind, status, object);
                self.check(f, status, &$faults, $otherwise);
            }};
        }
        macro_rules! call {
            ($faults:expr, $otherwise:expr, $call:expr) => {{
                let status = unsafe { $call };
                self.check(f, status, &$faults, $otherwise);
            }};
        }
        match f {
            0 => make!(Context, [], &[OK, BAD_SPEC], |out| inst_context_new(spec(Context), out)),
            1 => {
                let x = self.pick(a, Context);
                let extent: [i64; 2] = [[4, 4], [4, 4], [4, 4], [2, 6], [0, 4]][call.spec % 5];
                make!(Lattice, [self.fault(x, Context)], &[OK, BAD_SHAPE], |out| inst_lattice_new(
                    x,
                    2,
                    extent.as_ptr(),
                    out
                ));
            }
            2 => {
                let x = self.pick(a, Lattice);
                make!(Action, [self.fault(x, Lattice)], &[OK, BAD_SPEC], |out| inst_action_new(x, spec(Action), out));
            }
            3 => {
                let x = self.pick(a, Lattice);
                make!(Model, [self.fault(x, Lattice)], &[OK, BAD_SPEC, BAD_SHAPE], |out| inst_model_new(
                    x,
                    spec(Model),
                    out
                ));
            }
            4 => {
                let (x, z) = (
                    self.pick(a, Model),
                    self.pick::<inst_action>(if call.spec.is_multiple_of(2) { 0 } else { b }, Action),
                );
                let action = if z.is_null() { None } else { self.fault(z, Action) };
                let otherwise = &[OK, BAD_SPEC, BAD_SHAPE, UNSUPPORTED];
                make!(Proposal, [self.fault(x, Model), action], otherwise, |out| inst_proposal_new(
                    x,
                    z,
                    spec(Proposal),
                    out
                ));
            }
            5 => {
                let (x, z) = (
                    self.pick(a, Action),
                    self.pick::<inst_model>(if call.spec.is_multiple_of(2) { 0 } else { b }, Model),
                );
                let model = if z.is_null() { None } else { self.fault(z, Model) };
                let otherwise = &[OK, BAD_SPEC, BAD_SHAPE, UNSUPPORTED];
                make!(Chain, [self.fault(x, Action), model], otherwise, |out| inst_chain_new(x, z, spec(Chain), out));
            }
            6 => {
                let x = self.pick(a, Lattice);
                make!(Gauge, [self.fault(x, Lattice)], &[OK, BAD_SPEC], |out| inst_gauge_new(x, spec(Gauge), out));
            }
            7 => {
                let x = self.pick(a, Lattice);
                let otherwise = &[OK, BAD_SPEC, BAD_SHAPE, UNSUPPORTED];
                make!(Layout, [self.fault(x, Lattice)], otherwise, |out| inst_layout_new(x, spec(Layout), out));
            }
            8 => {
                let x = self.pick(a, Gauge);
                make!(Dirac, [self.fault(x, Gauge)], &[OK, BAD_SPEC, BAD_SHAPE], |out| inst_dirac_new(
                    x,
                    spec(Dirac),
                    out
                ));
            }
            // Functions that free, which return no status.
            9 => self.free(self.pick(a, Context), Context, inst_context_free),
            10 => self.free(self.pick(a, Lattice), Lattice, inst_lattice_free),
            11 => self.free(self.pick(a, Action), Action, inst_action_free),
            12 => self.free(self.pick(a, Model), Model, inst_model_free),
            13 => self.free(self.pick(a, Proposal), Proposal, inst_proposal_free),
            14 => self.free(self.pick(a, Chain), Chain, inst_chain_free),
            15 => self.free(self.pick(a, Gauge), Gauge, inst_gauge_free),
            16 => self.free(self.pick(a, Layout), Layout, inst_layout_free),
            17 => self.free(self.pick(a, Dirac), Dirac, inst_dirac_free),
            // Functions that use objects.
            18 => {
                let x = self.pick(a, Action);
                call!([self.fault(x, Action)], &[OK, BAD_INPUT], inst_action_value(x, 1, field, y));
            }
            19 => {
                let x = self.pick(a, Action);
                call!([self.fault(x, Action)], &[OK, BAD_INPUT], inst_action_gradient(x, 1, field, y));
            }
            20 => {
                let (x, z) = (self.pick(a, Model), self.pick(b, Action));
                let otherwise = &[OK, BAD_SHAPE, UNSUPPORTED];
                let steps = c"{steps: 1, batch: 4}".as_ptr();
                call!(
                    [self.fault(x, Model), self.fault(z, Action)],
                    otherwise,
                    inst_model_train(x, z, steps, None, ptr::null_mut())
                );
            }
            21 => {
                let x = self.pick(a, Model);
                call!([self.fault(x, Model)], &[OK], inst_model_sample(x, a as u64, 2, y, second));
            }
            22 => {
                let x = self.pick(a, Model);
                call!([self.fault(x, Model)], &[OK], inst_model_log_density(x, 2, field, y));
            }
            23 => {
                let x = self.pick(a, Model);
                call!([self.fault(x, Model)], &[OK], inst_model_describe(x, y.cast::<c_char>(), 64, &mut count));
            }
            24 => {
                let x = self.pick(a, Proposal);
                call!([self.fault(x, Proposal)], &[OK], inst_propose(x, b as u64, field, y, second));
            }
            25 => {
                let x = self.pick(a, Chain);
                call!([self.fault(x, Chain)], &[OK], inst_chain_step(x, &mut flag, y, second));
            }
            26 => {
                let x = self.pick(a, Chain);
                call!([self.fault(x, Chain)], &[OK], inst_chain_field(x, y));
                // Chains of heat baths and of a model's proposals have no trajectory.
                call!([self.fault(x, Chain)], &[OK, UNSUPPORTED], inst_chain_reversibility(x, y, second));
                call!([self.fault(x, Chain)], &[OK], inst_chain_describe(x, y.cast::<c_char>(), 64, &mut count));
            }
            27 => {
                let x = self.pick(a, Chain);
                // For chains of links: these numbers are not in the group.
                call!([self.fault(x, Chain)], &[OK, BAD_INPUT], inst_chain_set_field(x, field));
            }
            28 => {
                let x = self.pick(a, Gauge);
                call!([self.fault(x, Gauge)], &[OK], inst_gauge_links(x, y));
            }
            29 => {
                let x = self.pick(a, Gauge);
                let spec = c"{type: 'plaquette'}".as_ptr();
                call!([self.fault(x, Gauge)], &[OK], inst_gauge_observe(x, spec, 1, y, &mut count));
            }
            30 => {
                let x = self.pick(a, Layout);
                call!([self.fault(x, Layout)], &[OK], inst_layout_size(x, &mut flag, &mut bytes));
                call!([self.fault(x, Layout)], &[OK], inst_layout_count(x, &mut count));
            }
            31 => {
                let (x, z) = (self.pick(a, Gauge), self.pick(b, Layout));
                let base = [y.cast::<c_void>(); 2];
                call!(
                    [self.fault(x, Gauge), self.fault(z, Layout)],
                    &[OK, BAD_SHAPE],
                    inst_gauge_export(x, z, base.as_ptr())
                );
            }
            32 => {
                let (x, z) = (self.pick(a, Gauge), self.pick(b, Layout));
                let base = [field.cast::<c_void>(); 2];
                call!(
                    [self.fault(x, Gauge), self.fault(z, Layout)],
                    &[OK, BAD_SHAPE, BAD_INPUT],
                    inst_gauge_import(x, z, base.as_ptr())
                );
            }
            33 => {
                let x = self.pick(a, Dirac);
                call!([self.fault(x, Dirac)], &[OK], inst_dirac_apply(x, c"plain".as_ptr(), 1, field, y));
            }
            34 => {
                let x = self.pick(a, Dirac);
                call!([self.fault(x, Dirac)], &[OK], inst_dirac_solve(x, ptr::null(), 1, field, y, ptr::null_mut()));
            }
            36 => {
                let x = self.pick(a, Lattice);
                make!(Ladder, [self.fault(x, Lattice)], &[OK, BAD_SPEC], |out| inst_ladder_new(x, spec(Ladder), out));
            }
            37 => self.free(self.pick(a, Ladder), Ladder, inst_ladder_free),
            38 => {
                let x = self.pick(a, Ladder);
                let (mut counter, base) = (0u64, [y.cast::<c_void>()]);
                call!([self.fault(x, Ladder)], &[OK], inst_ladder_state(x, &mut count, &mut counter));
                let at = second.cast::<i64>();
                call!([self.fault(x, Ladder)], &[OK], inst_ladder_replica(x, 1, &mut bytes, y, y, at));
                let base = base.as_ptr();
                call!([self.fault(x, Ladder)], &[OK], inst_ladder_link_factors(x, 0, 0.5, 1, ptr::null(), base));
                call!([self.fault(x, Ladder)], &[OK], inst_ladder_describe(x, y.cast::<c_char>(), 64, &mut count));
            }
            39 => {
                let x = self.pick(a, Ladder);
                // Of two replicas, or of three.
                let swap = |count| unsafe { inst_ladder_swap(x, count, ptr::null(), [0.1; 3].as_ptr()) };
                let status = if swap(3) == OK { OK } else { swap(2) };
                self.check(f, status, &[self.fault(x, Ladder)], &[OK]);
            }
            40 => {
                let (x, z) = (self.pick(a, Ladder), self.pick::<inst_layout>(b, Layout));
                let base = [y.cast::<c_void>(); 2];
                // Without a layout the memory is an array.
                let layout = if z.is_null() { None } else { self.fault(z, Layout) };
                call!(
                    [self.fault(x, Ladder), layout],
                    &[OK, BAD_SHAPE],
                    inst_ladder_plaquette_weights(x, 0, 0.5, 0, 1, z, base.as_ptr())
                );
                let base = [field.cast::<c_void>(); 2];
                let status = unsafe { inst_ladder_difference(x, 0, z, base.as_ptr(), y) };
                // Ladders without an action look at no memory.
                if status != UNSUPPORTED {
                    self.check(f, status, &[self.fault(x, Ladder), layout], &[OK, BAD_SHAPE, BAD_INPUT]);
                }
            }
            _ => {
                let spec = CString::new("{type: 'stout', rho: 0.1, steps: 1}").unwrap();
                let x = self.pick(a, Gauge);
                call!([self.fault(x, Gauge)], &[OK], inst_gauge_smear(x, spec.as_ptr()));
            }
        }
    }

    /// Frees all objects still alive, in the order of addresses.
    pub fn end(mut self) -> HashMap<(usize, i32), usize> {
        let mut left: Vec<(usize, Kind)> = self.living.drain().collect();
        left.sort_by_key(|(address, _)| *address);
        for (address, kind) in left {
            unsafe {
                match kind {
                    Context => inst_context_free(ptr::with_exposed_provenance_mut(address)),
                    Lattice => inst_lattice_free(ptr::with_exposed_provenance_mut(address)),
                    Action => inst_action_free(ptr::with_exposed_provenance_mut(address)),
                    Model => inst_model_free(ptr::with_exposed_provenance_mut(address)),
                    Proposal => inst_proposal_free(ptr::with_exposed_provenance_mut(address)),
                    Chain => inst_chain_free(ptr::with_exposed_provenance_mut(address)),
                    Gauge => inst_gauge_free(ptr::with_exposed_provenance_mut(address)),
                    Layout => inst_layout_free(ptr::with_exposed_provenance_mut(address)),
                    Dirac => inst_dirac_free(ptr::with_exposed_provenance_mut(address)),
                    Ladder => inst_ladder_free(ptr::with_exposed_provenance_mut(address)),
                }
            }
        }
        self.met
    }
}
