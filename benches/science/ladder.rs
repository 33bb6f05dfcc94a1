//! Ladders of replicas over ranks: how many times more trajectories a second two ranks make than one.
//!
//! Ranks are processes of MPI, by `examples/ladder_u1.c`, which `make science` compiles; or threads, each with a ladder, a context
//! of one thread and replicas of its own, that meet in memory: the short form has these alone. One and two ranks are timed
//! alternately, by the clock on the wall, and have to come to the same end.

use super::chains::SEED;
use super::figure::{Aim, Figure, Row};
use super::gauge::name;
use super::run::Form;
use instanton::action::{Action, ActionSpec};
use instanton::context::{Context, Precision};
use instanton::error::{Error, Result};
use instanton::lattice::Lattice;
use instanton::markov::{ChainState, Hmc, HmcSpec, HostLadder, Kernel, Key, Ranks};
use instanton::spec;
use std::process::Command;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::Instant;

pub const ROWS: &[Row] = &[Row {
    name: "ladder-scaling",
    about: "Trajectories a second of 8 replicas of U(1) of a ladder: two ranks over one.",
    set_ups: |form| ways(form).iter().map(|(way, _)| (set_up(way), Some(ASKED))).collect(),
    measure: |run| ways(run.form).iter().map(|(way, timed)| scaling(way, *timed, run.form)).collect(),
}];

const LENGTH: usize = 16;
const BETA: f64 = 7.0;
const ASKED: f64 = 1.8;
const REPLICAS: usize = 8;

/// What ranks share.
struct Meeting {
    barrier: Barrier,
    sums: Mutex<Vec<f64>>,
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
        let sums = || self.meeting.sums.lock().unwrap_or_else(PoisonError::into_inner);
        // The first sum is left when all have read it, and is empty again before anybody adds to it.
        {
            let mut sums = sums();
            sums.resize(numbers.len(), 0.0);
            sums.iter_mut().zip(&*numbers).for_each(|(sum, number)| *sum += number);
        }
        self.meeting.barrier.wait();
        numbers.copy_from_slice(&sums());
        if self.meeting.barrier.wait().is_leader() {
            sums().clear();
        }
        self.meeting.barrier.wait();
        Ok(())
    }

    fn exchange(&self, _sent: (&[u8], Option<usize>), _received: (&mut [u8], Option<usize>)) -> Result<()> {
        Err(Error::Unsupported("exchange: expected no files, got one".into()))
    }

    fn barrier(&self) -> Result<()> {
        self.meeting.barrier.wait();
        Ok(())
    }
}

/// Seconds of so many rounds on some ranks, and a text of all results at their end.
type Timed = fn(usize, u64) -> Result<(f64, String)>;

/// What ranks are.
fn ways(form: Form) -> &'static [(&'static str, Timed)] {
    form.pick(&[("mpi", over_mpi as Timed), ("threads", over_threads)], &[("threads", over_threads as Timed)])
}

fn set_up(way: &str) -> String {
    format!("{}-{way}", name(LENGTH, BETA))
}

fn scaling(way: &str, timed: Timed, form: Form) -> Result<Figure> {
    let (rounds, times) = form.pick((1500, 8), (8, 4));
    let mut ratios = vec![];
    for _ in 0..times {
        let [(one, alone), (two, together)] = [timed(1, rounds)?, timed(2, rounds)?];
        if alone != together {
            return Err(Error::Internal(format!("{way}: expected {alone} on two ranks, got {together}")));
        }
        ratios.push(one / two);
    }
    let count = ratios.len() as f64;
    let value = ratios.iter().sum::<f64>() / count;
    let variance = ratios.iter().map(|ratio| (ratio - value).powi(2)).sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt();
    Ok(Figure { set_up: set_up(way), value, error, reference: ASKED, source: "asked", aim: Aim::AtLeast })
}

