//! Text of OpenCL C: lines and numbers.

/// Writes a line of text to a string, which cannot fail.
macro_rules! put {
    ($to:expr, $($text:tt)*) => { let _ = writeln!($to, $($text)*); };
}
pub(super) use put;

/// A float.
pub(super) fn single(x: f32) -> String {
    special(f64::from(x)).map_or_else(|| format!("{x:?}f"), Into::into)
}

/// A double.
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
