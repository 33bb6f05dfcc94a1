//! Layers of type 'stout': trained, saved and used by chains and proposals of other extents, and no density.

use super::*;

const LAYERS: &CStr = c"{type: 'stout', group: 'u1', defect: {size: [2]}, steps: 2}";
const WILSON: &CStr = c"{type: 'wilson', group: 'u1', beta: 2}";
const PATHS: &CStr = c"{type: 'jarzynski', defect: {size: [2]}, steps: 2}";
const TRAINING: &CStr = c"{steps: 3, batch: 2, learning_rate: 0.1, paths: {thermalise: 2}}";

#[test]
fn layers_are_trained_saved_and_used_on_a_larger_lattice() {
    let o = Objects::new();
    let path = crate::file::of_tests("layers-of-a-host");
    let name = CString::new(path.to_str().unwrap()).unwrap();
    unsafe {
        let larger = lattice(o.context, &[6, 4]);
        let model = made(|out| inst_model_new(o.lattice, LAYERS.as_ptr(), out));
        let action = made(|out| inst_action_new(o.lattice, WILSON.as_ptr(), out));
        expect_ok(inst_model_train(model, action, TRAINING.as_ptr(), None, ptr::null_mut()));
        expect_ok(inst_model_save(model, name.as_ptr()));
        let loaded = made(|out| inst_model_load(larger, name.as_ptr(), out));
        let mut count = 0;
        expect_ok(inst_model_count(loaded, &mut count));
        assert_eq!(count, 6 * 4 * 2 * 2);
        let theory = made(|out| inst_action_new(larger, WILSON.as_ptr(), out));
        // Made on another lattice, or loaded for this one: the same layers.
        let [one, other] = [model, loaded].map(|model| made(|out| inst_chain_new(theory, model, PATHS.as_ptr(), out)));
        let plain = made(|out| inst_chain_new(theory, ptr::null(), PATHS.as_ptr(), out));
        let works = [one, other, plain].map(|chain| {
            let (mut accepted, mut value, mut delta) = (0, 0.0, 0.0);
            expect_ok(inst_chain_step(chain, &mut accepted, &mut value, &mut delta));
            inst_chain_free(chain);
            delta
        });
        assert!(works[0] == works[1] && works[0] != works[2], "{works:?}");
        let tempered = c"{type: 'tempered', defect: {size: [2]}, steps: 2}";
        let proposal = made(|out| inst_proposal_new(model, theory, tempered.as_ptr(), out));
        let (links, mut proposed, mut log_ratio) = ([1.0, 0.0].repeat(48), vec![0.0; 96], UNTOUCHED);
        expect_ok(inst_propose(proposal, 0, links.as_ptr(), proposed.as_mut_ptr(), &mut log_ratio));
        assert!(log_ratio.is_finite() && proposed != links);
        inst_proposal_free(proposal);
        inst_model_free(model);
        inst_model_free(loaded);
        inst_action_free(action);
        inst_action_free(theory);
        inst_lattice_free(larger);
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn layers_are_no_density() {
    let o = Objects::new();
    let density = "model: expected one with a density, got type 'stout', which has layers alone";
    let mut numbers = [UNTOUCHED; 64];
    unsafe {
        let model = made(|out| inst_model_new(o.lattice, LAYERS.as_ptr(), out));
        let place = numbers.as_mut_ptr();
        assert_eq!(expect_error(9, inst_model_sample(model, 0, 1, place, place)), density);
        assert_eq!(expect_error(9, inst_model_log_density(model, 1, place, place)), density);
        assert_eq!(unmade(9, |out| inst_model_at(model, c"{beta: 1}".as_ptr(), out)), density);
        let fields = numbers.as_ptr();
        let trained = inst_model_train_on(model, 1, fields, ptr::null(), None, ptr::null_mut());
        assert_eq!(expect_error(9, trained), density);
        assert_eq!(unmade(9, |out| inst_proposal_new(model, ptr::null(), ptr::null(), out)), density);
        let trained = inst_model_train(model, o.action, ptr::null(), None, ptr::null_mut());
        let others = "action: expected a gauge action without a defect for layers of type 'stout', got another";
        assert_eq!(expect_error(9, trained), others);
        let trained = inst_model_train(o.model, o.action, c"{paths: {}}".as_ptr(), None, ptr::null_mut());
        assert_eq!(expect_error(2, trained), "paths: expected none for a model with a density, got some");
        let missing = unmade(2, |out| inst_model_new(o.lattice, c"{type: 'stout', group: 'u1'}".as_ptr(), out));
        assert!(missing.starts_with("model: missing key 'defect'"), "{missing}");
        inst_model_free(model);
    }
    assert_eq!(numbers, [UNTOUCHED; 64]);
}
