use super::*;
use crate::markov::IntegratorName;
use crate::markov::check::{Chain4, Gaussian};

fn read(text: &str) -> ChainSpec {
    json5::from_str(text).unwrap()
}

fn message(text: &str) -> String {
    spec::parse::<ChainSpec>("chain", text).unwrap_err().to_string()
}

#[test]
fn specs_are_read_with_their_defaults_and_survive_writing() {
    let omelyan4 = HmcSpec { integrator: IntegratorName::Omelyan4, steps: 3, length: 2.0, ..HmcSpec::default() };
    assert_eq!(read("{type: 'hmc', integrator: 'omelyan4', steps: 3, length: 2}").kernel, KernelSpec::Hmc(omelyan4));
    assert_eq!(read("{type: 'hmc'}"), ChainSpec::default());
    let text = "{type: 'cycle', start: 'hot', seed: 5, kernels: [{type: 'hmc', repeat: 2, length: 0.1}, {type: 'independence'}]}";
    let spec = read(text);
    assert_eq!((spec.start, spec.seed), (Start::Hot, Some(5)));
    let KernelSpec::Cycle(cycle) = &spec.kernel else { panic!("{spec:?}") };
    assert_eq!(cycle.kernels[0].repeat, 2);
    assert_eq!(cycle.kernels[1], Turn { repeat: 1, kernel: KernelSpec::Independence(IndependenceSpec {}) });
    assert_eq!(read(&serde_json::to_string(&spec).unwrap()), spec);
    let text = "{type: 'cycle', seed: 5, kernels: [{type: 'cluster', clusters: 5, step: 0.5, repeat: 3}, {type: 'cluster'}, \
                {type: 'hmc', mass: {type: 'fourier', mass_squared: 0.5}}]}";
    let spec = read(text);
    let KernelSpec::Cycle(cycle) = &spec.kernel else { panic!("{spec:?}") };
    let clusters = ClusterSpec { sweeps: 1, clusters: 5, step: Some(0.5) };
    assert_eq!(cycle.kernels[0], Turn { repeat: 3, kernel: KernelSpec::Cluster(clusters) });
    assert_eq!(cycle.kernels[1].kernel, KernelSpec::Cluster(ClusterSpec::default()));
    assert_eq!(read(&serde_json::to_string(&spec).unwrap()), spec);
}

#[test]
fn messages_name_the_key_and_list_the_known_ones() {
    let unknown = message("{type: 'hmc', step: 3}");
    for name in ["'step'", "integrator", "steps", "length", "start", "seed"] {
        assert!(unknown.contains(name), "{unknown}");
    }
    let hmc = "known keys: type, integrator, steps, length, levels";
    for (text, parts) in [
        ("{steps: 3}", &["missing key 'type'"][..]),
        ("{type: 'hcm'}", &["type: ", "'hcm'", "'hmc'", "'independence'", "'cycle'"]),
        ("{type: 'hmc', steps: -3}", &["steps: expected a whole number of at least 0, got -3", hmc]),
        ("{type: 'hmc', steps: 2.5}", &["steps: expected a whole number of at least 0, got 2.5"]),
        ("{type: 'hmc', length: 'long'}", &["length: expected a number, got 'long'"]),
        ("{type: 'hmc', integrator: 'euler'}", &["integrator: expected", "'euler'", "'omelyan2'"]),
        ("{type: 'hmc', start: 'warm'}", &["start: expected", "'warm'", "'hot'", "'cold'"]),
        ("{type: 'hmc', seed: -1}", &["seed: expected a whole number of at least 0, got -1"]),
        ("{type: 'hmc', levels: -1}", &["levels: expected a list, got -1", hmc]),
        (
            "{type: 'hmc', levels: [{terms: [0], steps: 2}, {terms: [1], steps: -1}]}",
            &["levels[1].steps: expected a whole number of at least 0, got -1; known keys: terms, integrator, steps"],
        ),
        ("{type: 'hmc', levels: [{terms: [-1], steps: 2}]}", &["levels[0].terms[0]: expected a whole number", "-1"]),
        (
            "{type: 'hmc', levels: [{terms: [0]}]}",
            &["levels[0]: missing key 'steps'; known keys: terms, integrator, steps"],
        ),
        ("{type: 'hmc', repeat: 2}", &["unknown key 'repeat'"]),
        ("{type: 'independence', steps: 2}", &["unknown key 'steps'"]),
        (
            "{type: 'transformed_hmc', levels: []}",
            &["unknown key 'levels'; known keys: type, integrator, steps, length (beside seed, start)"],
        ),
        ("{type: 'cycle'}", &["missing key 'kernels'"]),
        ("{type: 'cycle', kernels: [{type: 'hmc', repeat: -1}]}", &["repeat: expected a whole number", "-1"]),
        ("{type: 'cycle', kernels: [{type: 'hmc', start: 'hot'}]}", &["'start'", "repeat"]),
        ("[1]", &["expected an object"]),
    ] {
        let message = message(text);
        assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
        // The message has no names of Rust types.
        assert!(
            ["u64", "usize", "sequence", "integer"].iter().all(|name| !message.contains(name)),
            "{text}: {message}"
        );
    }
}

#[test]
fn kernels_that_cannot_be_built_say_why() {
    let build = |text: &str, sites: Option<usize>| {
        let model = sites.map(|sites| Arc::new(Gaussian::new(sites, 0.8, 1)) as Arc<dyn Model>);
        read(text).kernel.build(Arc::new(Chain4::new(8, 0.7, 0.3)), model)
    };
    let cycle = "{type: 'cycle', kernels: [{type: 'hmc'}, {type: 'independence'}]}";
    assert!(build(cycle, Some(8)).is_ok() && build("{type: 'hmc'}", None).is_ok());
    assert!(read(cycle).kernel.needs_model() && !read("{type: 'hmc'}").kernel.needs_model());
    let failure = |text: &str, sites| build(text, sites).err().unwrap();
    assert_eq!(failure(cycle, None).to_string(), "type 'independence': expected a model, got none");
    assert_eq!(failure(cycle, Some(6)).status(), 3);
    assert_eq!(failure("{type: 'hmc', steps: 0}", None).status(), 2);
    let deep = format!("{}{{type: 'hmc'}}{}", "{type: 'cycle', kernels: [".repeat(9), "]}".repeat(9));
    assert!(failure(&deep, None).to_string().contains("at most 8 cycles inside each other"));
}
