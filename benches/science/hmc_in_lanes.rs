//! Hybrid Monte Carlo of φ⁴ theory with many chains at once, one in each SIMD lane, in single precision: what a user
//! would run instead of a learned proposal where fields are small.
//!
//! ```text
//! S = Σ_x [q φ² + u φ⁴] − h Σ_{x, μ} φ(x) φ(x+μ),    H = Σ p²/2 + S
//! ```
//!
//! Leapfrog with P = ε p in the place of momenta: drift φ ← φ + P, kick P ← P − ε² dS/dφ, the first and the last by
//! half. Fields lie site by site, the chains of a site side by side, and every loop runs over the chains of a site
//! or over all numbers, so that the compiler makes vectors of any width of it. No closure is handed to a library
//! function there: it would be compiled without the instruction set. S. Duane, A. D. Kennedy, B. J. Pendleton,
//! D. Roweth, Phys. Lett. B 195, 216 (1987).

use super::normals::{Generators, multiply_add};
use super::theory::susceptibility;
use instanton::action::{ActionSpec, Polynomial};
use instanton::error::{Error, Result};
use instanton::lattice::Lattice;
use instanton::simd::Instructions;
use instanton::spec;

/// Chains of a batch: two lines of single precision for each site.
pub const CHAINS: usize = 32;

/// Width of the normal numbers that chains start from: narrower than the fields in equilibrium, where forces are weak.
const START: f32 = 0.25;

/// A leapfrog trajectory.
#[derive(Clone, Copy, Debug)]
pub struct Trajectory {
    /// Number of steps, at least 1.
    pub steps: usize,
    /// Length in units of the fictitious time.
    pub length: f64,
}

/// A batch of chains.
pub struct HmcInLanes {
    trajectory: Trajectory,
    couplings: Couplings,
    neighbours: Vec<[usize; 4]>,
    fields: Vec<f32>,
    proposed: Vec<f32>,
    momenta: Vec<f32>,
    /// H of each chain at the start of a trajectory, and at its end.
    energies: [Vec<f32>; 2],
    chance: Vec<f32>,
    generators: Generators,
    accepted: u64,
}

/// Couplings of the action.
#[derive(Clone, Copy)]
struct Couplings {
    quadratic: f32,
    quartic: f32,
    hopping: f32,
}

impl Couplings {
    fn new(action: &str) -> Result<Self> {
        let ActionSpec::Phi4(theory) = spec::parse::<ActionSpec>("action", action)? else {
            return Err(Error::Unsupported(format!("action: expected one of type 'phi4', got {action}")));
        };
        let Polynomial { quadratic, quartic, hops, .. } = theory.polynomial(2);
        let [quadratic, quartic] = [quadratic.at(0) as f32, quartic.at(0) as f32];
        Ok(Self { quadratic, quartic, hopping: hops[0].strength as f32 })
    }
}

impl HmcInLanes {
    /// Chains that start from normal numbers, for a φ⁴ action of uniform couplings on a lattice of two dimensions.
    pub fn new(action: &str, lattice: &Lattice, trajectory: Trajectory, seed: u64) -> Result<Self> {
        let volume = lattice.volume();
        let place = |site: usize, displacement: [i64; 2]| {
            let at = lattice.coordinates(site).into_iter().zip(displacement).zip(lattice.extent());
            let moved: Vec<usize> =
                at.map(|((x, by), &length)| (x as i64 + by).rem_euclid(length as i64) as usize).collect();
            CHAINS * (moved[0] + lattice.extent()[0] * moved[1])
        };
        let around = |site| [[1, 0], [-1, 0], [0, 1], [0, -1]].map(|displacement| place(site, displacement));
        let zeros = || vec![0.0; CHAINS * volume];
        let mut hmc = Self {
            trajectory,
            couplings: Couplings::new(action)?,
            neighbours: (0..volume).map(around).collect(),
            fields: zeros(),
            proposed: zeros(),
            momenta: zeros(),
            energies: [vec![0.0; CHAINS], vec![0.0; CHAINS]],
            chance: vec![0.0; CHAINS],
            generators: Generators::new(CHAINS, seed),
            accepted: 0,
        };
        hmc.draw_momenta::<false>(START);
        hmc.fields.copy_from_slice(&hmc.momenta);
        Ok(hmc)
    }

    /// One trajectory of each chain.
    pub fn step(&mut self) {
        match Instructions::best() {
            // SAFETY: the processor has the instruction set that is chosen.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { self.step_avx512() },
            // SAFETY: the processor has the instruction set that is chosen.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { self.step_avx2() },
            _ => self.step_of::<false>(),
        }
    }

    /// # Safety
    /// The processor has the instruction set.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
    fn step_avx512(&mut self) {
        self.step_of::<true>();
    }

