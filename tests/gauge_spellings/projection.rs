//! Projection onto the group.

use super::*;

/// Links in f32 are off their group by 1e-7; projected they are in it to rounding, each the nearest one.
#[test]
fn links_in_f32_are_projected_onto_the_group() {
    let lattice = Lattice::new(&EXTENT).unwrap();
    for group in [Group::U1, Group::Su2, Group::Su3] {
        let exact = Gauge::random(&lattice, group, &mut Stream::new(5, Purpose::Start, 2)).unwrap();
        let file = File::new(&written(&exact, &WriteSpec { precision: Some(Width::Single), ..WriteSpec::default() }));
        let read = |project| read(&file.0, &lattice, group, &ReadSpec { project, ..ReadSpec::default() }).unwrap().0;
        let (as_is, projected) = (read(false), read(true));
        assert!(as_is.worst_link().0 > 1e-8 && projected.worst_link().0 < 1e-14, "{group:?}");
        let distance =
            |a: &Gauge, b: &Gauge| a.links().iter().zip(b.links()).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        // Nearer to the links read than those of the written field, which are in the group too.
        assert!(distance(&as_is, &projected) < distance(&as_is, &exact) && distance(&projected, &exact) < 1e-5);
    }
}
