//! Finds where in a tree a fault lies, and which keys are known there.
//!
//! A type of serde does not report where reading stopped, and for internally tagged enums nothing that watches the
//! reading can know either, because serde buffers them. But altered trees can be read as the same type: the place of a
//! fault is the one where a change of the tree changes the fault as expected, and an impossible key makes the type list
//! the possible ones.

use super::fault::Fault;
use super::value::Value;
use super::words::{TAGS, one_of};

/// Reads a tree as the wanted type, and returns the fault where it cannot be read.
pub type Probe<'a> = &'a dyn Fn(&Value) -> Option<Fault>;

/// Numbers of the children that lead from the root to a value.
type Path = Vec<usize>;

/// A key and a name that no type knows.
const NOBODY: &str = "\0";
/// Most places that are tried: a fault whose place is not found is reported without it.
const MOST_TRIALS: usize = 64;

/// The message for a fault: where, what, expected, got, and the keys that are known there.
pub fn explain(root: &Value, fault: &Fault, probe: Probe) -> String {
    let place = places(root, fault).find(|path| is_place(root, path, fault, probe));
    let mut object = place.clone().unwrap_or_default();
    if matches!(fault, Fault::WrongValue { .. }) {
        object.pop();
    }
    while !matches!(node(root, &object), Value::Map(_)) && object.pop().is_some() {}
    let mut message = place.map_or(String::new(), |path| name(root, &path));
    message += &fault.to_string();
    if let Fault::MissingKey(key) = fault {
        let named = changed(root, &object, &|map| set(map, key, Value::Text(NOBODY.to_string())));
        if let Some(Fault::UnknownName { known, .. }) = probe(&named) {
            message += &format!(" (one of {})", one_of(known));
        }
    }
    message + &known_keys(root, &object, probe)
}

/// `; known keys: a, b` for the object at `path`.
pub fn known_keys(root: &Value, path: &[usize], probe: Probe) -> String {
    let is_tag = |tag: &&str| {
        let tried = changed(root, path, &|map| set(map, tag, Value::Text(NOBODY.to_string())));
        matches!(probe(&tried), Some(Fault::UnknownName { name, .. }) if name == NOBODY)
    };
    let mut keys: Vec<&str> = TAGS.into_iter().filter(is_tag).collect();
    if let Some(Fault::UnknownKey { known, .. }) = probe(&changed(root, path, &|map| set(map, NOBODY, Value::Null))) {
        keys.extend(known.iter().filter(|key| !TAGS.contains(key)));
    }
    if keys.is_empty() { String::new() } else { format!("; known keys: {}", keys.join(", ")) }
}

/// Sets a key of an object, at its front where it is new, so that the type reads it first.
fn set(map: &mut Value, key: &str, value: Value) {
    if let Value::Map(entries) = map {
        match entries.iter_mut().find(|(known, _)| known == key) {
            Some(entry) => entry.1 = value,
            None => entries.insert(0, (key.to_string(), value)),
        }
    }
}

fn rename(map: &mut Value, key: &str, new: &str) {
    if let Value::Map(entries) = map {
        entries.iter_mut().filter(|(known, _)| known == key).for_each(|entry| entry.0 = new.to_string());
    }
}

/// True where a change at `path` changes the fault as it does at the place of the fault.
fn is_place(root: &Value, path: &Path, fault: &Fault, probe: Probe) -> bool {
    let new = |text: &str| format!("{text}{NOBODY}");
    let altered = changed(root, path, &|value| match fault {
        Fault::UnknownKey { key, .. } => rename(value, key, &new(key)),
        // At the end: a key of the same name that may be missing is met after the fault, and does not hide it.
        Fault::MissingKey(key) => {
            if let Value::Map(entries) = value {
                entries.push((key.to_string(), Value::Impossible));
            }
        }
        Fault::UnknownName { name, .. } => *value = Value::Text(new(name)),
        _ => *value = Value::Impossible,
    });
    match (fault, probe(&altered)) {
        (Fault::UnknownKey { key, .. }, Some(Fault::UnknownKey { key: now, .. })) => now == new(key),
        (Fault::UnknownName { name, .. }, Some(Fault::UnknownName { name: now, .. })) => now == new(name),
        (Fault::WrongValue { expected, .. }, Some(Fault::WrongValue { got, expected: now })) => {
            *expected == now && got == Value::Impossible.describe()
        }
        (Fault::MissingKey(key), Some(Fault::UnknownKey { key: now, .. })) => now != *key,
        (Fault::MissingKey(_), now) => now.as_ref() != Some(fault),
        _ => false,
    }
}

/// The places where a fault can lie, judged by the tree alone.
fn places<'a>(root: &'a Value, fault: &'a Fault) -> impl Iterator<Item = Path> + 'a {
    let mut open = vec![Path::new()];
    let walk = std::iter::from_fn(move || {
        let path = open.pop()?;
        let count = children(node(root, &path));
        // The last child goes onto the stack first, so that values come in the order of the text.
        open.extend((0..count).rev().map(|child| path.iter().copied().chain([child]).collect()));
        Some(path)
    });
    let has = |value: &Value, key: &str| matches!(value, Value::Map(map) if map.iter().any(|(known, _)| known == key));
    let fits = move |path: &Path| match (fault, node(root, path)) {
        (Fault::UnknownKey { key, .. }, value) => has(value, key),
        (Fault::MissingKey(key), value) => matches!(value, Value::Map(_)) && !has(value, key),
        (Fault::UnknownName { name, .. }, Value::Text(text)) => name == text,
        (Fault::WrongValue { got, .. }, value) => value.describe() == *got,
        _ => false,
    };
    walk.filter(fits).take(MOST_TRIALS)
}

fn children(value: &Value) -> usize {
    match value {
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    }
}

fn node<'a>(root: &'a Value, path: &[usize]) -> &'a Value {
    path.iter().fold(root, |value, &child| match value {
        Value::List(list) => &list[child],
        Value::Map(map) => &map[child].1,
        leaf => leaf,
    })
}

/// A copy of the tree, changed at `path`.
fn changed(root: &Value, path: &[usize], change: &dyn Fn(&mut Value)) -> Value {
    let mut copy = root.clone();
    change(path.iter().fold(&mut copy, |value, &child| match value {
        Value::List(list) => &mut list[child],
        Value::Map(map) => &mut map[child].1,
        leaf => leaf,
    }));
    copy
}

/// `kernels[1].step: ` for a path, nothing for the root.
fn name(root: &Value, path: &[usize]) -> String {
    let mut text = String::new();
    for depth in 0..path.len() {
        match node(root, &path[..depth]) {
            Value::Map(map) if text.is_empty() => text += &map[path[depth]].0,
            Value::Map(map) => text += &format!(".{}", map[path[depth]].0),
            _ => text += &format!("[{}]", path[depth]),
        }
    }
    if text.is_empty() { text } else { text + ": " }
}
