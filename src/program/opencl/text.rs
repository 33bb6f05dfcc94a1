//! Text of OpenCL C: lines and numbers.

/// Writes a line of text to a string, which cannot fail.
macro_rules! put {
    ($to:expr, $($text:tt)*) => { let _ = writeln!($to, $($text)*); };
}
pub(super) use put;

/// A float literal.
pub(super) fn single(x: f32) -> String {
    special(f64::from(x)).map_or_else(|| format!("{x:?}f"), Into::into)
}

/// A double literal.
pub(super) fn double(x: f64) -> String {
    special(x).map_or_else(|| format!("{x:?}"), Into::into)
}

fn special(x: f64) -> Option<&'static str> {
    match x {
        x if x.is_nan() => Some("NAN"),
        f64::INFINITY => Some("INFINITY"),
        f64::NEG_INFINITY => Some("-INFINITY"),
        _ => None,
    }
}

/// A wide number in two floats, the larger last.
pub(super) fn split(x: f64) -> [f32; 2] {
    let high = x as f32;
    [if high.is_finite() { (x - f64::from(high)) as f32 } else { 0.0 }, high]
}
