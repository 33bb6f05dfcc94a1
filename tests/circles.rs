//! No files of a room use each other in a circle, directly or through other files.
//!
//! A file uses another where a path of its code leads there: `use` declarations, `super::`, `self::` and `crate::` paths, and
//! children named by their file. A name that a `mod.rs` re-exports by `pub use` leads to the file that defines it.
//! Tests are left out: they may use what they test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The path of a module: `["dirac", "lanes", "grid"]`.
type Module = Vec<String>;

/// The one circle that stays: the recorder keeps operations in its nodes, and each operation records its own derivative and is
/// one of their table. A trait object would cut it, but nodes have to be compared and copied as values.
const DEFENDED: [&str; 2] = ["program/recorder", "program/operations"];

/// A source file without comments, texts and tests.
struct File {
    module: Module,
    code: String,
}

fn files(folder: &Path, module: &[String], found: &mut Vec<File>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        let mut child = module.to_vec();
        if path.is_dir() {
            if name != "tests" {
                child.push(name);
                files(&path, &child, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test(&name) {
            if !matches!(name.as_str(), "mod" | "lib") {
                child.push(name);
            }
            found.push(File { module: child, code: code(&fs::read_to_string(&path).unwrap()) });
        }
    }
}

/// True for files of tests and of checks that tests share.
fn is_test(name: &str) -> bool {
    name.ends_with("tests") || matches!(name, "check" | "laws" | "testing")
}

/// Code up to the module of tests, without comments and texts.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut code = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '/' if letters.peek() == Some(&'/') => {
                letters.by_ref().find(|letter| *letter == '\n');
                code.push('\n');
            }
            '"' => {
                while let Some(letter) = letters.next() {
                    match letter {
                        '\\' => drop(letters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            // A character literal, which may be a quote itself; a lifetime has no second quote.
            '\'' => {
                let ahead: Vec<char> = letters.clone().take(3).collect();
                if ahead.first() == Some(&'\\') {
                    letters.nth(1);
                    letters.by_ref().find(|letter| *letter == '\'');
                } else if ahead.get(1) == Some(&'\'') {
                    letters.nth(1);
                }
            }
            _ => code.push(letter),
        }
    }
    code
}

/// The words of a path.
fn parts(path: &str) -> Module {
    path.split("::").map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
}

/// The paths of a `use` tree, each with the name under which it is imported.
fn paths(tree: &str, before: &[String], found: &mut Vec<(Module, String)>) {
    let tree = tree.trim();
    if let (Some(open), true) = (tree.find('{'), tree.ends_with('}')) {
        let before: Module = before.iter().cloned().chain(parts(&tree[..open])).collect();
        let (mut depth, mut start, inner) = (0, 0, &tree[open + 1..tree.len() - 1]);
        for (at, letter) in inner.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    paths(&inner[start..at], &before, found);
                    start = at + 1;
                }
                _ => {}
            }
        }
        paths(&inner[start..], &before, found);
    } else if !tree.is_empty() {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, tree.rsplit("::").next().unwrap()));
        found.push((before.iter().cloned().chain(parts(path)).collect(), name.trim().to_string()));
    }
}

/// The `use` declarations of a code, public or private ones, as paths.
fn declarations(code: &str, is_public: bool) -> Vec<(Module, String)> {
    let mut found = vec![];
    for (at, _) in code.match_indices("use ") {
        let line = &code[code[..at].rfind('\n').map_or(0, |end| end + 1)..at];
        let words = line.trim();
        let is_declaration = words.is_empty() || words.starts_with("pub");
        if is_declaration && words.starts_with("pub") == is_public {
            let end = code[at..].find(';').map_or(code.len(), |end| at + end);
            paths(&code[at + 4..end], &[], &mut found);
        }
    }
    found
}

/// Paths inside code that begin with one of these words, and those that begin with the file of a child.
fn inline(code: &str, children: &BTreeSet<String>) -> Vec<Module> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut found = vec![];
    let mut at = 0;
    while let Some(next) = code[at..].find("::") {
        let here = at + next;
        let start = code[..here].rfind(|letter| !is_word(letter)).map_or(0, |before| before + 1);
        let first = &code[start..here];
        let is_start = !code[..start].ends_with("::");
        let end = code[start..].find(|letter| !is_word(letter) && letter != ':').map_or(code.len(), |end| start + end);
        if is_start && (matches!(first, "super" | "self" | "crate") || children.contains(first)) {
            found.push(code[start..end].split("::").map(str::to_string).filter(|part| !part.is_empty()).collect());
        }
        at = here + 2;
    }
    found
}

/// Modules with the names that their `mod.rs` re-exports.
struct Tree {
    modules: BTreeSet<Module>,
    handed_on: BTreeMap<(Module, String), Module>,
}

impl Tree {
    fn new(files: &[File]) -> Self {
        let modules: BTreeSet<Module> = files.iter().map(|file| file.module.clone()).collect();
        let mut tree = Self { modules, handed_on: BTreeMap::new() };
        for file in files {
            for (path, name) in declarations(&file.code, true) {
                if let Some(path) = tree.absolute(&path, &file.module) {
                    tree.handed_on.insert((file.module.clone(), name), path);
                }
            }
        }
        tree
    }