    /// # Safety
    /// The processor has the instruction set.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn step_avx2(&mut self) {
        self.step_of::<true>();
    }

    /// Numbers of accepted trajectories of all chains so far.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// χ of each chain along `count` trajectories, after some that are left out: one series for each chain.
    pub fn susceptibilities(&mut self, count: usize, skipped: usize) -> Vec<Vec<f64>> {
        (0..skipped).for_each(|_| self.step());
        let mut all: Vec<Vec<f64>> = (0..CHAINS).map(|_| Vec::with_capacity(count)).collect();
        for _ in 0..count {
            self.step();
            all.iter_mut().enumerate().for_each(|(chain, series)| series.push(susceptibility(&self.field(chain))));
        }
        all
    }

    /// The field of a chain.
    fn field(&self, chain: usize) -> Vec<f64> {
        self.fields.iter().skip(chain).step_by(CHAINS).map(|phi| f64::from(*phi)).collect()
    }

    #[inline(always)]
    fn step_of<const FUSED: bool>(&mut self) {
        let step = (self.trajectory.length / self.trajectory.steps as f64) as f32;
        self.draw_momenta::<FUSED>(step);
        self.proposed.copy_from_slice(&self.fields);
        self.energy::<FUSED>(0, 1.0 / step);
        self.kick::<FUSED>(0.5 * step * step);
        for _ in 1..self.trajectory.steps {
            self.drift();
            self.kick::<FUSED>(step * step);
        }
        self.drift();
        self.kick::<FUSED>(0.5 * step * step);
        self.energy::<FUSED>(1, 1.0 / step);
        self.accept();
    }

    /// P = ε z with normal z.
    #[inline(always)]
    fn draw_momenta<const FUSED: bool>(&mut self, step: f32) {
        let mut spare = [0.0; CHAINS];
        for pair in self.momenta.chunks_mut(2 * CHAINS) {
            let (first, second) = pair.split_at_mut(CHAINS);
            let second = if second.is_empty() { &mut spare[..] } else { second };
            self.generators.normals::<FUSED>(first, second);
        }
        for p in &mut self.momenta {
            *p *= step;
        }
    }

    #[inline(always)]
    fn drift(&mut self) {
        for (phi, p) in self.proposed.iter_mut().zip(&self.momenta) {
            *phi += p;
        }
    }

    /// P ← P − t dS/dφ.
    #[inline(always)]
    fn kick<const FUSED: bool>(&mut self, t: f32) {
        let Couplings { quadratic, quartic, hopping } = self.couplings;
        let (linear, cubic, hopping) = (-2.0 * quadratic * t, -4.0 * quartic * t, hopping * t);
        let all = &self.proposed[..];
        let sites = self.momenta.chunks_exact_mut(CHAINS).zip(all.chunks_exact(CHAINS)).zip(&self.neighbours);
        for ((momenta, fields), around) in sites {
            let &[a, b, c, d] = around;
            let (a, b) = (&all[a..a + CHAINS], &all[b..b + CHAINS]);
            let (c, d) = (&all[c..c + CHAINS], &all[d..d + CHAINS]);
            for i in 0..CHAINS {
                let phi = fields[i];
                let slope = multiply_add::<FUSED>(cubic, phi * phi, linear);
                let kicked = multiply_add::<FUSED>(slope, phi, momenta[i]);
                momenta[i] = multiply_add::<FUSED>(hopping, (a[i] + b[i]) + (c[i] + d[i]), kicked);
            }
        }
    }

    /// H of each chain at (φ, p = P/ε).
    #[inline(always)]
    fn energy<const FUSED: bool>(&mut self, end: usize, inverse_step: f32) {
        let Couplings { quadratic, quartic, hopping } = self.couplings;
        let kinetic = 0.5 * inverse_step * inverse_step;
        let all = &self.proposed[..];
        let energies = &mut self.energies[end];
        energies.fill(0.0);
        let sites = self.momenta.chunks_exact(CHAINS).zip(all.chunks_exact(CHAINS)).zip(&self.neighbours);
        for ((momenta, fields), around) in sites {
            let &[right, _, up, _] = around;
            let (right, up) = (&all[right..right + CHAINS], &all[up..up + CHAINS]);
            for i in 0..CHAINS {
                let (phi, p) = (fields[i], momenta[i]);
                let potential = multiply_add::<FUSED>(quartic, phi * phi, quadratic);
                let local = multiply_add::<FUSED>(-hopping, right[i] + up[i], potential * phi);
                let energy = multiply_add::<FUSED>(phi, local, kinetic * p * p);
                energies[i] += energy;
            }
        }
    }

    /// Takes the proposed field where a uniform number is at most e^−ΔH.
    #[inline(always)]
    fn accept(&mut self) {
        self.generators.uniforms(&mut self.chance);
        let mut taken = [false; CHAINS];
        for (i, taken) in taken.iter_mut().enumerate() {
            *taken = self.chance[i] <= (self.energies[0][i] - self.energies[1][i]).exp();
            self.accepted += u64::from(*taken);
        }
        let masks = taken.map(|taken| if taken { u32::MAX } else { 0 });
        for (fields, proposed) in self.fields.chunks_exact_mut(CHAINS).zip(self.proposed.chunks_exact(CHAINS)) {
            for i in 0..CHAINS {
                let kept = fields[i].to_bits() & !masks[i];
                fields[i] = f32::from_bits(kept | proposed[i].to_bits() & masks[i]);
            }
        }
    }
}
