//! Pseudofermions on links with open boundaries, and those that vanish on the first and the last slice.

use super::*;

/// The force on links by finite differences, and where it has to vanish.
#[test]
fn the_force_between_the_end_slices_is_the_derivative_along_the_group() {
    let plain = "{type: 'wilson', mass: 0.6, boundary: [1, -1], c_f: 1.3}";
    let turned = "{type: 'wilson', mass: 0.7, twist: 0.4, clover: 1.3, boundary: [{angle: 0.7}, 1], c_f: 0.8}";
    let four = "{type: 'wilson', mass: 1, clover: {space: 1.1, time: 0.8}, c_f: 1.2}";
    for (extent, group, text) in [
        (&[4, 6][..], "u1", two_flavour("u1", plain, "")),
        (&[3, 5], "su2", two_flavour("su2", turned, "")),
        (&[4, 4], "su3", two_flavour("su3", turned, "")),
        (&[2, 2, 2, 4], "su3", two_flavour("su3", four, "")),
        (&[2, 2, 2, 4], "su3", two_flavour("su3", four, "even_odd: false")),
        (&[4, 6], "su2", rational("su2", 0.5, [1e-3, 60.0], turned)),
    ] {
        let gauge = format!("{{type: 'wilson', group: '{group}', beta: 0.3, boundary: 'open', c_g: 1.2}}");
        let action = build(extent, &format!("{{type: 'sum', terms: [{gauge}, {text}]}}"));
        let links = random_links(&*action, 1);
        let fermions = drawn(&build(extent, &text), links.links(), 0);
        expect_link_gradient(&*drawn(&action, links.links(), 0), 2);
        // Links within the end slices and between them and the next ones have no force.
        let (mut gradient, slice) = (vec![1.0; links.links().len()], links.links().len() / extent[extent.len() - 1]);
        fermions.gradient(links.links(), &mut gradient).unwrap();
        let is_clover = text.contains("clover");
        let first = gradient[..slice].iter().all(|&x| x == 0.0);
        assert!(first != is_clover && gradient[slice..2 * slice].iter().any(|&x| x != 0.0), "{text}");
    }
}

/// The same on fields with an open boundary, whose absent links have no forces.
#[test]
fn the_force_at_an_open_boundary_is_the_derivative_along_the_group() {
    for case in cases() {
        let group = ["u1", "su2", "su3"].into_iter().find(|group| case.text.contains(group)).unwrap();
        let gauge = format!("{{type: 'wilson', group: '{group}', beta: 0.3, boundary: 'open', c_g: 1.2}}");
        let action = build(&case.extent, &format!("{{type: 'sum', terms: [{gauge}, {}]}}", case.text));
        let links = random_links(&*action, 1);
        let (action, mut gradient) = (drawn(&action, links.links(), 0), vec![1.0; links.links().len()]);
        expect_link_gradient(&*action, 2);
        action.gradient(links.links(), &mut gradient).unwrap();
        assert!(crate::gauge::is_open(action.lattice(), links.group(), &gradient), "{}", case.text);
    }
}
