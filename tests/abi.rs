//! The binary interface: what cbindgen reads from `src/ffi/` against the header, the list of symbols against the
//! header, and both against the baseline of this SONAME (`ffi-tests/instanton.abi`; docs/abi.md has the policy).

mod header;

use header::{declarations, path, read, split, structures};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::{env, fs};

/// A folder for the files of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("instanton-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn compiler() -> Command {
    let mut command = Command::new(env::var("CC").unwrap_or_else(|_| "cc".into()));
    command.args(["-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I"]).arg(path("include"));
    command
}

fn compiles(folder: &Folder, code: &str) -> std::result::Result<(), String> {
    let output = run(compiler().arg("-fsyntax-only").arg(folder.file("code.c", code)));
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}

/// Declarations of functions, `inst_status inst_lattice_new(...)`, with their names.
fn functions(code: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    for statement in code.split(';').map(str::trim).filter(|statement| !statement.contains("typedef")) {
        let Some((before, _)) = statement.split_once('(') else { continue };
        let name = split(before.trim()).1;
        if name.starts_with("inst_") {
            found.push((name, statement.to_string()));
        }
    }
    found
}

/// Output of cbindgen for `src/ffi/`: prototypes in terms of the header's types, and structures under other names.
fn prototypes() -> (String, String) {
    let code = declarations();
    let opaque =
        code.match_indices("typedef struct inst_").map(|(at, _)| code[at..].split_whitespace().nth(2).unwrap());
    let opaque: Vec<String> = opaque.map(String::from).collect();
    let known: Vec<String> = structures(&code).into_iter().map(|(name, _)| name).collect();
    let generate = |exclude: Vec<String>, rename: &[String]| {
        let mut config = cbindgen::Config { language: cbindgen::Language::C, no_includes: true, ..Default::default() };
        config.export.exclude = exclude;
        config.export.rename = rename.iter().map(|name| (name.clone(), format!("rust_{name}"))).collect();
        // cbindgen finds the files of the sections from this one.
        let builder = cbindgen::Builder::new().with_config(config).with_src(path("src/ffi/mod.rs"));
        let mut text = vec![];
        builder.generate().unwrap().write(&mut text);
        String::from_utf8(text).unwrap()
    };
    let all = opaque.iter().chain(&known).cloned().collect();
    let renamed = generate(opaque, &known);
    let starts = renamed.match_indices("typedef struct rust_").map(|(at, _)| &renamed[at..]);
    let end = |text: &str| text.find('}').map(|brace| brace + text[brace..].find(';').unwrap() + 1).unwrap();
    (generate(all, &[]), starts.map(|text| text[..end(text)].to_string() + "\n").collect())
}

#[test]
fn what_cbindgen_reads_is_what_the_header_says() {
    let (folder, code) = (Folder::new("prototypes"), declarations());
    let (prototypes, blocks) = prototypes();
    let mut text = format!("#include \"instanton.h\"\n{prototypes}\n{blocks}");
    // Members of one type have addresses that can be compared.
    for (name, members) in structures(&code) {
        writeln!(text, "int compare_{name}(const {name} *a, const rust_{name} *b);").unwrap();
        writeln!(text, "int compare_{name}(const {name} *a, const rust_{name} *b) {{\n  return 0").unwrap();
        members.iter().for_each(|(_, member)| writeln!(text, "    + (&a->{member} == &b->{member})").unwrap());
        writeln!(text, "    ;\n}}").unwrap();
    }
    compiles(&folder, &text).unwrap_or_else(|error| panic!("{error}\n{text}"));

    let (declared, found) = (functions(&code), functions(&header::without_comments(&prototypes)));
    assert!(declared.len() > 60, "{}", declared.len());
    assert_eq!(found.len(), declared.len(), "{prototypes}");
    // Each prototype with one argument more, and each structure with other types, does not compile.
    for (name, statement) in &found {
        let changed = match statement.contains("(void)") {
            true => statement.replace("(void)", "(int32_t other)"),
            false => statement.replacen('(', "(int32_t other, ", 1),
        };
        let error = compiles(&folder, &format!("#include \"instanton.h\"\n{changed};\n")).expect_err(name);
        assert!(error.contains("conflicting types"), "{name}: {error}");
    }
    let error = compiles(&folder, &text.replace("  double residual;", "  int64_t residual;")).expect_err("a structure");
    assert!(error.contains("comparison of distinct pointer types"), "{error}");
}