    /// The path, made absolute from the root of the crate.
    fn absolute(&self, path: &[String], module: &[String]) -> Option<Module> {
        let mut base = module.to_vec();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => return Some(rest[1..].to_vec()),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                let child: Module = base.iter().cloned().chain([first.to_string()]).collect();
                self.modules.contains(&child).then_some(())?;
            }
        }
        Some(base.into_iter().chain(rest.iter().cloned()).collect())
    }

    /// The module in which a path from the root ends.
    fn end(&self, path: &[String]) -> Option<Module> {
        let length = (1..=path.len()).rev().find(|length| self.modules.contains(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        match rest.first().and_then(|name| self.handed_on.get(&(module.to_vec(), name.clone()))) {
            Some(further) if further != path => {
                let whole: Module = further.iter().chain(&rest[1..]).cloned().collect();
                self.end(&whole)
            }
            _ => Some(module.to_vec()),
        }
    }

    /// The modules of a file's own room that it uses.
    fn uses(&self, file: &File) -> BTreeSet<Module> {
        let children =
            self.modules.iter().filter(|module| module.split_last().is_some_and(|(_, rest)| *rest == *file.module));
        let children = children.map(|module| module[module.len() - 1].clone()).collect();
        let declared = declarations(&file.code, false).into_iter().map(|(path, _)| path);
        let without: String = file
            .code
            .split("use ")
            .enumerate()
            .map(|(i, part)| if i == 0 { part } else { part.split_once(';').map_or("", |(_, rest)| rest) })
            .collect();
        let all = declared.chain(inline(&without, &children));
        let ends = all.filter_map(|path| self.end(&self.absolute(&path, &file.module)?));
        ends.filter(|module| *module != file.module && module.first() == file.module.first()).collect()
    }
}

/// All modules that a module uses, directly or through others.
fn reached(from: &Module, uses: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut found, mut left) = (BTreeSet::new(), vec![from.clone()]);
    while let Some(module) = left.pop() {
        for next in uses.get(&module).into_iter().flatten() {
            if found.insert(next.clone()) {
                left.push(next.clone());
            }
        }
    }
    found
}

/// Sets of modules each of which can be reached from each other one.
fn circles(files: &[File]) -> BTreeSet<BTreeSet<String>> {
    let tree = Tree::new(files);
    let uses: BTreeMap<Module, BTreeSet<Module>> = files
        .iter()
        .filter(|file| !file.module.is_empty())
        .map(|file| (file.module.clone(), tree.uses(file)))
        .collect();
    let reach: BTreeMap<&Module, BTreeSet<Module>> =
        uses.keys().map(|module| (module, reached(module, &uses))).collect();
    let circle = |module: &Module| {
        let others = reach[module].iter().filter(|other| reach.get(other).is_some_and(|back| back.contains(module)));
        others.map(|module| module.join("/")).collect::<BTreeSet<String>>()
    };
    uses.keys().map(circle).filter(|circle| circle.len() > 1).collect()
}

#[test]
fn no_files_of_a_room_need_each_other() {
    let mut found = vec![];
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &[], &mut found);
    let is_defended = |file: &String| DEFENDED.iter().any(|name| file == name || file.starts_with(&format!("{name}/")));
    let (defended, others): (Vec<_>, Vec<_>) =
        circles(&found).into_iter().partition(|circle| circle.iter().all(is_defended));
    assert_eq!(others, Vec::<BTreeSet<String>>::new());
    // A circle that no longer exists must be removed from DEFENDED.
    assert_eq!(defended.len(), 1);
}

#[test]
fn circles_are_found_in_all_forms_of_paths() {
    let file = |module: &str, code: &str| File {
        module: module.split('/').map(str::to_string).collect(),
        code: self::code(code),
    };
    let found = |codes: &[(&str, &str)]| {
        let files: Vec<File> = codes.iter().map(|(module, code)| file(module, code)).collect();
        circles(&files).len()
    };
    assert_eq!(found(&[("a/b", "use super::c::X;"), ("a/c", "fn f() { super::b::g() }"), ("a", "mod b; mod c;")]), 1);
    assert_eq!(found(&[("a/b", "use super::{c::X, d};"), ("a/c", "use crate::a::e::Y;"), ("a/e", "use super::b;")]), 1);
    assert_eq!(found(&[("a", "pub use b::X;"), ("a/b", "use super::c::Y;"), ("a/c", "use super::X;")]), 1);
    assert_eq!(found(&[("a", "fn f() { b::g() }"), ("a/b", "use super::Z;")]), 1);
    assert_eq!(found(&[("a/b", "use super::c::X; // super::d"), ("a/c", "const T: &str = \"super::b::g\";")]), 0);
    assert_eq!(found(&[("a", "pub use b::X; pub use c::Y;"), ("a/b", "use super::Y;"), ("a/c", "")]), 0);
}
