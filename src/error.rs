//! The one error type: every message names its subject, the expected value and the one that was got.

/// What can go wrong; each variant is one status of the C interface.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A required pointer was NULL.
    #[error("{0}: expected a pointer, got NULL")]
    NullArgument(String),
    /// A spec: syntax, unknown key, missing key, value out of range.
    #[error("{0}")]
    BadSpec(String),
    /// Sizes of objects or arrays do not fit each other.
    #[error("{0}")]
    BadShape(String),
    /// Numbers that have no meaning: NaN, infinity, a wrong checksum.
    #[error("{0}")]
    BadInput(String),
    /// A file could not be read or written.
    #[error("{0}")]
    Io(String),
    /// An iteration ended before its tolerance; the message gives iterations and residual.
    #[error("{0}")]
    NotConverged(String),
    /// The requested device is not there.
    #[error("{0}")]
    NoDevice(String),
    /// A callback asked to stop.
    #[error("{0}")]
    Stopped(String),
    /// A combination that has no meaning or is not provided.
    #[error("{0}")]
    Unsupported(String),
    /// A defect of this library.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// The number of this error in the C interface (`inst_status`).
    pub fn status(&self) -> i32 {
        match self {
            Error::NullArgument(_) => 1,
            Error::BadSpec(_) => 2,
            Error::BadShape(_) => 3,
            Error::BadInput(_) => 4,
            Error::Io(_) => 5,
            Error::NotConverged(_) => 6,
            Error::NoDevice(_) => 7,
            Error::Stopped(_) => 8,
            Error::Unsupported(_) => 9,
            Error::Internal(_) => 99,
        }
    }

    /// True for an error of `memory`: there was no memory for an array.
    pub fn is_shortage(&self) -> bool {
        matches!(self, Error::BadShape(message) if message.ends_with("bytes, got none"))
    }

    /// The same error, its message led by where it happened: `place: message`.
    pub fn within(mut self, place: &str) -> Self {
        self.message_mut().insert_str(0, &format!("{place}: "));
        self
    }

    /// The same error, its message followed by that of another one: `message; other`.
    pub fn followed_by(mut self, other: &Self) -> Self {
        self.message_mut().push_str(&format!("; {other}"));
        self
    }

    fn message_mut(&mut self) -> &mut String {
        match self {
            Error::NullArgument(message)
            | Error::BadSpec(message)
            | Error::BadShape(message)
            | Error::BadInput(message)
            | Error::Io(message)
            | Error::NotConverged(message)
            | Error::NoDevice(message)
            | Error::Stopped(message)
            | Error::Unsupported(message)
            | Error::Internal(message) => message,
        }
    }
}

/// The result of every call that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Checks a length, naming the array: `field: expected 64 numbers, got 63`.
pub fn expect_length(what: &str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(Error::BadShape(format!("{what}: expected {expected} numbers, got {got}")))
}

/// Checks that every number is finite, naming the array and the first bad index.
pub fn expect_finite(what: &str, numbers: &[f64]) -> Result<()> {
    match numbers.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => Err(Error::BadInput(format!("{what}: expected finite numbers, got {} at index {i}", numbers[i]))),
    }
}
