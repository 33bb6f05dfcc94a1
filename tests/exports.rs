//! Header and library have the same functions, and every export that can fail runs inside the guard.

mod header;

use header::{read, without_comments};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A function: names of its arguments in their order.
type Functions = BTreeMap<String, Vec<String>>;

/// The sources of the interface, one for each section of the header and the guard.
fn sources() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// Text between the bracket at the start and the one that closes it, and the rest.
fn bracketed(text: &str) -> (&str, &str) {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[1..at], &text[at + 1..]);
        }
    }
    panic!("a bracket is not closed: {text}");
}

fn last_word(text: &str) -> String {
    text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').find(|word| !word.is_empty()).unwrap_or("").into()
}

fn declared(header: &str) -> Functions {
    let text = without_comments(header);
    let mut functions = Functions::new();
    for (at, _) in text.match_indices("inst_") {
        let name: String = text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let rest = &text[at + name.len()..];
        if rest.starts_with('(') {
            let arguments = bracketed(rest).0;
            let names = arguments.split(',').map(last_word).filter(|name| name != "void").collect();
            assert!(functions.insert(name.clone(), names).is_none(), "{name} is declared twice");
        }
    }
    functions
}

/// The exported functions: name, arguments, and the text that follows them.
fn exported(sources: &str) -> Vec<(String, Vec<String>, &str)> {
    let starts = sources.match_indices("extern \"C\" fn inst_").map(|(at, _)| at + "extern \"C\" fn ".len());
    let parse = |at: usize| {
        let open = at + sources[at..].find('(').unwrap();
        let (arguments, rest) = bracketed(&sources[open..]);
        let named =
            |argument: &str| argument.split_once(':').map(|(name, _)| name.trim().trim_start_matches("r#").to_string());
        (sources[at..open].to_string(), arguments.split(',').filter_map(named).collect(), rest)
    };
    starts.map(parse).collect()
}

#[test]
fn the_header_declares_what_the_library_exports() {
    let header = declared(&read("include/instanton.h"));
    let sources = sources();
    let library: Functions = exported(&sources).into_iter().map(|(name, arguments, _)| (name, arguments)).collect();
    assert!(header.len() > 30, "{}", header.len());
    for (name, arguments) in &header {
        assert_eq!(Some(arguments), library.get(name), "{name}: header and library");
    }
    for name in library.keys() {
        assert!(header.contains_key(name), "{name} is exported, but the header does not declare it");
    }
    assert_eq!(sources.matches("#[unsafe(no_mangle)]").count(), library.len());
}

#[test]
fn every_export_that_can_fail_or_frees_goes_through_the_guard() {
    let sources = sources();
    let mut guarded = 0;
    for (name, _, rest) in exported(&sources) {
        let (signature, body) = rest.split_at(rest.find('{').unwrap());
        let body = bracketed(body).0.trim();
        if signature.contains("*const c_char") {
            // Functions that return a constant text cannot fail.
            assert!(["inst_version", "inst_last_error"].contains(&name.as_str()), "{name}");
            continue;
        }
        let body = body.trim_start_matches("// SAFETY: the caller keeps the contract of the header.").trim_start();
        assert!(body.starts_with("guard(|| "), "{name} does work outside the guard");
        let (_, after) = bracketed(&body["guard".len()..]);
        let (status, end) = (signature.contains("-> inst_status"), after.trim());
        assert!(end == if status { "" } else { ";" }, "{name} does work after the guard, or loses the status: {end}");
        guarded += 1;
    }
    assert!(guarded > 30, "{guarded}");
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let folders = ["src/ffi", "src/opencl", "src/program/opencl"]
        .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let mut blocks = 0;
    for path in folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path()) {
        let Some("rs") = path.extension().and_then(|e| e.to_str()) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if line.contains("unsafe {") || line.contains("unsafe impl") {
                // The comment stands before the statement, whose first line may be one earlier.
                let before = lines[at.saturating_sub(2)..=at].iter().any(|line| line.contains("// SAFETY: "));
                assert!(before, "{}:{}: unsafe without a reason", path.display(), at + 1);
                blocks += 1;
            }
        }
    }
    assert!(blocks > 30, "{blocks}");
}

#[test]
fn declarations_are_read_with_their_arguments() {
    let text = "/* int inst_no(int x); */ typedef struct inst_a inst_a;\ntypedef int32_t (*inst_fn)(double loss);\n\
                inst_status inst_two(const inst_a *a, const double\n *fields, void *const *base);\nconst char *inst_none(void);";
    let expected = [("inst_none", vec![]), ("inst_two", vec!["a", "fields", "base"])];
    let expected: Functions =
        expected.iter().map(|(name, a)| (name.to_string(), a.iter().map(|a| a.to_string()).collect())).collect();
    assert_eq!(declared(text), expected);
}
