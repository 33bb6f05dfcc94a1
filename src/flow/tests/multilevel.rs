//! Flows from coarse to fine: what finer layers make of a field leaves its coarse sites as they are.

use super::*;

const LEVELS: &str = "{type: 'chain', layers: [\
    {type: 'affine', extent: 4, repeat: 4, hidden: [3], activation: 'tanh'}, \
    {type: 'affine', mask: 'hierarchical', extent: 8, repeat: 2, hidden: [3], activation: 'tanh'}, \
    {type: 'spline', mask: 'hierarchical', extent: 8, repeat: 2, hidden: [3], bins: 4, activation: 'tanh'}]}";

/// Every second site of 8 x 8.
fn coarse(fields: &[f64]) -> Vec<f64> {
    let of = |field: &[f64]| (0..16).map(|i| field[16 * (i / 4) + 2 * (i % 4)]).collect::<Vec<_>>();
    fields.chunks(64).flat_map(of).collect()
}

#[test]
fn the_coarse_sites_of_a_fine_flow_are_the_coarse_flow() {
    let flow = flow(&[4, 4], &spec(LEVELS));
    let fine = flow.transfer(flow.context(), &Lattice::new(&[8, 8]).unwrap()).unwrap();
    // The coarse model has the first layer alone, whose parameters the fine one takes over.
    let (own, all) = (flow.parameters().len(), fine.parameters().len());
    assert_eq!(&fine.parameters()[..own], flow.parameters());
    let fresh = Flow::new(flow.context(), fine.lattice(), &spec(LEVELS)).unwrap();
    assert_eq!(&fine.parameters()[own..], &fresh.parameters()[own..]);
    assert!(fine.parameters()[own..].iter().any(|p| *p != 0.0));
    let z = normals(0, 9, 64);
    let draws = run(&fine, fine.chain().sampling(), 2, &z);
    let coarse_draws = run(&flow, flow.chain().sampling(), 2, &coarse(&z));
    assert_close(&coarse(&draws[0]), &coarse_draws[0], 1e-14, "coarse sites");
    // The finer layers do move the other sites.
    assert!(draws[0].iter().zip(&z).filter(|(x, z)| (*x - *z).abs() > 1e-3).count() > 9 * 40);
    // With other finer layers the coarse sites are the same.
    let mut other = fine.copied().unwrap();
    let mut parameters = fine.parameters().to_vec();
    parameters[own..].iter_mut().for_each(|p| *p *= -1.5);
    other.set_parameters(&parameters).unwrap();
    let others = run(&other, other.chain().sampling(), 2, &z);
    assert_eq!(coarse(&others[0]), coarse(&draws[0]));
    assert_ne!(others[0], draws[0]);
    // Back on the coarse lattice it is the coarse model.
    let back = fine.transfer(flow.context(), flow.lattice()).unwrap();
    assert_eq!(back.parameters(), flow.parameters());
    assert!(own < all);
    assert_density(&flow, 2, (1e-12, 1e-3));
    assert_inverse(&fine);
}

#[test]
fn layers_of_a_spacing_fit_all_extents() {
    let text = LEVELS.replace("extent: 4", "spacing: 2").replace("extent: 8", "spacing: 1");
    let flow = flow(&[4, 8], &spec(&text));
    let larger = flow.transfer(flow.context(), &Lattice::new(&[8, 8]).unwrap()).unwrap();
    assert_eq!(larger.parameters(), flow.parameters());
    // On a field of period 4 the larger flow does what the smaller one does.
    let z = normals(4, 1, 32);
    let twice: Vec<f64> = (0..64).map(|site| z[4 * (site / 8) + site % 4]).collect();
    let small = run(&flow, flow.chain().sampling(), 2, &z).remove(0);
    let large = run(&larger, larger.chain().sampling(), 2, &twice).remove(0);
    let expected: Vec<f64> = (0..64).map(|site| small[4 * (site / 8) + site % 4]).collect();
    assert_close(&large, &expected, 1e-12, "a field of period 4");
}
