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

/// Runs a sweep compiled for tiles of `width` channels; the lists give the sites, or what else is tiled with them, that
/// fill 32 registers beside 8, 4, 2 and 1 channels, and 16 or fewer registers beside 4, 2 and 1.
macro_rules! sweep {
    ($lanes:ident, $width:expr, $sweep:ident($tile:expr), [$a:literal, $b:literal, $c:literal, $d:literal],
     [$e:literal, $f:literal, $g:literal]) => {
        match ($width, $lanes::REGISTERS >= 32) {
            (8, _) => $lanes::isolate($sweep::<$lanes, 8, $a>($tile)),
            (4, true) => $lanes::isolate($sweep::<$lanes, 4, $b>($tile)),
            (2, true) => $lanes::isolate($sweep::<$lanes, 2, $c>($tile)),
            (_, true) => $lanes::isolate($sweep::<$lanes, 1, $d>($tile)),
            (4, false) => $lanes::isolate($sweep::<$lanes, 4, $e>($tile)),
            (2, false) => $lanes::isolate($sweep::<$lanes, 2, $f>($tile)),
            (_, false) => $lanes::isolate($sweep::<$lanes, 1, $g>($tile)),
        }
    };
}
pub(super) use sweep;