/// Names in `src/ffi/instanton.map`.
fn listed() -> Vec<String> {
    let text = header::without_comments(&read("src/ffi/instanton.map"));
    let global = text.split_once("global:").unwrap().1.split_once("local:").unwrap().0;
    global.split(';').map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn the_list_of_symbols_is_that_of_the_header_in_order() {
    let mut declared: Vec<String> = functions(&declarations()).into_iter().map(|(name, _)| name).collect();
    declared.sort();
    assert_eq!(listed(), declared);
}

/// A library with the header's functions, types and constants, and the versions of the list, as a compiler builds it.
fn shadow(folder: &Folder, name: &str, change: impl Fn(String) -> String) -> PathBuf {
    let mut text = String::from("#include \"instanton.h\"\n");
    for (_, statement) in functions(&declarations()) {
        let body = if statement.starts_with("void") { "" } else { " return 0; " };
        writeln!(text, "{statement} {{{body}}}").unwrap();
    }
    // For each constant a symbol whose name contains its value.
    let changed = change(read("include/instanton.h"));
    let code = header::without_comments(&changed).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut constants = String::new();
    for (name, value) in header::constants(&code) {
        writeln!(text, "void {name}_{value}(void);\nvoid {name}_{value}(void) {{}}").unwrap();
        writeln!(constants, "    {name}_{value};").unwrap();
    }
    let header = folder.file("instanton.h", &changed);
    let source = folder.file("shadow.c", &change(text));
    let map = change(read("src/ffi/instanton.map")).replace("  local:", &format!("{constants}  local:"));
    let map = folder.file("shadow.map", &map);
    let library = folder.0.join(name);
    let mut command = Command::new(env::var("CC").unwrap_or_else(|_| "cc".into()));
    // The baseline names no folder of the machine that made it.
    command.arg(format!("-ffile-prefix-map={}=.", folder.0.display()));
    command.args(["-std=c99", "-g", "-shared", "-fPIC", "-Wl,-soname,libinstanton.so.0", "-I"]);
    command.arg(header.parent().unwrap()).arg(source).arg("-o").arg(&library);
    let output = run(command.arg(format!("-Wl,--version-script={}", map.display())));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

/// A change of header, source and list.
type Change = Box<dyn Fn(String) -> String>;

/// Bits of abidiff's exit status: 1 and 2 are errors of use, 4 a change, 8 one that breaks hosts.
fn difference(baseline: &PathBuf, library: &PathBuf) -> (i32, String) {
    let output = run(Command::new("abidiff").arg(baseline).arg(library));
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().expect("abidiff ended by a signal"), text)
}

#[test]
fn the_interface_is_compatible_with_the_baseline() {
    let folder = Folder::new("baseline");
    let library = shadow(&folder, "libinstanton.so.0", |text| text);
    let baseline = path("ffi-tests/instanton.abi");
    if env::var_os("INSTANTON_WRITE").is_some() {
        let mut command = Command::new("abidw");
        command.args(["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--type-id-style", "hash"]);
        let output = run(command.arg(&library).arg("--out-file").arg(&baseline));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (status, text) = difference(&baseline, &library);
    assert_eq!(status, 0, "a change against ffi-tests/instanton.abi; compatible ones are noted by `make abi`:\n{text}");

    // Changes that break hosts: a function removed, another type of an argument or member, members swapped, another
    // value.
    let without = |text: String| {
        let lines = text.lines().filter(|line| !line.contains("inst_lattice_free"));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    let argument = |text: String| text.replace("int32_t dimensions", "int64_t dimensions");
    let member = |text: String| text.replace("double residual;", "float residual;");
    let swapped = |text: String| {
        text.replace("struct_size;", "x;").replace("iterations;", "struct_size;").replace(" x;", " iterations;")
    };
    let version = |text: String| text.replace("INSTANTON_0", "INSTANTON_1");
    let value = |text: String| text.replace("INST_IO = 5", "INST_IO = 55");
    let changes: [(&str, Change); 6] = [
        ("value", Box::new(value)),
        ("without", Box::new(without)),
        ("argument", Box::new(argument)),
        ("member", Box::new(member)),
        ("swapped", Box::new(swapped)),
        ("version", Box::new(version)),
    ];
    for (name, change) in changes {
        let folder = Folder::new(name);
        let (status, text) = difference(&baseline, &shadow(&folder, "libinstanton.so.0", change));
        assert!(status & 4 != 0 && status & 3 == 0, "{name}: {status}\n{text}");
    }
    // A new function is a change that does not break hosts.
    let added = |text: String| {
        let text = text.replace("void inst_lattice_free(", "void inst_new(void);\nvoid inst_lattice_free(");
        let text = if text.contains("return 0") { text + "void inst_new(void) {}\n" } else { text };
        text.replace("    inst_lattice_free;", "    inst_lattice_free;\n    inst_new;")
    };
    let folder = Folder::new("added");
    let (status, text) = difference(&baseline, &shadow(&folder, "libinstanton.so.0", added));
    assert!(status == 4, "{status}\n{text}");
}
