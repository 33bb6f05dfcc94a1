//! Memory in lines of 64 bytes.

/// One number of each sample of a block.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([u8; 64]);

/// Lines that a worker computes in.
pub(super) struct Lines(Vec<Line>);

impl Lines {
    /// `count` lines of zeros.
    pub fn new(count: usize) -> Self {
        Self(vec![Line([0; 64]); count])
    }

    /// The first line.
    pub fn start(&mut self) -> *mut Line {
        self.0.as_mut_ptr()
    }
}
