//! Register tiles: how many output channels a kernel holds at once.

/// Output channels in the widest tile, for a register file of this many vectors.
pub(super) fn widest(registers: usize) -> usize {
    if registers >= 32 { 8 } else { 4 }
}

/// Splits output channels into tiles (first, width) of at most `widest` and otherwise 4, 2 or 1 channels.
pub(super) fn tiles(outputs: usize, widest: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = outputs - first;
        let width = [widest, 4, 2, 1].into_iter().find(|&w| w <= left)?;
        first += width;
        Some((first - width, width))
    })
}
