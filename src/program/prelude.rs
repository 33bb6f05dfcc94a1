//! The prelude of a program, planned: it computes the uniform values when parameters and conditions are bound.

use super::cpu;
use super::feed::Samples;
use super::finished::Program;
use super::uniform::{Split, numbers_of_all, write};
use super::value::Shape;
use crate::context::Precision;
use crate::error::{Result, expect_length};
use crate::memory;
use crate::simd::Instructions;

/// A planned prelude, and the shapes of conditions and uniform values.
pub(super) struct Prelude {
    program: Program,
    executable: cpu::Executable,
    conditions: Vec<Shape>,
    values: Vec<Shape>,
}

impl Prelude {
    /// Plans the prelude of a split program; gives the rest as well.
    pub fn of(split: Split) -> (Self, Program) {
        let Split { prelude, rest, conditions, values } = split;
        (Self::new(prelude, conditions, values), rest)
    }

    /// Plans the prelude of a program with conditions and uniform values of some shapes.
    pub fn new(program: Program, conditions: Vec<Shape>, values: Vec<Shape>) -> Self {
        let executable = cpu::Executable::new(&program, Precision::F64, Instructions::best());
        Self { program, executable, conditions, values }
    }

    /// All numbers of the bound rest: parameters, conditions and uniform values.
    pub fn numbers(&self, parameters: &[f64], conditions: &[f64]) -> Result<Vec<f64>> {
        let count = |shapes: &[Shape]| shapes.iter().map(Shape::count).sum::<usize>();
        expect_length("conditions", count(&self.conditions), conditions.len())?;
        let given = parameters.len() + numbers_of_all(&self.conditions);
        let mut numbers = memory::filled("parameters", 0.0, given + numbers_of_all(&self.values))?;
        numbers[..parameters.len()].copy_from_slice(parameters);
        write(&self.conditions, conditions, &mut numbers[parameters.len()..given]);
        let mut values = memory::filled("uniform values", 0.0, count(&self.values))?;
        self.run(&numbers[..given], &mut values)?;
        write(&self.values, &values, &mut numbers[given..]);
        Ok(numbers)
    }

    /// Computes the uniform values, one after the other.
    fn run(&self, parameters: &[f64], mut values: &mut [f64]) -> Result<()> {
        let mut outputs = vec![];
        for shape in &self.values {
            let (own, rest) = std::mem::take(&mut values).split_at_mut(shape.count());
            outputs.push(own);
            values = rest;
        }
        let packed = self.executable.pack(parameters)?;
        let samples = Samples { count: 1, feeds: &[] };
        let work = cpu::Work { program: &self.program, parameters, packed: &packed, samples };
        self.executable.run_alone(&work, &mut outputs)
    }
}
