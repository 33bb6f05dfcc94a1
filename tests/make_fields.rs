//! Writes `tests/fields` and its `recorded.txt`: `make fields`.

#[allow(dead_code)]
#[path = "fields.rs"]
mod fields;

use fields::{WAYS, folder, record, write_spec};
use instanton::action::ActionSpec;
use instanton::context::{Context, Precision};
use instanton::gauge::{Gauge, Group, formats};
use instanton::lattice::Lattice;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use std::fs;
use std::sync::Arc;

/// A field after some trajectories from a random start.
fn field(group: Group, extent: &[usize]) -> Gauge {
    let text = format!("{{type: 'wilson', group: '{}', beta: 2.5}}", group.name());
    let context = Arc::new(Context::new(1, Precision::F64, 1).unwrap());
    let lattice = Lattice::new(extent).unwrap();
    let action = spec::parse::<ActionSpec>("action", &text).unwrap().build(&context, &lattice).unwrap();
    let chain: ChainSpec = spec::parse("chain", "{type: 'hmc', steps: 8, start: 'hot'}").unwrap();
    let mut chain = Chain::new(action.into(), None, &chain, 31).unwrap();
    for _ in 0..10 {
        chain.step().unwrap();
    }
    Gauge::new(&lattice, group, chain.field().to_vec()).unwrap()
}

#[test]
fn write_the_fields() {
    fs::create_dir_all(folder()).unwrap();
    for (name, group, extent, way) in WAYS {
        formats::write(&folder().join(name), &field(group, extent), &write_spec(way)).unwrap();
    }
    let lines: Vec<String> = WAYS.iter().map(record).collect();
    fs::write(folder().join("recorded.txt"), lines.join("\n") + "\n").unwrap();
}