/// Ranks as processes: the program tells its trajectories a second on the last line of its errors, and its results in its output.
fn over_mpi(size: usize, rounds: u64) -> Result<(f64, String)> {
    let unset = |_| Error::Io("INSTANTON_LADDER: expected the program of examples/ladder_u1.c, got none".into());
    let program = std::env::var("INSTANTON_LADDER").map_err(unset)?;
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "-n", &size.to_string(), &program, &rounds.to_string()]);
    // OpenMPI asks for these as root, as in containers.
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    let output = command.output().map_err(|error| Error::Io(format!("mpirun: {error}")))?;
    let [told, results] = [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text).into_owned());
    let rate = told.split_once("ranks: ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
    match rate.filter(|_| output.status.success()) {
        Some(rate) => Ok((rounds as f64 * REPLICAS as f64 / rate, results)),
        None => Err(Error::Io(format!("mpirun: expected trajectories a second, got {}: {told}", output.status))),
    }
}

/// Ranks as threads.
fn over_threads(size: usize, rounds: u64) -> Result<(f64, String)> {
    let meeting = Arc::new(Meeting { barrier: Barrier::new(size), sums: Mutex::default() });
    let mut ends = std::thread::scope(|scope| {
        let start = |rank| {
            let member = Member { meeting: Arc::clone(&meeting), rank, size };
            scope.spawn(move || replicas(member, rounds))
        };
        let ranks: Vec<_> = (0..size).map(start).collect();
        ranks
            .into_iter()
            .map(|rank| rank.join().unwrap_or_else(|_| Err(Error::Internal("a rank".into()))))
            .collect::<Vec<_>>()
    });
    ends.remove(0)
}

/// The rounds of one rank: a trajectory of each of its replicas, and a swap.
fn replicas(member: Member, rounds: u64) -> Result<(f64, String)> {
    let (lattice, context) = (Lattice::new(&[LENGTH; 2])?, Arc::new(Context::new(SEED, Precision::F64, 1)?));
    let text = format!("{{defect: {{size: [4]}}, replicas: {REPLICAS}, action: {}}}", action_of(""));
    let mut ladder = HostLadder::new(&context, &lattice, spec::parse("ladder", &text)?)?;
    let own: Vec<usize> = (member.rank..REPLICAS).step_by(member.size).collect();
    let plain: ActionSpec = spec::parse("action", &action_of(""))?;
    let plain = plain.build(&context, &lattice)?;
    let mut fields = vec![plain.space().cold(&lattice)?; own.len()];
    let meeting = Arc::clone(&member.meeting);
    ladder.connect(Box::new(member))?;
    meeting.barrier.wait();
    let start = Instant::now();
    for round in 0..rounds {
        let mut shares = vec![];
        for (&replica, field) in own.iter().zip(&mut fields) {
            let standing = ladder.standing(replica)?;
            let defect = format!("defect: {{size: [4], strength: {}, at: {:?}}}", standing.strength, standing.at);
            let weighted: ActionSpec = spec::parse("action", &action_of(&defect))?;
            let action: Arc<dyn Action> = weighted.build(&context, &lattice)?.into();
            let mut state = ChainState::new(&*action, field)?;
            let key = Key { seed: SEED + replica as u64, counter: round };
            Hmc::new(action, &HmcSpec { steps: 10, length: 1.5, ..HmcSpec::default() })?.step(&key, &mut state)?;
            *field = state.field().to_vec();
            let links = |(site, mu): (usize, usize), numbers: &mut [f64]| {
                numbers.copy_from_slice(&field[2 * (2 * site + mu)..][..2]);
                Ok(())
            };
            shares.push((replica, ladder.difference(replica, links)?));
        }
        ladder.swap(Ok(shares))?;
    }
    meeting.barrier.wait();
    Ok((start.elapsed().as_secs_f64(), ladder.describe()?.to_string()))
}

/// The spec of the action, with a further key.
fn action_of(key: &str) -> String {
    let comma = if key.is_empty() { "" } else { ", " };
    format!("{{type: 'wilson', group: 'u1', beta: {BETA}{comma}{key}}}")
}
