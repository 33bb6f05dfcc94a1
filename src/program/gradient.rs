//! Gradients by parameters, summed over all samples.
//!
//! Where a value is uniform (`uniform.rs`), u(θ), its cotangent is needed for the sum over samples alone:
//!
//! ```text
//! dF/dθ = sum_s dF_s/dθ |_u  +  (du/dθ)^T  sum_s dF_s/du
//! ```
//!
//! So a program with such values is differentiated once they are parameters, and what leads from θ to them is pulled back once for
//! each batch, in f64 on the CPU, behind the samples: in a *postlude*, the transposed prelude.

use super::cpu;
use super::feed::Samples;
use super::finished::{Gradient, Output, Program};
use super::operations::Op;
use super::operations::parameter::Parameter;
use super::prelude::Prelude;
use super::recorder::Recorder;
use super::uniform::{Split, numbers_of, numbers_of_all, write};
use super::value::{Node, Shape};
use crate::context::Precision;
use crate::error::Result;
use crate::memory;
use crate::simd::Instructions;

impl Program {
    /// A program that gives values of each sample, and behind these, for each of some parameters, the sum over all samples of its
    /// cotangent from those of other values.
    pub fn with_gradient(
        recorder: Recorder,
        values: &[Node],
        cotangents: &[(Node, Node)],
        parameters: &[Node],
    ) -> Self {
        let outputs = values.iter().copied().map(Output::PerSample).collect();
        let gradient = Gradient { cotangents: cotangents.to_vec(), parameters: parameters.to_vec() };
        Self { gradient: Some(gradient), ..Self::new(recorder, outputs) }
    }

    /// The same program with its gradient recorded.
    pub(super) fn recorded(&self, gradient: &Gradient) -> Self {
        let mut recorder = self.recorder.clone();
        let found = recorder.pull_back(&gradient.cotangents, &gradient.parameters);
        let outputs = self.outputs.iter().copied().chain(found.into_iter().map(Output::Summed)).collect();
        Self::new(recorder, outputs)
    }

    /// Offset of a value that is a parameter.
    fn offset(&self, value: Node) -> Option<usize> {
        match self.recorder.op(value) {
            Op::Parameter(parameter) => Some(parameter.offset),
            _ => None,
        }
    }
}

/// A program with a gradient, in two parts.
pub(super) struct Parted {
    pub prelude: Prelude,
    /// Takes uniform values as parameters; gives values, and the gradient by parameters and by uniform values.
    pub samples: Program,
    pub postlude: Postlude,
}

/// What is done behind the samples.
pub(super) struct Postlude {
    /// Which of the wanted parameters the samples read, and which lead to uniform values.
    direct: Vec<usize>,
    through: Vec<usize>,
    /// Uniform values by which they have one.
    values: Vec<Shape>,
    /// Numbers in front of their cotangents: parameters and conditions.
    given: usize,
    /// Pulls back from the uniform values to all wanted parameters.
    program: Program,
    executable: cpu::Executable,
}

impl Parted {
    /// The parts; None where nothing that depends on a wanted parameter is uniform.
    pub fn new(program: &Program, gradient: &Gradient) -> Option<Self> {
        let offsets: Vec<usize> = gradient.parameters.iter().map(|&p| program.offset(p)).collect::<Option<_>>()?;
        let values = program.outputs.len();
        let ends = gradient.cotangents.iter().flat_map(|&(y, g)| [y, g]).map(Output::PerSample);
        let whole = Program::new(program.recorder.clone(), program.outputs.iter().copied().chain(ends).collect());
        let Split { prelude, mut rest, conditions, values: shapes } = Split::new(&whole)?;
        // Uniform values that depend on a wanted parameter.
        let wanted = parameters_at(&prelude.recorder, &offsets);
        let roots: Vec<Node> = wanted.iter().flatten().copied().collect();
        let depends = prelude.recorder.dependents(&roots, prelude.recorder.ops.len());
        let first = program.parameters() + numbers_of_all(&conditions);
        let (mut made, mut offset) = (vec![], first);
        for (output, shape) in prelude.outputs.iter().zip(&shapes) {
            if depends[output.node().index()] {
                made.push((output.node(), *shape, offset));
            }
            offset += numbers_of(shape);
        }
        if made.is_empty() {
            return None;
        }
        // The gradient of the samples, by wanted parameters that are read there and by these values.
        let direct = parameters_at(&rest.recorder, &offsets);
        let uniform = parameters_at(&rest.recorder, &made.iter().map(|&(.., offset)| offset).collect::<Vec<_>>());
        let mut outputs = std::mem::take(&mut rest.outputs);
        let ends = outputs.split_off(values);
        let cotangents: Vec<(Node, Node)> = ends.chunks(2).map(|pair| (pair[0].node(), pair[1].node())).collect();
        let variables: Vec<Node> = direct.iter().chain(&uniform).flatten().copied().collect();
        // Conditions are parameters by now.
        let mut recorder = rest.recorder;
        recorder.conditions = 0;
        let found = recorder.pull_back(&cotangents, &variables);
        let samples =
            Program::new(recorder, outputs.into_iter().chain(found.into_iter().map(Output::Summed)).collect());
        made = made.into_iter().zip(&uniform).filter_map(|(made, node)| node.map(|_| made)).collect();
        let postlude = Postlude::new(&prelude.recorder, (first, &made), &wanted);
        let direct = (0..direct.len()).filter(|&i| direct[i].is_some()).collect();
        let prelude = Prelude::new(prelude, conditions, shapes);
        Some(Self { prelude, samples, postlude: Postlude { direct, ..postlude } })
    }
}

