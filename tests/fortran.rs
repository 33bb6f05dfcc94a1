//! The Fortran module follows the header: its interfaces are made from `include/instanton.h`, and procedures for arrays of all
//! ranks from `bindings/fortran/instanton.f90.in`. `make fortran` writes both files; this test fails where they differ.

mod header;

use header::{constants, declarations, path, read, split, structures};
use std::fmt::Write;
use std::fs;
use std::process::Command;

/// Fortran's declaration of an argument of a C type: for a pointer it passes the address.
fn argument(kind: &str) -> &'static str {
    match kind {
        "int32_t" => "integer(c_int32_t), value",
        "int64_t" | "uint64_t" => "integer(c_int64_t), value",
        "double" => "real(c_double), value",
        "inst_action_fn" | "inst_progress_fn" | "inst_watch_fn" => "type(c_funptr), value",
        pointer if pointer.ends_with('*') => "type(c_ptr), value",
        other => panic!("an argument of type {other}"),
    }
}

fn structure((name, members): &(String, Vec<(String, String)>)) -> String {
    let mut text = format!("  type, bind(c) :: {name}\n");
    for (kind, member) in members {
        let kind = match kind.as_str() {
            "int64_t" => "integer(c_int64_t)",
            "int32_t" => "integer(c_int32_t)",
            "double" => "real(c_double)",
            "void *" => "type(c_ptr)",
            function if function.ends_with("_fn") => "type(c_funptr)",
            other => panic!("a member of type {other}"),
        };
        let none = match kind {
            "type(c_ptr)" => "c_null_ptr",
            "type(c_funptr)" => "c_null_funptr",
            _ => "0",
        };
        writeln!(text, "    {kind} :: {member} = {none}").unwrap();
    }
    text + "  end type\n"
}

fn interface(statement: &str) -> Option<String> {
    let (before, rest) = statement.trim().split_once('(')?;
    let (result, name) = split(before.trim());
    if !name.starts_with("inst_") || statement.contains("typedef") {
        return None;
    }
    let arguments = rest.rsplit_once(')').unwrap().0;
    let arguments: Vec<(String, String)> = match arguments {
        "void" => vec![],
        list => list.split(',').map(|argument| split(argument.trim())).collect(),
    };
    let names: Vec<&str> = arguments.iter().map(|(_, name)| name.as_str()).collect();
    let (word, result) = match result.as_str() {
        "void" => ("subroutine", ""),
        "inst_status" => ("function", "integer(c_int32_t) :: status"),
        "char *" => ("function", "type(c_ptr) :: status"),
        other => panic!("a result of type {other}"),
    };
    let ending = if result.is_empty() { "" } else { " result(status)" };
    let mut text = format!("    {word} {name}(&\n        {}) bind(c){ending}\n", names.join(", &\n        "));
    if names.is_empty() {
        text = format!("    {word} {name}() bind(c){ending}\n");
    }
    text += "      import\n";
    for (kind, name) in &arguments {
        writeln!(text, "      {} :: {name}", argument(kind)).unwrap();
    }
    if !result.is_empty() {
        writeln!(text, "      {result}").unwrap();
    }
    writeln!(text, "    end {word}").unwrap();
    Some(text)
}

/// The module of interfaces.
fn interfaces() -> String {
    let code = declarations();
    let mut text = String::from(
        "! Interfaces of include/instanton.h in Fortran 2003, made from it by `make fortran`. What C points to is passed as\n\
         ! an address, c_loc(array); the module instanton is the one to use.\nmodule instanton_c\n\
         \x20 use, intrinsic :: iso_c_binding, only: c_double, c_funptr, c_int32_t, c_int64_t, &\n\
         \x20                                         c_null_funptr, c_null_ptr, c_ptr\n\
         \x20 implicit none\n  public\n",
    );
    for (name, value) in constants(&code) {
        writeln!(text, "  integer(c_int32_t), parameter :: {name} = {value}").unwrap();
    }
    text.extend(structures(&code).iter().map(structure));
    text += "  interface\n";
    code.split(';').filter_map(interface).for_each(|interface| text += &interface);
    text + "  end interface\nend module\n"
}

