//! From a group to code for its number of colours N.

/// Calls a function that is generic in N with the N of a group.
macro_rules! with_colours {
    ($group:expr, $call:ident($($argument:expr),* $(,)?)) => {
        match $group {
            $crate::group::Group::U1 => $call::<1>($($argument),*),
            $crate::group::Group::Su2 => $call::<2>($($argument),*),
            $crate::group::Group::Su3 => $call::<3>($($argument),*),
        }
    };
}

pub(crate) use with_colours;
