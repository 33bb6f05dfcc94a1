//! Orthonormal basis Q of the span of given fields V, of as many fields as are independent: V = Q R.
//!
//! Cholesky factors of the Gram matrix, with pivots, find fields that are independent to a part of [`PIVOT`] of their
//! norm; what these leave of the others is computed as fields, made orthogonal to Q again (twice is enough) and
//! factored again, so that directions that differ by 1e-8 are distinguished although the Gram matrix does not show
//! them. What is rounding alone is dropped. A. Stathopoulos, K. Wu, SIAM J. Sci. Comput. 23, 2165 (2002).

use crate::context::Context;
use crate::dirac::lanes::block_fields::{add, products};
use crate::dirac::lanes::field::Field;
use crate::error::Result;
use crate::gauge::Complex64;
use faer::Mat;
use faer::linalg::solvers::DenseSolveCore;

type Matrix = Mat<Complex64>;

/// Least |w|^2 / |v|^2, w the part of v orthogonal to other fields, at which v counts as independent in one round.
const PIVOT: f64 = 1e-6;
/// Norm of the rest of a field, relative to its scale, below which it is rounding.
const ROUNDING: f64 = 1e-14;

/// Replaces V by Q and returns R, a row for each field of Q. `scales` are norms of what each field was computed from;
/// `spare` are fields whose memory is reused, and returned.
pub(crate) fn orthonormalise(
    context: &Context,
    fields: &mut Vec<Field<f64>>,
    spare: &mut Vec<Field<f64>>,
    scales: &[f64],
) -> Result<Matrix> {
    let count = fields.len();
    let mut numbers: Vec<usize> = (0..count).collect();
    let mut rest = std::mem::take(fields);
    let mut rows = Matrix::zeros(0, count);
    loop {
        let is_left = |number: usize, field: &Field<f64>| field.norm2(context).sqrt() > ROUNDING * scales[number];
        let (left, gone): (Vec<_>, Vec<_>) = numbers.into_iter().zip(rest).partition(|(i, field)| is_left(*i, field));
        spare.extend(gone.into_iter().map(|(_, field)| field));
        (numbers, rest) = left.into_iter().unzip();
        if rest.is_empty() {
            return Ok(rows);
        }
        let (chosen, factor) = pivots(&products(context, &rest, &rest));
        // Norms overflow or vanish.
        if chosen.is_empty() {
            return Ok(rows);
        }
        // The chosen fields are new ones of Q times a triangle.
        let triangle = Matrix::from_fn(chosen.len(), chosen.len(), |i, j| factor[(i, chosen[j])]);
        let mut basis: Vec<Field<f64>> = chosen.iter().map(|&at| std::mem::take(&mut rest[at])).collect();
        let mut new = vec![];
        for from in &basis {
            let mut field = spare.pop().map_or_else(|| Field::zeros(from.lines().len()), Ok)?;
            field.fill(0.0);
            new.push(field);
        }
        add(context, &basis, &triangle.partial_piv_lu().inverse(), &mut new);
        spare.append(&mut basis);
        let first = rows.nrows();
        rows = Matrix::from_fn(first + chosen.len(), count, |i, j| if i < first { rows[(i, j)] } else { 0.0.into() });
        for (j, &at) in chosen.iter().enumerate() {
            (0..=j).for_each(|i| rows[(first + i, numbers[at])] = triangle[(i, j)]);
        }
        fields.append(&mut new);
        (numbers, rest) = numbers.into_iter().zip(rest).filter(|(_, field)| !field.lines().is_empty()).unzip();
        // A second projection removes what rounding left.
        take_away(context, fields, &mut rest, (&mut rows, &numbers));
        take_away(context, fields, &mut rest, (&mut rows, &numbers));
    }
}

/// Subtracts from fields their projections on an orthonormal basis, whose coefficients enter their columns of R.
fn take_away(
    context: &Context,
    basis: &[Field<f64>],
    fields: &mut [Field<f64>],
    (rows, numbers): (&mut Matrix, &[usize]),
) {
    if basis.is_empty() || fields.is_empty() {
        return;
    }
    let parts = products(context, basis, fields);
    add(context, basis, &(-&parts), fields);
    for (j, &number) in numbers.iter().enumerate() {
        (0..basis.len()).for_each(|i| rows[(i, number)] += parts[(i, j)]);
    }
}

