//! Ladders of hosts: a host in Rust, ranks as threads, files, faults.

use super::*;
use crate::context::serial;
use crate::gauge::{Gauge, charge, observables::plaquette};
use crate::markov::check::expect_mean;
use crate::markov::{ChainState, Heatbath, Kernel, Key};
use crate::space::Space;
use crate::spec::parse;
use std::sync::{Arc, Condvar, Mutex};

const EXTENT: [usize; 2] = [8, 8];
const WILSON: &str = "{type: 'wilson', group: 'u1', beta: 2}";

fn ladder(keys: &str) -> Result<HostLadder> {
    ladder_on(&EXTENT, &format!("{{defect: {{size: [3], at: [6, 5]}}, {keys}}}"))
}

fn ladder_on(extent: &[usize], text: &str) -> Result<HostLadder> {
    HostLadder::new(&serial(), &Lattice::new(extent).unwrap(), parse("ladder", text)?)
}

/// Fields of a host, which knows of the ladder what it is told alone.
struct Host {
    lattice: Lattice,
    fields: Vec<Vec<f64>>,
}

impl Host {
    fn new(replicas: usize) -> Self {
        let lattice = Lattice::new(&EXTENT).unwrap();
        let field = Space::Links(Group::U1).cold(&lattice).unwrap();
        Self { lattice, fields: vec![field; replicas] }
    }

    /// A sweep of a replica with the strength and the place that it is told.
    fn sweep(&mut self, replica: usize, standing: &Standing, counter: u64) {
        let (at, strength) = (&standing.at, standing.strength);
        let defect = format!("{{size: [3], strength: {strength}, at: {at:?}}}");
        let spec: ActionSpec =
            parse("action", &format!("{{type: 'wilson', group: 'u1', beta: 2, defect: {defect}}}")).unwrap();
        let action: Arc<dyn crate::action::Action> = spec.build(&serial(), &self.lattice).unwrap().into();
        let kernel = Heatbath::new(Arc::clone(&action), &Default::default()).unwrap();
        let mut state = ChainState::new(&*action, &self.fields[replica]).unwrap();
        kernel.step(&Key { seed: 100 + replica as u64, counter }, &mut state).unwrap();
        self.fields[replica] = state.field().to_vec();
    }

    /// One round: sweeps of some replicas, and a swap.
    fn round(&mut self, ladder: &mut HostLadder, own: &[usize]) -> Result<()> {
        let mut shares = vec![];
        for &replica in own {
            let standing = ladder.standing(replica)?;
            self.sweep(replica, &standing, ladder.counter());
            shares.push((replica, self.difference(ladder, replica)));
        }
        ladder.swap(Ok(shares))
    }

    fn difference(&self, ladder: &HostLadder, replica: usize) -> f64 {
        let links = |(site, mu): (usize, usize), numbers: &mut [f64]| {
            numbers.copy_from_slice(&self.fields[replica][2 * (2 * site + mu)..][..2]);
            Ok(())
        };
        ladder.difference(replica, links).unwrap()
    }

    /// S of a replica from weights of plaquettes.
    fn action(&self, ladder: &HostLadder, replica: usize, strength: f64) -> f64 {
        let weights = ladder.plaquette_weights((replica, strength), [0, 1]).unwrap();
        let angle = |site: usize, mu: usize| {
            let link = &self.fields[replica][2 * (2 * site + mu)..][..2];
            link[1].atan2(link[0])
        };
        let plaquette = |site: usize| {
            let [x, y] = [0, 1].map(|mu| self.lattice.next(site, mu));
            angle(site, 0) + angle(x, 1) - angle(y, 0) - angle(site, 1)
        };
        2.0 * weights.iter().enumerate().map(|(site, weight)| weight * (1.0 - plaquette(site).cos())).sum::<f64>()
    }
}

