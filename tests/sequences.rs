//! Random sequences of calls of the C interface: objects of all kinds made and freed in any order, used when they are
//! there, when they are not any more, when they are of another kind, and NULL. The state that a host could know tells what
//! each call has to say.

use instanton::ffi::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Context,
    Lattice,
    Action,
    Model,
    Proposal,
    Chain,
    Gauge,
    Layout,
    Dirac,
}
use Kind::*;

/// One call: which, with objects and a spec picked by numbers.
#[derive(Clone, Debug)]
struct Call {
    function: usize,
    objects: [usize; 2],
    spec: usize,
}

const OK: i32 = 0;
const NULL: i32 = 1;
const BAD_SPEC: i32 = 2;
const BAD_SHAPE: i32 = 3;
const BAD_INPUT: i32 = 4;
const UNSUPPORTED: i32 = 9;

/// Numbers enough for each field and result here.
const NUMBERS: usize = 1024;

/// What the host knows: all addresses that it ever had, and what lives where.
struct Host {
    seen: Vec<(usize, Kind)>,
    living: HashMap<usize, Kind>,
    field: Vec<f64>,
    result: Vec<f64>,
    /// Statuses that were met, by function.
    met: HashMap<(usize, i32), usize>,
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
        Lattice => &[c""],
    }
}

impl Host {
    /// An object: mostly one that was made of this kind, be it alive or not.
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
            // What is no object.
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

    /// What a call has to say of an object before it looks at anything else.
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

    /// Checks a call: the fault of an argument, or one of the statuses that it may have.
    fn check(&mut self, function: usize, status: i32, faults: &[Option<i32>], otherwise: &[i32]) {
        *self.met.entry((function, status)).or_default() += 1;
        let faults: Vec<i32> = faults.iter().flatten().copied().collect();
        let message = unsafe { CStr::from_ptr(inst_last_error()) }.to_str().unwrap();
        if faults.is_empty() {
            assert!(otherwise.contains(&status), "{function}: {status}: {message}");
        } else {
            // The spec is another argument, and may be what is named.
            assert!(faults.contains(&status) || status == BAD_SPEC, "{function}: {status}, not {faults:?}: {message}");
        }
        assert!(status == OK || !message.is_empty());
        assert!(self.result[NUMBERS..].iter().all(|x| *x == 7.25), "beyond the end");
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each function")]
    fn run(&mut self, call: &Call) {
        let f = call.function;
        let [a, b] = call.objects;
        let spec = |kind: Kind| specs(kind)[call.spec % specs(kind).len()].as_ptr();
        let (mut count, mut bytes, mut flag) = (0i64, 0i64, 0i32);
        let field = self.field.as_ptr();
        let y = self.result.as_mut_ptr();
        let second = unsafe { y.add(512) };
        // Makes an object, and says what it came to.
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
            // Frees, which say nothing.
            9 => self.free(self.pick(a, Context), Context, inst_context_free),
            10 => self.free(self.pick(a, Lattice), Lattice, inst_lattice_free),
            11 => self.free(self.pick(a, Action), Action, inst_action_free),
            12 => self.free(self.pick(a, Model), Model, inst_model_free),
            13 => self.free(self.pick(a, Proposal), Proposal, inst_proposal_free),
            14 => self.free(self.pick(a, Chain), Chain, inst_chain_free),
            15 => self.free(self.pick(a, Gauge), Gauge, inst_gauge_free),
            16 => self.free(self.pick(a, Layout), Layout, inst_layout_free),
            17 => self.free(self.pick(a, Dirac), Dirac, inst_dirac_free),
            // Uses.
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
            }
            27 => {
                let x = self.pick(a, Chain);
                // Of links, for which these numbers are none.
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
            _ => {
                let spec = CString::new("{type: 'stout', rho: 0.1, steps: 1}").unwrap();
                let x = self.pick(a, Gauge);
                call!([self.fault(x, Gauge)], &[OK], inst_gauge_smear(x, spec.as_ptr()));
            }
        }
    }

    /// Frees what is left, in the order of addresses.
    fn end(mut self) -> HashMap<(usize, i32), usize> {
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
                }
            }
        }
        self.met
    }
}

const FUNCTIONS: usize = 36;

/// Bytes of this process in memory; 0 where the system does not tell.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// Sequences begin with objects of most kinds, so that what follows finds some.
fn sequence() -> impl Strategy<Value = Vec<Call>> {
    // The last ones that live.
    let first = |function: usize| Just(Call { function, objects: [6, 6], spec: 0 });
    let begin = (first(0), first(1), first(2), 3usize..8).prop_map(|(c, l, a, next)| {
        let next = match next {
            3 | 6 => vec![Call { function: next, objects: [6, 6], spec: 0 }],
            _ => vec![],
        };
        [vec![c, l, a], next].concat()
    });
    let function = prop_oneof![0..9usize, 0..FUNCTIONS, 18..FUNCTIONS];
    let call = (function, any::<[u16; 2]>(), 0..60usize).prop_map(|(function, objects, spec)| Call {
        function,
        objects: objects.map(usize::from),
        spec,
    });
    (begin, prop::collection::vec(call, 10..40)).prop_map(|(begin, rest)| [begin, rest].concat())
}

#[test]
fn any_sequence_of_calls_does_what_it_says() {
    let cases = std::env::var("INSTANTON_SEQUENCES").ok().map_or(10_000, |text| text.parse().unwrap());
    let mut runner = TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let (met, run, early) = (std::cell::RefCell::new(HashMap::new()), std::cell::Cell::new(0), std::cell::Cell::new(0));
    let result = runner.run(&sequence(), |calls| {
        run.set(run.get() + 1);
        if run.get() == cases / 5 {
            early.set(resident());
        }
        let field = (0..NUMBERS).map(|i| 0.1 * ((i * 7) % 11) as f64).collect();
        let mut host = Host {
            seen: vec![],
            living: HashMap::new(),
            field,
            result: [vec![0.0; NUMBERS], vec![7.25; 16]].concat(),
            met: HashMap::new(),
        };
        calls.iter().for_each(|call| host.run(call));
        for (key, count) in host.end() {
            *met.borrow_mut().entry(key).or_insert(0) += count;
        }
        Ok(())
    });
    result.unwrap();
    // Nothing is left behind: a leak of one model in each sequence would be ten times this.
    let grown = resident().saturating_sub(early.get());
    assert!(grown < 16 << 20, "{grown} bytes more than after a fifth of the sequences");
    // Each function was met by what is sound, by NULL, and by what is none or has ended.
    let met = met.into_inner();
    let counts = |function: usize, status: i32| met.get(&(function, status)).copied().unwrap_or(0);
    for function in (0..FUNCTIONS).filter(|function| !(9..18).contains(function)) {
        assert!(counts(function, OK) > 10, "{function}: {met:?}");
        assert!(function == 0 || counts(function, NULL) > 10, "{function}: {met:?}");
        assert!(function == 0 || counts(function, BAD_INPUT) > 10, "{function}: {met:?}");
    }
}
