//! The referee: each line is `science: NAME VALUE ERROR REFERENCE SOURCE`. With names as arguments, those rows alone.
//!
//! Other lines, which begin with `science-` and a word, are for the tables of docs/results.md. Among them is one for each set-up of
//! every row, measured or not: `science-declared: ROW NAME REFERENCE`, with `-` for a reference that is measured.

// The short forms are for the tests.
#[allow(dead_code)]
#[path = "science/mod.rs"]
mod science;

use instanton::error::Result;
use instanton::simd::{Clock, Instructions};
use science::GROUPS;
use science::figure::Row;
use science::run::{Form, Run};
use science::set_ups::{ACTIONS, Line, table};
use std::io::Write;
use std::time::Instant;

fn main() -> Result<()> {
    let instructions = Instructions::requested()?;
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-') && !a.is_empty()).collect();
    let rows = || GROUPS.iter().flat_map(|group| group.rows);
    if let Some(unknown) = wanted.iter().find(|w| rows().all(|row| row.name != *w)) {
        let names: Vec<&str> = rows().map(|row| row.name).collect();
        eprintln!("science: expected one of {}, got {unknown}", names.join(", "));
        std::process::exit(2);
    }
    println!("science-instructions: {}", instructions.name());
    for group in GROUPS {
        let names: Vec<&str> = group.rows.iter().map(|row| row.name).collect();
        println!("science-order: {} | {}", group.title, names.join(" "));
    }
    rows().flat_map(Row::declared).for_each(|line| println!("{line}"));
    print_set_ups()?;
    // Other work on the machine does not count to the processor time of this thread.
    let microseconds = || 1e6 * Clock::Thread.now();
    let run = Run::new(Form::Full, &microseconds);
    for group in GROUPS {
        let is_wanted = |row: &&Row| wanted.is_empty() || wanted.iter().any(|w| w == row.name);
        for row in group.rows.iter().filter(is_wanted) {
            let start = Instant::now();
            let lines = row.lines(&row.figures(&run)?);
            println!("science-group: {}\nscience-about: {} {}\n{}", group.title, row.name, row.about, lines.join("\n"));
            println!("science-seconds: {} {:.0}", row.name, start.elapsed().as_secs_f64());
            // Rows take minutes: each is shown when it is done, also through a pipe.
            let _ = std::io::stdout().flush();
        }
    }
    Ok(())
}

/// What the names of set-ups stand for.
fn print_set_ups() -> Result<()> {
    for (name, formula) in ACTIONS {
        println!("science-action: {name} | {formula}");
    }
    for line in table()? {
        let Line { kind, name, action, couplings, length, dimensions, reference } = line;
        let lattice = vec![length.to_string(); dimensions].join(" x ");
        println!("science-set-up: {kind} | {name} | {action} | {couplings} | {lattice} | {reference}");
    }
    Ok(())
}