/// A template with its blocks `!for NAME in WORDS` ... `!end` repeated: `@NAME@` is each word, and for numbers
/// `@NAME:shape@` as many colons.
fn expanded(template: &str) -> String {
    let (mut text, mut block): (String, Option<(String, Vec<String>, String)>) = (String::new(), None);
    for line in template.lines() {
        let trimmed = line.trim();
        if let Some(rest) = trimmed.strip_prefix("!for ") {
            let (name, words) = rest.split_once(" in ").unwrap();
            block = Some((name.to_string(), words.split(' ').map(Into::into).collect(), String::new()));
        } else if trimmed == "!end" {
            let (name, words, body) = block.take().unwrap();
            for word in &words {
                let colons = vec![":"; word.parse().unwrap_or(0)].join(",");
                text += &body.replace(&format!("@{name}:shape@"), &colons).replace(&format!("@{name}@"), word);
            }
        } else {
            let to = block.as_mut().map_or(&mut text, |(_, _, body)| body);
            writeln!(to, "{line}").unwrap();
        }
    }
    assert!(block.is_none(), "a block without an end");
    text
}

#[test]
fn the_fortran_modules_are_those_that_the_header_gives() {
    let made = [
        ("bindings/fortran/src/instanton_c.f90", interfaces()),
        ("bindings/fortran/src/instanton.f90", expanded(&read("bindings/fortran/instanton.f90.in"))),
    ];
    for (name, text) in made {
        if std::env::var_os("INSTANTON_WRITE").is_some() {
            fs::write(path(name), &text).unwrap();
        }
        assert!(read(name) == text, "{name}: expected what `make fortran` writes, got something else");
        assert!(text.lines().all(|line| line.len() <= 132), "{name}: a line beyond 132 letters");
    }
}

#[test]
fn every_interface_is_used_by_the_module() {
    let module = expanded(&read("bindings/fortran/instanton.f90.in"));
    let code = declarations();
    let names: Vec<String> = code
        .split(';')
        .filter(|statement| interface(statement).is_some())
        .map(|statement| split(statement.split_once('(').unwrap().0.trim()).1)
        .collect();
    assert!(names.len() > 50, "{}", names.len());
    for name in names {
        assert!(module.contains(&format!("{name}(")), "{name}: the Fortran module does not have it");
    }
}

/// The years of the Fortran standards that a text names, `Fortran 2008`.
fn standards(text: &str) -> Vec<&str> {
    let after = |(at, name): (usize, &str)| text.get(at + name.len()..at + name.len() + 4);
    let years = text.match_indices("Fortran ").filter_map(after).collect::<Vec<_>>();
    years.into_iter().filter(|year| year.bytes().all(|letter| letter.is_ascii_digit())).collect()
}

#[test]
fn sources_are_of_the_standard_that_they_and_the_pages_state() {
    let folder = path("build/tests").join(format!("fortran-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let compiles = |source: &str, year: &str| {
        let mut command = Command::new("gfortran");
        command.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-c", "-o", "module.o"]).arg(format!("-std=f{year}"));
        command.arg(path(source)).current_dir(&folder).output().unwrap().status.success()
    };
    let mut stated = vec![];
    for source in ["bindings/fortran/src/instanton_c.f90", "bindings/fortran/src/instanton.f90"] {
        let text = read(source);
        let [year] = standards(&text)[..] else {
            panic!("{source}: expected one standard, got {:?}", standards(&text))
        };
        let oldest = ["2003", "2008", "2018"].into_iter().find(|year| compiles(source, year));
        assert_eq!(oldest, Some(year), "{source}: the oldest standard that it compiles with");
        stated.push(year.to_string());
    }
    fs::remove_dir_all(&folder).unwrap();
    let [interfaces, module] = &stated[..] else { unreachable!() };
    assert_eq!(standards(&read("bindings/fortran/README.md")), [module, interfaces]);
    for page in ["README.md", "bindings/fortran/fpm.toml"] {
        assert_eq!(standards(&read(page)), [module], "{page}");
    }
}