/// The values of a recording that are the parameters at some offsets.
fn parameters_at(recorder: &Recorder, offsets: &[usize]) -> Vec<Option<Node>> {
    let at = |offset: &usize| {
        let is_it = |op: &Op| matches!(op, Op::Parameter(parameter) if parameter.offset == *offset);
        recorder.ops.iter().position(is_it).map(|index| Node(index as u32))
    };
    offsets.iter().map(at).collect()
}

impl Postlude {
    /// The transposed map of what leads from wanted parameters to uniform values, whose cotangents are further parameters.
    fn new(prelude: &Recorder, (given, made): (usize, &[(Node, Shape, usize)]), wanted: &[Option<Node>]) -> Self {
        let mut recorder = prelude.clone();
        recorder.parameters = given;
        let mut cotangents = vec![];
        for &(value, shape, _) in made {
            let offset = recorder.parameters;
            recorder.parameters += numbers_of(&shape);
            cotangents.push((value, recorder.append(Op::Parameter(Parameter { offset }), shape)));
        }
        let read: Vec<Node> = wanted.iter().flatten().copied().collect();
        let found = recorder.pull_back(&cotangents, &read);
        let program = Program::new(recorder, found.into_iter().map(Output::PerSample).collect());
        let executable = cpu::Executable::new(&program, Precision::F64, Instructions::best());
        let values = made.iter().map(|&(_, shape, _)| shape).collect();
        let through = (0..wanted.len()).filter(|&i| wanted[i].is_some()).collect();
        Self { direct: vec![], through, values, given, program, executable }
    }

    /// The sums over all samples that are wanted: by parameters, then by uniform values.
    pub fn sums(&self, samples: &Program) -> Result<Vec<Vec<f64>>> {
        let first = samples.outputs.len() - self.direct.len() - self.values.len();
        let sum = |index| memory::filled("gradients", 0.0, samples.output_count(index));
        (first..samples.outputs.len()).map(sum).collect()
    }

    /// Finishes a gradient from these sums; `numbers` are the parameters and conditions of the samples, and more.
    pub fn finish(&self, numbers: &[f64], sums: &[Vec<f64>], gradient: &mut [&mut [f64]]) -> Result<()> {
        let (direct, uniform) = sums.split_at(self.direct.len());
        let mut parameters = memory::filled("parameters", 0.0, self.program.parameters())?;
        parameters[..self.given].copy_from_slice(&numbers[..self.given]);
        let mut rest = &mut parameters[self.given..];
        for (shape, sums) in self.values.iter().zip(uniform) {
            let (own, later) = rest.split_at_mut(numbers_of(shape));
            write(std::slice::from_ref(shape), sums, own);
            rest = later;
        }
        let packed = self.executable.pack(&parameters)?;
        let samples = Samples { count: 1, feeds: &[] };
        let work = cpu::Work { program: &self.program, parameters: &parameters, packed: &packed, samples };
        let mut results = vec![];
        for (index, of) in gradient.iter_mut().enumerate() {
            of.fill(0.0);
            if self.through.contains(&index) {
                results.push(&mut **of);
            }
        }
        self.executable.run_alone(&work, &mut results)?;
        for (&of, sums) in self.direct.iter().zip(direct) {
            gradient[of].iter_mut().zip(sums).for_each(|(g, sum)| *g += sum);
        }
        Ok(())
    }
}
