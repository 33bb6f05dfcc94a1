//! Values of a recording: their names and shapes.

/// A value in a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(pub(super) u32);

impl Node {
    /// Index in the recording.
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Shape of a value, per sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Channels: the slower index.
    pub channels: usize,
    /// Sites: the faster index.
    pub sites: usize,
    /// Numbers in f64: one, or one for each row where a repeat stacks them.
    pub wide: bool,
}

impl Shape {
    /// [channels, sites] in the network's precision.
    pub fn new(channels: usize, sites: usize) -> Self {
        Self { channels, sites, wide: false }
    }

    /// One number per sample in f64.
    pub const WIDE: Shape = Shape { channels: 1, sites: 1, wide: true };

    /// `count` numbers per sample in f64: rows of a repeat.
    pub fn wide(count: usize) -> Self {
        Self { channels: count, ..Self::WIDE }
    }

    /// Numbers per sample.
    pub fn count(&self) -> usize {
        self.channels * self.sites
    }
}
