//! Laws of the sources: a room of the library uses only the rooms above it, and all property tests have seeds.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in their order of dependency.
const ROOMS: [&str; 24] = [
    "error",
    "progress",
    "memory",
    "file",
    "saved",
    "spec",
    "random",
    "opencl",
    "context",
    "simd",
    "lattice",
    "group",
    "gauge",
    "dirac",
    "layout",
    "space",
    "program",
    "action",
    "flow",
    "markov",
    "statistics",
    "training",
    "ffi",
    // `lib.rs` declares all rooms, so it comes last.
    "lib",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The room of a file below `src`, and how many folders deep the file's module is inside it.
fn room_of(path: &Path) -> (String, usize) {
    let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
    let is_root = matches!(parts[parts.len() - 1], "mod.rs" | "lib.rs");
    (parts[0].trim_end_matches(".rs").to_string(), parts.len() - 1 - usize::from(is_root && parts.len() > 1))
}

/// Code without comments.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// First names of the paths that follow each `prefix`, in braces or not.
fn names_after(code: &str, prefix: &str) -> Vec<String> {
    let starts = code.match_indices(prefix).filter(|(at, _)| {
        let before = code[..*at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    });
    starts.flat_map(|(at, _)| first_names(&code[at + prefix.len()..])).collect()
}

fn first_names(rest: &str) -> Vec<String> {
    let word = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if !rest.starts_with('{') {
        return vec![word(rest)];
    }
    let (mut names, mut depth) = (vec![], 0);
    for (at, letter) in rest.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && matches!(letter, '{' | ',') {
            names.push(word(&rest[at + 1..]));
        }
    }
    names.retain(|name: &String| !name.is_empty());
    names
}

/// Rooms that code in a module `depth` folders inside its room uses by `super::super::...`.
fn rooms_beside(code: &str, depth: usize) -> Vec<String> {
    // One more `super` for a module of tests in the file itself, which is the only indented code with `super`.
    let reach = |line: &str| depth + usize::from(line.starts_with(' '));
    let up = |line: &str| names_after(line, &"super::".repeat(reach(line) + 1));
    code.lines().flat_map(up).filter(|name| ROOMS.contains(&name.as_str())).collect()
}

#[test]
fn a_room_uses_only_the_rooms_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut uses = 0;
    for path in sources(&root) {
        let below = path.strip_prefix(&root).unwrap();
        let (room, depth) = room_of(below);
        let place = |name: &str| ROOMS.iter().position(|room| *room == name);
        let own = place(&room).unwrap_or_else(|| panic!("{}: a room without a place in the order", below.display()));
        let code = code(&fs::read_to_string(&path).unwrap());
        let mut names = names_after(&code, "crate::");
        names.extend(rooms_beside(&code, depth));
        for name in names {
            let used = place(&name).unwrap_or_else(|| panic!("{}: uses crate::{name}, no room", below.display()));
            assert!(used <= own, "{}: {room} uses {name}, a room below it", below.display());
            uses += usize::from(used < own);
        }
    }
    assert!(uses > 100, "only {uses} uses of other rooms were found");
}

#[test]
fn the_map_names_all_rooms_in_their_order() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let named: Vec<&str> = map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(named, ROOMS[..ROOMS.len() - 1]);
}

#[test]
fn uses_are_found_in_all_their_forms() {
    let text =
        "use crate::{\n    flow::{Flow, spec::A},\n    error,\n};\nfn f() { crate::ffi::g() } // crate::random\n";
    assert_eq!(names_after(&code(text), "crate::"), ["flow", "error", "ffi"]);
    assert_eq!(names_after("pub(crate) fn f() { my_crate::flow::g(); other::crate::h() }", "crate::"), [""; 0]);
    assert_eq!(room_of(Path::new("context.rs")), ("context".to_string(), 0));
    assert_eq!(room_of(Path::new("program/mod.rs")), ("program".to_string(), 0));
    assert_eq!(room_of(Path::new("program/cpu/prior.rs")), ("program".to_string(), 2));
    assert_eq!(rooms_beside("use super::flow::Flow;\n    use super::lattice;", 0), ["flow"]);
    assert_eq!(rooms_beside("use super::flow;\nuse super::super::{lattice, plan};", 1), ["lattice"]);
}

/// Blocks and runners of property tests in a source without a fixed seed.
fn without_seed(code: &str) -> usize {
    let seeded =
        |rest: &&str| ["RngSeed::Fixed", "fixed_seed()", "deterministic_rng"].iter().any(|seed| rest.contains(seed));
    // A block begins with its configuration; a runner takes a configuration made in the same function.
    let blocks =
        code.match_indices("proptest! {").map(|(at, name)| code[at + name.len()..].split("fn ").next().unwrap_or(""));
    let runners = code.match_indices("TestRunner::new").map(|(at, _)| {
        let start = code[..at].rfind("\n}").unwrap_or(0);
        let end = code[at..].find("\n}").map_or(code.len(), |end| at + end);
        &code[start..end]
    });
    blocks.chain(runners).filter(|rest| !seeded(rest)).count()
}

#[test]
fn property_tests_have_fixed_seeds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = 0;
    for path in sources(&root.join("src")).into_iter().chain(sources(&root.join("tests"))) {
        let text = fs::read_to_string(&path).unwrap();
        let code = code(&text);
        // This test's own source is left out.
        if path.ends_with("tests/layering.rs") {
            continue;
        }
        found += code.matches("proptest! {").count() + code.matches("TestRunner::new").count();
        assert_eq!(without_seed(&code), 0, "{}: expected RngSeed::Fixed for every property test", path.display());
    }
    assert!(found > 10, "only {found} property tests were found");
    assert_eq!(without_seed("proptest! {\n    #[test]\n    fn f(x in 0..1) { RngSeed::Fixed }\n}"), 1);
    assert_eq!(without_seed("\nfn f() {\n    TestRunner::new(Config::default());\n}\nfn g() { fixed_seed() }"), 1);
}