#[test]
fn a_host_has_the_exact_charge_on_rung_0_and_its_differences_are_those_of_weighted_plaquettes() {
    let mut ladder = ladder(&format!("replicas: 3, tune: 200, action: {WILSON}")).unwrap();
    let mut host = Host::new(3);
    let (mut plaquettes, mut charges) = (vec![], vec![]);
    for round in 0..8_000 {
        host.round(&mut ladder, &[0, 1, 2]).unwrap();
        if round >= 300 {
            let first = (0..3).find(|&replica| ladder.standing(replica).unwrap().rung == 0).unwrap();
            let gauge = Gauge::new(&host.lattice, Group::U1, host.fields[first].clone()).unwrap();
            plaquettes.push(plaquette(&gauge));
            charges.push(charge(&gauge).unwrap().powi(2));
        }
        if round < 20 {
            for replica in 0..3 {
                let Standing { strength, partner, .. } = ladder.standing(replica).unwrap();
                let by_weights = [partner, strength].map(|strength| host.action(&ladder, replica, strength));
                let difference = host.difference(&ladder, replica);
                assert!((by_weights[0] - by_weights[1] - difference).abs() < 1e-12);
            }
        }
    }
    // Exact numbers at beta = 2.
    expect_mean("plaquette", &plaquettes, 0.697775);
    expect_mean("Q^2", &charges, 1.239299);
    let told = ladder.describe().unwrap();
    assert!(told["round_trips"].as_u64().unwrap() > 100, "{told}");
    let acceptances: Vec<f64> =
        told["swap_acceptances"].as_array().unwrap().iter().map(|a| a.as_f64().unwrap()).collect();
    assert!((acceptances[0] - acceptances[1]).abs() < 0.15 && acceptances[0] > 0.2, "{told}");
}

/// What threads that are ranks share.
#[derive(Default)]
struct Meeting {
    state: Mutex<Gathered>,
    changed: Condvar,
}

#[derive(Default)]
struct Gathered {
    arrived: usize,
    generation: u64,
    sums: Vec<f64>,
    done: Vec<f64>,
    sent: Vec<Option<Vec<u8>>>,
}

/// A rank that is a thread.
struct Member {
    meeting: Arc<Meeting>,
    rank: usize,
    size: usize,
}

impl Ranks for Member {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn sum(&self, numbers: &mut [f64]) -> Result<()> {
        let mut state = self.meeting.state.lock().unwrap();
        if state.arrived == 0 {
            state.sums = vec![0.0; numbers.len()];
        }
        state.sums.iter_mut().zip(&*numbers).for_each(|(sum, number)| *sum += number);
        state.arrived += 1;
        let generation = state.generation;
        if state.arrived == self.size {
            state.done = std::mem::take(&mut state.sums);
            (state.arrived, state.generation) = (0, generation + 1);
            self.meeting.changed.notify_all();
        }
        let state = self.meeting.changed.wait_while(state, |state| state.generation == generation).unwrap();
        numbers.copy_from_slice(&state.done);
        Ok(())
    }

    fn exchange(&self, (sent, to): (&[u8], Option<usize>), (received, from): (&mut [u8], Option<usize>)) -> Result<()> {
        let mut state = self.meeting.state.lock().unwrap();
        state.sent.resize(self.size, None);
        if let Some(to) = to {
            state.sent[to] = Some(sent.to_vec());
            self.meeting.changed.notify_all();
        }
        if from.is_some() {
            let mut state = self.meeting.changed.wait_while(state, |state| state.sent[self.rank].is_none()).unwrap();
            received.copy_from_slice(&state.sent[self.rank].take().unwrap());
        }
        Ok(())
    }

    fn barrier(&self) -> Result<()> {
        self.sum(&mut [])
    }
}

