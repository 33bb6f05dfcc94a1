//! The kinds of objects: the first word of an object gives the type behind it. `objects.rs` gives each kind its type.

/// Types that objects of the C interface hold.
///
/// # Safety
/// No two types have the same kind: the kind alone decides as what type a host's pointer is read. Implementations are
/// rows of the table in `objects.rs`, where two rows cannot share a kind.
pub unsafe trait Object: Send + Sync {
    /// The kind of the objects that hold this type.
    const KIND: Kind;
}

macro_rules! kinds {
    ($($kind:ident, $name:literal;)*) => {
        /// A kind of objects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = concat!("Objects of the header's inst_", $name, ".")] $kind,)*
        }

        /// Names of the kinds, in the order of their numbers.
        pub(super) const NAMES: &[&str] = &[$($name),*];
    };
}

kinds! {
    Context, "context";
    Lattice, "lattice";
    Action, "action";
    Model, "model";
    Proposal, "proposal";
    Chain, "chain";
    Gauge, "gauge";
    Dirac, "dirac";
    Layout, "layout";
    Ladder, "ladder";
}
