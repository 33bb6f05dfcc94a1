//! Models, their training and proposals.

use super::*;

fn conditional_models(world: &World) {
    let conditional = c"{layers: 2, hidden: [32, 32], condition: {lambda: [4, 8]}}";
    let open = made(|out| call!(inst_model_new(world.lattice, conditional.as_ptr(), out)));
    each("model_at", OF_MODELS, || {
        let mut new = null_mut();
        let status = call!(inst_model_at(open, c"{lambda: 5}".as_ptr(), &mut new));
        call!(inst_model_free(new));
        status
    });
    each("model_transfer", OF_MODELS, || {
        let mut new = null_mut();
        let status = call!(inst_model_transfer(open, world.lattice, &mut new));
        call!(inst_model_free(new));
        status
    });
    call!(inst_model_free(open));
}

fn diffusion_models(world: &World, action: *const inst_action) {
    let spec = c"{type: 'diffusion', network: {type: 'convolutional', hidden: [4], times: 2, kernel: 1}}";
    let model = made(|out| call!(inst_model_new(world.lattice, spec.as_ptr(), out)));
    let (mut fields, mut log_path) = (vec![0.0; 64 * 16], vec![0.0; 16]);
    let paths = c"{steps: 4, corrector: {steps: 1}}";
    each("model_sample_paths", OF_MODELS, || {
        call!(inst_model_sample_paths(model, paths.as_ptr(), 0, 16, fields.as_mut_ptr(), log_path.as_mut_ptr()))
    });
    for spec in [
        c"{steps: 1, batch: 512, resume: false, score: 'mixed', fields: {thermalise: 1, count: 512}}",
        c"{steps: 1, batch: 512, resume: false, path_ratio: {steps: 4}}",
    ] {
        each("model_train of paths and scores", OF_PATHS, || {
            call!(inst_model_train(model, action, spec.as_ptr(), None, null_mut()))
        });
    }
    call!(inst_model_free(model));
}

pub fn models() {
    const BATCH: usize = 256;
    let world = World::new(&[8, 8]);
    let action = world.action("{type: 'phi4', mass_squared: -4, lambda: 6.975}");
    let own = made(|out| call!(inst_action_from_callback(world.lattice, Some(square), null_mut(), out)));
    let (spec, path) = (c"{layers: 2, hidden: [32, 32]}", file("model"));
    each("model_new", OF_MODELS, || {
        let mut new = null_mut();
        let status = call!(inst_model_new(world.lattice, spec.as_ptr(), &mut new));
        call!(inst_model_free(new));
        status
    });
    let model = made(|out| call!(inst_model_new(world.lattice, spec.as_ptr(), out)));
    let (mut fields, mut log_q) = (vec![0.0; 64 * BATCH], vec![0.0; BATCH]);
    each("model_sample", OF_MODELS, || {
        call!(inst_model_sample(model, 0, BATCH as i64, fields.as_mut_ptr(), log_q.as_mut_ptr()))
    });
    each("model_log_density", OF_MODELS, || {
        call!(inst_model_log_density(model, BATCH as i64, fields.as_ptr(), log_q.as_mut_ptr()))
    });
    for action in [action, own] {
        each("model_train", OF_MODELS, || {
            call!(inst_model_train(model, action, c"{steps: 1, batch: 256}".as_ptr(), None, null_mut()))
        });
    }
    let (given, spec) = (numbers(64 * BATCH), c"{steps: 1, batch: 256, resume: false}");
    each("model_train_on", OF_MODELS, || {
        call!(inst_model_train_on(model, BATCH as i64, given.as_ptr(), spec.as_ptr(), None, null_mut()))
    });
    conditional_models(&world);
    diffusion_models(&world, action);
    each("model_save", OF_MODELS, || call!(inst_model_save(model, path.as_ptr())));
    each("model_load", OF_MODELS, || {
        let mut new = null_mut();
        let status = call!(inst_model_load(world.lattice, path.as_ptr(), &mut new));
        call!(inst_model_free(new));
        status
    });
    remove(&path);
    let (mut description, mut needed) = ([0 as c_char; 600], 0);
    assert_eq!(call!(inst_model_count(model, &mut needed)), OK);
    assert_eq!(call!(inst_model_describe(model, description.as_mut_ptr(), 600, &mut needed)), OK);
    each("proposal_new", OF_MODELS, || {
        let mut new = null_mut();
        let status = call!(inst_proposal_new(model, null(), null(), &mut new));
        call!(inst_proposal_free(new));
        status
    });
    let mut ratio = 0.0;
    let (current, mut proposed) = (numbers(64), vec![0.0; 64]);
    let proposal = made(|out| call!(inst_proposal_new(model, null(), null(), out)));
    let mut counter = 0;
    each("propose", OF_MODELS / 2, || {
        counter += 1 << 20;
        call!(inst_propose(proposal, counter, current.as_ptr(), proposed.as_mut_ptr(), &mut ratio))
    });
    call!(inst_proposal_free(proposal));
    chain("independence", OF_MODELS / 2, (action, model), c"{type: 'independence'}");
    call!(inst_model_free(model));
    call!(inst_action_free(own));
    call!(inst_action_free(action));
}