/// Columns of a Gram matrix that are independent, each to a part of its own norm, and F with F^dag F the matrix but for
/// what they do not span: a row for each.
fn pivots(gram: &Matrix) -> (Vec<usize>, Matrix) {
    let count = gram.nrows();
    let mut rest = gram.clone();
    let mut factor = Matrix::zeros(count, count);
    let mut chosen: Vec<usize> = vec![];
    loop {
        let part = |j: &usize| rest[(*j, *j)].re / gram[(*j, *j)].re;
        let next = (0..count).filter(|j| !chosen.contains(j)).max_by(|i, j| part(i).total_cmp(&part(j)));
        let Some(pivot) = next.filter(|j| part(j) > PIVOT) else { break };
        let (row, root) = (chosen.len(), rest[(pivot, pivot)].re.sqrt());
        (0..count).for_each(|j| factor[(row, j)] = rest[(pivot, j)] / root);
        for j in 0..count {
            for i in 0..count {
                let change = factor[(row, i)].conj() * factor[(row, j)];
                rest[(i, j)] -= change;
            }
        }
        chosen.push(pivot);
    }
    let factor = factor.subrows(0, chosen.len()).to_owned();
    (chosen, factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dirac::tests::context;
    use crate::random::{Purpose, Stream};

    fn random(counter: u64) -> Field<f64> {
        let mut field = Field::zeros(40).unwrap();
        Stream::new(7, Purpose::Prior, counter).normals(field.numbers_mut());
        field
    }

    /// Random fields times a matrix.
    fn mixed(count: usize, columns: &[&[f64]]) -> Vec<Field<f64>> {
        let context = context();
        let from: Vec<Field<f64>> = (0..count as u64).map(random).collect();
        let a = Matrix::from_fn(count, columns.len(), |i, j| columns[j][i].into());
        let mut fields: Vec<Field<f64>> = columns.iter().map(|_| Field::zeros(40).unwrap()).collect();
        add(&context, &from, &a, &mut fields);
        fields
    }

    #[test]
    fn fields_are_q_times_r_with_as_many_as_are_independent() {
        let context = context();
        let cases: [(usize, &[&[f64]]); 8] = [
            (2, &[&[1.0, 0.0], &[0.0, 1.0]]),
            (1, &[&[1.0, 0.0], &[1.0, 0.0]]),
            (2, &[&[1.0, 0.0], &[0.0, 1.0], &[1.0, 1.0]]),
            (2, &[&[1.0, 0.0], &[1.0, 1e-8]]),
            (2, &[&[1.0, 0.0], &[1.0, 1e-8], &[1.0, 2e-8]]),
            (2, &[&[0.0, 0.0], &[1e-150, 0.0], &[0.0, 1e120]]),
            (3, &[&[1.0, 0.0, 0.0], &[1.0, 1e-5, 0.0], &[1.0, 1e-5, 1e-10]]),
            (0, &[&[0.0, 0.0], &[0.0, 0.0]]),
        ];
        for (rank, columns) in cases {
            let fields = mixed(columns[0].len(), columns);
            let mut q: Vec<Field<f64>> = mixed(columns[0].len(), columns);
            let scales: Vec<f64> = fields.iter().map(|field| field.norm2(&context).sqrt()).collect();
            let r = orthonormalise(&context, &mut q, &mut vec![], &scales).unwrap();
            assert_eq!((q.len(), r.nrows(), r.ncols()), (rank, rank, columns.len()), "{columns:?}");
            if rank > 0 {
                let gram = products(&context, &q, &q);
                let off = (gram - Matrix::identity(rank, rank)).norm_max();
                assert!(off < 1e-9, "{columns:?}: {off}");
            }
            let mut again = fields;
            add(&context, &q, &(-&r), &mut again);
            for (field, scale) in again.iter().zip(scales) {
                let left = field.norm2(&context).sqrt();
                assert!(left <= 1e-14 * scale, "{columns:?}: {left}");
            }
        }
    }
}
