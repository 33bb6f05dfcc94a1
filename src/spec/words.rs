//! How messages show texts and choices, and the keys that choose between variants.

/// The keys by which specs choose between variants.
pub const TAGS: [&str; 2] = ["type", "form"];

/// A text in single quotes, cut where it is long.
pub fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let shown: String = text.chars().take(SHOWN).collect();
    let dots = if shown.len() < text.len() { "..." } else { "" };
    format!("'{}{dots}'", shown.escape_default())
}

/// A choice of names as a message shows it.
pub fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    quoted.join(" or ")
}
