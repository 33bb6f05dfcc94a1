//! Build options of OpenCL programs: the cache of built kernels, and the folder of their sources.

use std::env;
use std::path::PathBuf;

/// Folders of built kernels and of their sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Folder in which built kernels are cached for the next process; None: no cache.
    pub cache: Option<PathBuf>,
    /// Folder to which sources are written; None: not written.
    pub sources: Option<PathBuf>,
}

impl Default for Options {
    /// Kernels are cached in the user's cache folder, `$XDG_CACHE_HOME/instanton` or `~/.cache/instanton`.
    fn default() -> Self {
        let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let caches = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
        Self { cache: caches.map(|caches| caches.join("instanton")), sources: None }
    }
}
