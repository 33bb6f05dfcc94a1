//! Gauge fields through the interface: action, chains, files, and inputs that are refused.

use super::*;

/// Numbers of an SU(2) field on 4 x 4 sites.
const COUNT: usize = 16 * 2 * 8;

fn steps(chain: *mut inst_chain, count: usize) -> Vec<(i32, f64, f64)> {
    let one = |_| {
        let (mut accepted, mut value, mut delta) = (-1, UNTOUCHED, UNTOUCHED);
        expect_ok(unsafe { inst_chain_step(chain, &mut accepted, &mut value, &mut delta) });
        (accepted, value, delta)
    };
    (0..count).map(one).collect()
}

#[test]
fn a_chain_of_links_goes_on_from_its_file_bit_for_bit() {
    let o = Objects::new();
    let folder = Folder::new("links");
    let file = folder.file("chain");
    let action = c"{type: 'wilson', group: 'su2', beta: 2}";
    let action = made(|out| unsafe { inst_action_new(o.lattice, action.as_ptr(), out) });
    for spec in [c"{type: 'hmc', steps: 4, start: 'hot'}", c"{type: 'heatbath', overrelaxation: 2, start: 'hot'}"] {
        let [whole, resumed] =
            [(); 2].map(|()| made(|out| unsafe { inst_chain_new(action, ptr::null(), spec.as_ptr(), out) }));
        steps(whole, 5);
        expect_ok(unsafe { inst_chain_save(whole, file.as_ptr()) });
        expect_ok(unsafe { inst_chain_load(resumed, file.as_ptr()) });
        let infos = steps(whole, 5);
        assert_eq!(infos, steps(resumed, 5));
        let mut fields = [vec![UNTOUCHED; COUNT], vec![UNTOUCHED; COUNT]];
        let (mut value, mut gradient) = (UNTOUCHED, vec![UNTOUCHED; COUNT]);
        unsafe {
            expect_ok(inst_chain_field(whole, fields[0].as_mut_ptr()));
            expect_ok(inst_chain_field(resumed, fields[1].as_mut_ptr()));
            expect_ok(inst_action_value(action, 1, fields[0].as_ptr(), &mut value));
            expect_ok(inst_action_gradient(action, 1, fields[0].as_ptr(), gradient.as_mut_ptr()));
        }
        assert_eq!(fields[0], fields[1]);
        assert!((value - infos[4].1).abs() < 1e-9, "{value} {infos:?}");
        assert!(gradient.iter().all(|g| g.is_finite() && *g != UNTOUCHED));

        fields[0][8 * 5] += 0.1;
        let message = expect_error(4, unsafe { inst_chain_set_field(whole, fields[0].as_ptr()) });
        assert!(message.starts_with("field: expected links in su2, got one off by"), "{message}");
        assert!(message.ends_with("at site 2, direction 1"), "{message}");
        expect_ok(unsafe { inst_chain_set_field(whole, fields[1].as_ptr()) });
        unsafe { inst_chain_free(whole) };
        unsafe { inst_chain_free(resumed) };
    }
    unsafe { inst_action_free(action) };
}

#[test]
fn models_of_scalars_are_refused_for_links() {
    let o = Objects::new();
    let action = c"{type: 'wilson', group: 'u1', beta: 2}";
    let action = made(|out| unsafe { inst_action_new(o.lattice, action.as_ptr(), out) });
    let proposal = unmade(9, |out| unsafe { inst_proposal_new(o.model, action, ptr::null(), out) });
    assert_eq!(proposal, "action: expected fields of scalars, got links of U(1)");
    let chain = c"{type: 'independence'}";
    let chain = unmade(9, |out| unsafe { inst_chain_new(action, o.model, chain.as_ptr(), out) });
    assert_eq!(chain, "chain: model: expected fields of links of U(1), got scalars");
    let spec = c"{type: 'heatbath'}";
    let scalars = unmade(9, |out| unsafe { inst_chain_new(o.action, ptr::null(), spec.as_ptr(), out) });
    assert_eq!(scalars, "chain: type 'heatbath': expected a gauge action, got another");
    unsafe { inst_action_free(action) };
}

