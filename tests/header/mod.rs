//! What `include/instanton.h` declares, for tests that compare it with other languages.

// Each test uses some of these.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

/// A file of this repository.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Its text.
pub fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// C without comments.
pub fn without_comments(code: &str) -> String {
    let pieces = code.split("/*").enumerate();
    pieces.map(|(i, piece)| if i == 0 { piece } else { piece.split_once("*/").unwrap().1 }).collect()
}

/// The header's declarations in one line, without comments and the preprocessor's lines.
pub fn declarations() -> String {
    let code = without_comments(&read("include/instanton.h"));
    let lines = code.lines().filter(|line| !line.starts_with('#') && !line.contains("extern \"C\""));
    lines.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Names and values of the constants.
pub fn constants(code: &str) -> Vec<(String, String)> {
    let lists = code.split("enum {").skip(1).map(|rest| rest.split('}').next().unwrap());
    let pairs = lists.flat_map(|list| list.split(',')).filter_map(|item| item.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_string(), value.trim().to_string())).collect()
}

/// Names of the structures, with types and names of their members.
pub fn structures(code: &str) -> Vec<(String, Vec<(String, String)>)> {
    let each = |piece: &str| {
        let (members, rest) = piece.split_once('}').unwrap();
        let members = members.split(';').map(str::trim).filter(|member| !member.is_empty()).map(split).collect();
        (rest.split(';').next().unwrap().trim().to_string(), members)
    };
    code.split("typedef struct {").skip(1).map(each).collect()
}

/// Type, without `const`, and name of a declaration.
pub fn split(declaration: &str) -> (String, String) {
    let at = declaration.rfind(|c: char| !c.is_alphanumeric() && c != '_').unwrap() + 1;
    (declaration[..at].trim().replace("const ", ""), declaration[at..].to_string())
}
