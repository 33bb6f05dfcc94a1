//! Constants and structures are the same in all languages: one table, made from the header, is filled in by programs in
//! Rust, C, Fortran, Python and Julia.

mod header;

use header::path;
use instanton::error::Error;
use instanton::ffi::{inst_communicator, inst_solve_report, inst_two_sided_report};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::mem::offset_of;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// Names and values of constants, `sizeof` and `offsetof`.
type Table = BTreeMap<String, i64>;

/// Names in the header: constants, and structures with their members.
struct Names {
    constants: Vec<String>,
    structures: Vec<(String, Vec<String>)>,
}

fn names() -> Names {
    let code = header::declarations();
    let names = |members: Vec<(String, String)>| members.into_iter().map(|(_, name)| name).collect();
    Names {
        constants: header::constants(&code).into_iter().map(|(name, _)| name).collect(),
        structures: header::structures(&code).into_iter().map(|(name, members)| (name, names(members))).collect(),
    }
}

fn rust() -> Table {
    let text = String::new;
    let errors = [
        ("INST_NULL_ARGUMENT", Error::NullArgument(text())),
        ("INST_BAD_SPEC", Error::BadSpec(text())),
        ("INST_BAD_SHAPE", Error::BadShape(text())),
        ("INST_BAD_INPUT", Error::BadInput(text())),
        ("INST_IO", Error::Io(text())),
        ("INST_NOT_CONVERGED", Error::NotConverged(text())),
        ("INST_NO_DEVICE", Error::NoDevice(text())),
        ("INST_STOPPED", Error::Stopped(text())),
        ("INST_UNSUPPORTED", Error::Unsupported(text())),
        ("INST_INTERNAL", Error::Internal(text())),
    ];
    let mut table: Table = errors.iter().map(|(name, error)| (name.to_string(), error.status().into())).collect();
    let report = [
        ("INST_OK", 0),
        ("inst_solve_report", size_of::<inst_solve_report>()),
        ("inst_solve_report.struct_size", offset_of!(inst_solve_report, struct_size)),
        ("inst_solve_report.iterations", offset_of!(inst_solve_report, iterations)),
        ("inst_solve_report.residual", offset_of!(inst_solve_report, residual)),
        ("inst_solve_report.seconds", offset_of!(inst_solve_report, seconds)),
        ("inst_two_sided_report", size_of::<inst_two_sided_report>()),
        ("inst_two_sided_report.struct_size", offset_of!(inst_two_sided_report, struct_size)),
        ("inst_two_sided_report.log_z_model", offset_of!(inst_two_sided_report, log_z_model)),
        ("inst_two_sided_report.log_z_model_error", offset_of!(inst_two_sided_report, log_z_model_error)),
        ("inst_two_sided_report.log_z_chain", offset_of!(inst_two_sided_report, log_z_chain)),
        ("inst_two_sided_report.log_z_chain_error", offset_of!(inst_two_sided_report, log_z_chain_error)),
        ("inst_two_sided_report.log_z", offset_of!(inst_two_sided_report, log_z)),
        ("inst_two_sided_report.log_z_error", offset_of!(inst_two_sided_report, log_z_error)),
        ("inst_two_sided_report.kl_model", offset_of!(inst_two_sided_report, kl_model)),
        ("inst_two_sided_report.kl_model_error", offset_of!(inst_two_sided_report, kl_model_error)),
        ("inst_two_sided_report.kl_chain", offset_of!(inst_two_sided_report, kl_chain)),
        ("inst_two_sided_report.kl_chain_error", offset_of!(inst_two_sided_report, kl_chain_error)),
        ("inst_two_sided_report.disagreement", offset_of!(inst_two_sided_report, disagreement)),
    ];
    let communicator = [
        ("inst_communicator", size_of::<inst_communicator>()),
        ("inst_communicator.struct_size", offset_of!(inst_communicator, struct_size)),
        ("inst_communicator.rank", offset_of!(inst_communicator, rank)),
        ("inst_communicator.size", offset_of!(inst_communicator, size)),
        ("inst_communicator.user", offset_of!(inst_communicator, user)),
        ("inst_communicator.sendrecv", offset_of!(inst_communicator, sendrecv)),
        ("inst_communicator.allreduce", offset_of!(inst_communicator, allreduce)),
        ("inst_communicator.barrier", offset_of!(inst_communicator, barrier)),
    ];
    table.extend(communicator.map(|(name, value)| (name.to_string(), value as i64)));
    table.extend(report.map(|(name, value)| (name.to_string(), value as i64)));
    table
}

