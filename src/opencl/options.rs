//! What programs of devices are built with: where kernels are kept, and where their sources are shown.

use std::env;
use std::path::PathBuf;

/// Folders of built kernels and of their sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where built kernels are kept for the next process; none: nowhere.
    pub cache: Option<PathBuf>,
    /// Where sources are written; none: nowhere.
    pub sources: Option<PathBuf>,
}

impl Default for Options {
    /// Kernels are kept in the user's cache folder, `$XDG_CACHE_HOME/instanton` or `~/.cache/instanton`.
    fn default() -> Self {
        let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let caches = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
        Self { cache: caches.map(|caches| caches.join("instanton")), sources: None }
    }
}