#[test]
fn links_from_the_haar_measure_are_a_model_like_any_other() {
    let o = Objects::new();
    let folder = Folder::new("haar");
    let file = folder.file("model");
    let spec = c"{type: 'chain', prior: {type: 'haar', group: 'su2'}, layers: []}";
    let action = c"{type: 'wilson', group: 'su2', beta: 0.5}";
    let model = made(|out| unsafe { inst_model_new(o.lattice, spec.as_ptr(), out) });
    let action = made(|out| unsafe { inst_action_new(o.lattice, action.as_ptr(), out) });
    let (mut count, mut of_scalars) = (0, 0);
    expect_ok(unsafe { inst_model_count(model, &mut count) });
    expect_ok(unsafe { inst_model_count(o.model, &mut of_scalars) });
    assert_eq!((count as usize, of_scalars as usize), (COUNT, VOLUME));
    let described = text(|text, capacity, needed| unsafe { inst_model_describe(model, text, capacity, needed) });
    assert!(
        described.contains("\"fields\":\"links of SU(2)\"") && described.contains("\"parameters\":0"),
        "{described}"
    );
    expect_ok(unsafe { inst_model_save(model, file.as_ptr()) });
    let again = made(|out| unsafe { inst_model_load(o.lattice, file.as_ptr(), out) });
    let draw = |model| {
        let (mut fields, mut log_q) = (vec![UNTOUCHED; 3 * COUNT], [UNTOUCHED; 3]);
        expect_ok(unsafe { inst_model_sample(model, 4, 3, fields.as_mut_ptr(), log_q.as_mut_ptr()) });
        assert_eq!(log_q, [0.0; 3]);
        expect_ok(unsafe { inst_model_log_density(model, 3, fields.as_ptr(), log_q.as_mut_ptr()) });
        assert_eq!(log_q, [0.0; 3]);
        fields
    };
    let fields = draw(model);
    assert_eq!(fields, draw(again));
    let norms = fields.chunks(8).map(|link| link.iter().map(|x| x * x).sum::<f64>());
    assert!(norms.into_iter().all(|norm| (norm - 2.0).abs() < 1e-13));
    // Independence sampling from the Haar measure: the log ratio is zero, and the proposed field the sample of the counter.
    let proposal = made(|out| unsafe { inst_proposal_new(model, action, ptr::null(), out) });
    let (mut proposed, mut log_ratio) = (vec![UNTOUCHED; COUNT], UNTOUCHED);
    expect_ok(unsafe { inst_propose(proposal, 5, fields.as_ptr(), proposed.as_mut_ptr(), &mut log_ratio) });
    assert_eq!((log_ratio, &proposed[..]), (0.0, &fields[COUNT..2 * COUNT]));
    // Not from unit links, whose weight is that of few fields.
    let chain = c"{type: 'independence', start: 'hot'}";
    let chain = made(|out| unsafe { inst_chain_new(action, model, chain.as_ptr(), out) });
    assert!(steps(chain, 50).iter().any(|step| step.0 == 1));
    let progress: inst_progress_fn = None;
    let message = expect_error(9, unsafe { inst_model_train(model, action, ptr::null(), progress, ptr::null_mut()) });
    assert_eq!(message, "model: expected one with parameters to train, got one without");
    let mut off = fields.clone();
    off[COUNT] += 0.1;
    let message =
        expect_error(4, unsafe { inst_model_log_density(model, 3, off.as_ptr(), [UNTOUCHED; 3].as_mut_ptr()) });
    assert!(message.starts_with("field 1: expected links in su2, got one off by"), "{message}");
    let scalars = unmade(9, |out| unsafe { inst_proposal_new(model, o.action, ptr::null(), out) });
    assert_eq!(scalars, "action: expected fields of links of SU(2), got scalars");
    unsafe {
        inst_chain_free(chain);
        inst_proposal_free(proposal);
        inst_model_free(again);
        inst_model_free(model);
        inst_action_free(action);
    }
}

#[test]
fn pseudofermions_are_drawn_for_a_field() {
    let o = Objects::new();
    let spec = c"{type: 'two_flavour', group: 'u1', dirac: {type: 'wilson', mass: 0.5, boundary: [1, -1]}}";
    let template = made(|out| unsafe { inst_action_new(o.lattice, spec.as_ptr(), out) });
    let wilson = c"{type: 'wilson', group: 'u1', beta: 2}";
    let wilson = made(|out| unsafe { inst_action_new(o.lattice, wilson.as_ptr(), out) });
    // Two directions, one complex number each.
    let count = 4 * VOLUME;
    let links: Vec<f64> = (0..count / 2).flat_map(|i| [(0.3 * i as f64).cos(), (0.3 * i as f64).sin()]).collect();
    let draw = |counter| made(|out| unsafe { inst_action_refresh(template, counter, links.as_ptr(), out) });
    let value = |action| {
        let mut value = UNTOUCHED;
        expect_ok(unsafe { inst_action_value(action, 1, links.as_ptr(), &mut value) });
        value
    };
    let [one, same, other] = [draw(3), draw(3), draw(4)];
    assert_eq!(value(one), value(same));
    assert!(value(one) > 0.0 && value(one) != value(other));
    let mut gradient = vec![UNTOUCHED; count];
    expect_ok(unsafe { inst_action_gradient(one, 1, links.as_ptr(), gradient.as_mut_ptr()) });
    assert!(gradient.chunks(2).all(|g| g[0] == 0.0 && g[1] != 0.0 && g[1] != UNTOUCHED));
    let mut number = UNTOUCHED;
    let none = expect_error(9, unsafe { inst_action_value(template, 1, links.as_ptr(), &mut number) });
    assert_eq!((none.as_str(), number), ("two_flavour: expected pseudofermions, got none: refresh first", UNTOUCHED));
    let none = unmade(9, |out| unsafe { inst_action_refresh(wilson, 0, links.as_ptr(), out) });
    assert_eq!(none, "action: expected one with pseudofermions, got one without");
    let off: Vec<f64> = links.iter().map(|x| 1.1 * x).collect();
    let off = unmade(4, |out| unsafe { inst_action_refresh(template, 0, off.as_ptr(), out) });
    assert!(off.starts_with("field: expected links in u1"), "{off}");
    for action in [one, same, other, template, wilson] {
        unsafe { inst_action_free(action) };
    }
}