/// Runs work on each of some ranks; what each returns.
fn on_ranks<R: Send>(size: usize, work: impl Fn(usize, Box<dyn Ranks>) -> R + Sync) -> Vec<R> {
    let meeting = Arc::new(Meeting::default());
    std::thread::scope(|scope| {
        let start = |rank| {
            let (member, work) = (Member { meeting: Arc::clone(&meeting), rank, size }, &work);
            scope.spawn(move || work(rank, Box::new(member)))
        };
        let threads: Vec<_> = (0..size).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn results_do_not_depend_on_how_replicas_are_spread() {
    let spec = format!("replicas: 5, tune: 20, seed: 7, action: {WILSON}");
    let run = |ranks: Box<dyn Ranks>, own: &[usize]| {
        let (mut ladder, mut host) = (ladder(&spec).unwrap(), Host::new(5));
        ladder.connect(ranks).unwrap();
        for _ in 0..45 {
            host.round(&mut ladder, own).unwrap();
        }
        let fields: Vec<Vec<f64>> = own.iter().map(|&replica| host.fields[replica].clone()).collect();
        (ladder.describe().unwrap().to_string(), fields)
    };
    let (told, fields) = run(Box::new(Alone), &[0, 1, 2, 3, 4]);
    for spread in [&[&[4usize, 0][..], &[1, 2, 3]][..], &[&[2], &[0, 1], &[], &[4, 3]]] {
        let ends = on_ranks(spread.len(), |rank, ranks| run(ranks, spread[rank]));
        for (own, (each, theirs)) in spread.iter().zip(ends) {
            assert_eq!(each, told);
            assert!(own.iter().zip(&theirs).all(|(&replica, field)| *field == fields[replica]));
        }
    }
}

#[test]
fn ranks_that_share_a_replica_give_parts_of_its_difference() {
    let differences = [0.7, -0.3, 1.1];
    let mut whole = ladder("replicas: 3").unwrap();
    let parts = on_ranks(4, |rank, ranks| {
        let mut ladder = ladder("replicas: 3").unwrap();
        ladder.connect(ranks).unwrap();
        for _ in 0..30 {
            // Replica 1 is on three of the ranks.
            let own = [vec![(0, 0.7), (1, -0.125)], vec![(1, 0.5)], vec![(1, -0.3 - 0.375)], vec![(2, 1.1)]];
            ladder.swap(Ok(own[rank].clone())).unwrap();
        }
        ladder.describe().unwrap().to_string()
    });
    for _ in 0..30 {
        whole.swap(Ok(differences.iter().copied().enumerate().collect())).unwrap();
    }
    let told = whole.describe().unwrap().to_string();
    assert!(parts.iter().all(|part| *part == told));
}

#[test]
fn a_rank_that_fails_ends_the_others_with_an_error() {
    let messages = on_ranks(3, |rank, ranks| {
        let mut ladder = ladder("replicas: 3").unwrap();
        ladder.connect(ranks).unwrap();
        let before = ladder.state.clone();
        let own = if rank == 1 { Err(Error::NotConverged("a solve".into())) } else { Ok(vec![(rank, 0.5)]) };
        let error = ladder.swap(own).unwrap_err();
        assert_eq!(ladder.state, before);
        // All ranks may try again.
        ladder.swap(Ok(vec![(rank, 0.5)])).unwrap();
        error
    });
    let others = Error::Stopped("ranks: expected all 3 to go on, got 1 that failed".into());
    assert_eq!(messages, [others.clone(), Error::NotConverged("a solve".into()), others]);
    let messages = on_ranks(2, |rank, ranks| {
        let mut ladder = ladder(if rank == 0 { "replicas: 3" } else { "replicas: 3, seed: 2" }).unwrap();
        ladder.connect(ranks).unwrap_err().to_string()
    });
    assert!(messages[0].starts_with("ranks: expected the same ladder") && messages[0] == messages[1], "{messages:?}");
    let messages = on_ranks(2, |rank, ranks| {
        let mut ladder = ladder("replicas: 3").unwrap();
        ladder.connect(ranks).unwrap();
        ladder.swap(Ok(vec![(rank, 0.0)])).unwrap_err().to_string()
    });
    assert_eq!(messages, ["replicas: expected replica 2 on one of the ranks, got it on none"; 2]);
}

#[test]
fn a_saved_ladder_goes_on_bit_for_bit_on_any_ranks() {
    let path = crate::file::of_tests("ladder");
    let spec = format!("replicas: 3, tune: 40, action: {WILSON}");
    let (mut one, mut host) = (ladder(&spec).unwrap(), Host::new(3));
    (0..25).for_each(|_| host.round(&mut one, &[0, 1, 2]).unwrap());
    one.save(&path).unwrap();
    let fields = host.fields.clone();
    (0..25).for_each(|_| host.round(&mut one, &[0, 1, 2]).unwrap());
    let own: [&[usize]; 2] = [&[1], &[2, 0]];
    let ends = on_ranks(2, |rank, ranks| {
        let (mut other, mut again) = (ladder(&spec).unwrap(), Host::new(3));
        other.connect(ranks).unwrap();
        other.load(&path).unwrap();
        again.fields = fields.clone();
        (0..25).for_each(|_| again.round(&mut other, own[rank]).unwrap());
        other.save(&path).unwrap();
        (other.state, own[rank].iter().all(|&replica| again.fields[replica] == host.fields[replica]))
    });
    assert!(ends.iter().all(|(state, same)| *same && *state == one.state));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn files_of_other_ladders_and_none_are_refused_on_all_ranks() {
    let path = crate::file::of_tests("other-ladder");
    let spec = format!("replicas: 3, tune: 40, action: {WILSON}");
    ladder(&spec).unwrap().save(&path).unwrap();
    let refused = |text: &str, extent: &[usize]| ladder_on(extent, text).unwrap().load(&path).unwrap_err();
    let text = "{defect: {size: [3], at: [6, 5]}, replicas: 4}";
    assert!(matches!(refused(text, &EXTENT), Error::BadSpec(message) if message.contains(": spec: expected {")));
    assert!(
        matches!(refused(text, &[8, 10]), Error::BadShape(message) if message.ends_with("lattice: expected [8, 10], got [8, 8]"))
    );
    std::fs::write(&path, b"no ladder").unwrap();
    let errors = on_ranks(2, |_, ranks| {
        let mut ladder = ladder(&spec).unwrap();
        ladder.connect(ranks).unwrap();
        ladder.load(&path).unwrap_err()
    });
    assert!(errors.iter().all(|error| matches!(error, Error::BadInput(_))), "{errors:?}");
    std::fs::remove_file(&path).unwrap();
    let errors = on_ranks(2, |_, ranks| {
        let mut ladder = ladder(&spec).unwrap();
        ladder.connect(ranks).unwrap();
        (ladder.load(&path).unwrap_err(), ladder.save(&path.join("nowhere")).unwrap_err())
    });
    assert!(
        matches!(&errors[0], (Error::Io(_), Error::Io(_)))
            && matches!(&errors[1], (Error::Stopped(_), Error::Stopped(_)))
    );
}

#[test]
fn faults_are_named() {
    let message = |keys: &str| ladder(keys).err().unwrap().to_string();
    assert_eq!(message("tune: 3"), "replicas: expected these or strengths, got neither");
    assert_eq!(message("replicas: 1"), "replicas: expected 2 to 1024, got 1");
    assert_eq!(message("strengths: [1, 0.5]"), "strengths: expected two or more, from 1 to 0, got 2 from 1 to 0.5");
    let gauge = "expected a gauge action or a sum with exactly one, got another";
    let phi4 = "{type: 'phi4', mass_squared: 1, lambda: 1}";
    assert_eq!(message(&format!("replicas: 2, action: {phi4}")), format!("action: {gauge}"));
    let weighted = "{type: 'wilson', group: 'u1', beta: 2, defect: {size: [2], strength: 0.5}}";
    let own = "action: expected one without a defect of its own, got one with it";
    assert_eq!(message(&format!("replicas: 2, action: {weighted}")), own);
    let line = ladder_on(&[8], "{defect: {size: []}, replicas: 2}").err().unwrap().to_string();
    assert_eq!(line, "lattice: expected 2 to 4 dimensions for links, got 1");
}

#[test]
fn faults_of_calls_are_named() {
    let mut two = ladder("replicas: 2").unwrap();
    let fault = |result: Result<()>| result.unwrap_err().to_string();
    assert_eq!(fault(two.standing(2).map(drop)), "replica: expected 0 to 1, got 2");
    assert_eq!(fault(two.link_factors((0, 1.0), 2).map(drop)), "mu: expected 0 to 1, got 2");
    assert_eq!(
        fault(two.plaquette_weights((0, 1.0), [1, 1]).map(drop)),
        "nu: expected another direction than mu, got 1"
    );
    assert_eq!(
        fault(two.link_factors((0, -1.0), 0).map(drop)),
        "strength: expected a number from 0 to 1e100, got -1e0"
    );
    assert_eq!(
        fault(two.plaquette_weights((0, 1e101), [0, 1]).map(drop)),
        "strength: expected a number from 0 to 1e100, got 1e101"
    );
    let none = "ladder: expected a spec with an action, got one without";
    assert_eq!(fault(two.difference(0, |_, _| Ok(())).map(drop)), none);
    assert_eq!(fault(two.swap(Ok(vec![(0, 0.0), (0, 0.0)]))), "replicas: expected each once, got 0 twice");
    assert_eq!(fault(two.swap(Ok(vec![(0, 0.0), (3, 0.0)]))), "replica: expected 0 to 1, got 3");
    let nan = fault(two.swap(Ok(vec![(0, f64::NAN), (1, 0.0)])));
    assert!(nan.starts_with("differences: expected a number of at most") && nan.ends_with("got NaN"), "{nan}");
    assert_eq!(two.counter(), 0);
    // Two rungs have a pair in every swap.
    for counter in 0..3 {
        assert_eq!(
            (two.counter(), two.standing(0).unwrap().partner != two.standing(0).unwrap().strength),
            (counter, true)
        );
        two.swap(Ok(vec![(0, 0.0), (1, 0.0)])).unwrap();
    }
}