fn c(names: &Names) -> String {
    let mut text =
        String::from("#include \"instanton.h\"\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n");
    let mut put =
        |name: &str, value: &str| writeln!(text, "  printf(\"{name} %lld\\n\", (long long)({value}));").unwrap();
    names.constants.iter().for_each(|name| put(name, name));
    for (name, members) in &names.structures {
        put(name, &format!("sizeof({name})"));
        members.iter().for_each(|member| put(&format!("{name}.{member}"), &format!("offsetof({name}, {member})")));
    }
    text + "  return 0;\n}\n"
}

fn fortran(names: &Names) -> String {
    let mut text =
        String::from("program table\n  use, intrinsic :: iso_c_binding\n  use instanton_c\n  implicit none\n");
    for (i, (name, _)) in names.structures.iter().enumerate() {
        writeln!(text, "  type({name}), target :: s{i}").unwrap();
    }
    for name in &names.constants {
        writeln!(text, "  print '(a,1x,i0)', '{name}', {name}").unwrap();
    }
    for (i, (name, members)) in names.structures.iter().enumerate() {
        writeln!(text, "  print '(a,1x,i0)', '{name}', c_sizeof(s{i})").unwrap();
        for member in members {
            let address = |of: &str| format!("transfer(c_loc({of}), 0_c_intptr_t)");
            let (inner, outer) = (address(&format!("s{i}%{member}")), address(&format!("s{i}")));
            writeln!(text, "  print '(a,1x,i0)', '{name}.{member}', &\n    {inner} - {outer}").unwrap();
        }
    }
    text + "end program\n"
}

/// The name of a structure in the bindings: `SolveReport` for `inst_solve_report`.
fn camel(name: &str) -> String {
    let words = name.trim_start_matches("inst_").split('_');
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

fn python(names: &Names) -> String {
    let mut text = String::from("import ctypes\nfrom instanton import constants\n");
    for name in &names.constants {
        writeln!(text, "print('{name}', constants.STATUS['{name}'])").unwrap();
    }
    for (name, members) in &names.structures {
        let class = format!("constants.{}", camel(name));
        writeln!(text, "print('{name}', ctypes.sizeof({class}))").unwrap();
        for member in members {
            writeln!(text, "print('{name}.{member}', {class}.{member}.offset)").unwrap();
        }
    }
    text
}

fn julia(names: &Names) -> String {
    let source = path("bindings/julia/src/constants.jl");
    let mut text = format!("include(raw\"{}\")\n", source.display());
    for name in &names.constants {
        writeln!(text, "println(\"{name} \", {name})").unwrap();
    }
    for (name, members) in &names.structures {
        let class = camel(name);
        writeln!(text, "println(\"{name} \", sizeof({class}))").unwrap();
        for member in members {
            let at = format!("findfirst(==(:{member}), fieldnames({class}))");
            writeln!(text, "println(\"{name}.{member} \", fieldoffset({class}, {at}))").unwrap();
        }
    }
    text
}

/// Runs a program and reads its table.
fn table_of(command: &mut Command) -> Table {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| line.split_once(' ').map(|(name, value)| (name.to_string(), value.trim().parse().unwrap()));
    text.lines().filter_map(line).collect()
}

#[test]
fn all_languages_have_the_constants_and_structures_of_the_header() {
    let (names, expected) = (names(), rust());
    let members: usize = names.structures.iter().map(|(_, members)| 1 + members.len()).sum();
    assert_eq!(expected.len(), names.constants.len() + members, "the table in Rust");

    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("instanton-table-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let compiler = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.into());
    let program = folder.join("table_c");
    let source = file("table.c", c(&names));
    table_of(Command::new(compiler("CC", "cc")).arg("-I").arg(path("include")).arg(source).arg("-o").arg(&program));
    assert_eq!(table_of(&mut Command::new(&program)), expected, "C");

    let program = folder.join("table_fortran");
    let source = file("table.f90", fortran(&names));
    let interfaces = path("bindings/fortran/src/instanton_c.f90");
    table_of(Command::new("gfortran").arg("-J").arg(&folder).arg(interfaces).arg(source).arg("-o").arg(&program));
    assert_eq!(table_of(&mut Command::new(&program)), expected, "Fortran");

    let python = file("table.py", python(&names));
    let system = "/usr/bin/python3";
    let interpreter = if PathBuf::from(system).exists() { system } else { "python3" };
    let package = path("bindings/python");
    assert_eq!(
        table_of(Command::new(interpreter).arg("-B").arg(python).env("PYTHONPATH", package)),
        expected,
        "Python"
    );

    let julia = file("table.jl", julia(&names));
    assert_eq!(table_of(Command::new(path("scripts/julia.sh")).arg(julia)), expected, "Julia");
    fs::remove_dir_all(&folder).unwrap();
}
