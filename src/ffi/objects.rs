//! The type that objects of each kind hold, in one table.

use super::action::ActionObject;
use super::gauge::GaugeObject;
use super::kinds::{Kind, Object};
use super::ladder::LadderObject;
use super::lattice::LatticeObject;
use super::layout::LayoutObject;
use super::model::ModelObject;
use super::proposal::ProposalObject;
use crate::context::Context;
use crate::dirac::Dirac;
use crate::markov::Chain;
use std::sync::Arc;

macro_rules! objects {
    ($($kind:ident, $content:ty;)*) => {
        $(
            // SAFETY: this row alone has this kind: a second one would make two modules of the same name below.
            unsafe impl Object for $content {
                const KIND: Kind = Kind::$kind;
            }
        )*

        /// A module for each kind, so that two rows with one kind do not compile.
        #[allow(non_snake_case)]
        mod rows_of {
            $(mod $kind {})*
        }

        /// Kind and type of each row.
        #[cfg(test)]
        fn rows() -> Vec<(Kind, std::any::TypeId)> {
            vec![$((<$content as Object>::KIND, std::any::TypeId::of::<$content>())),*]
        }
    };
}

objects! {
    Context, Arc<Context>;
    Lattice, LatticeObject;
    Action, ActionObject;
    Model, ModelObject;
    Proposal, ProposalObject;
    Chain, Chain;
    Gauge, GaugeObject;
    Dirac, Dirac;
    Layout, LayoutObject;
    Ladder, LadderObject;
}

#[cfg(test)]
mod tests {
    use super::super::kinds::NAMES;
    use super::*;
    use std::collections::HashSet;
    use std::{fs, path::Path};

    #[test]
    fn each_type_has_a_kind_and_a_name_of_its_own() {
        let rows = rows();
        for (number, (kind, _)) in rows.iter().enumerate() {
            assert_eq!(*kind as usize, number);
        }
        assert_eq!(rows.iter().map(|(_, content)| content).collect::<HashSet<_>>().len(), rows.len());
        assert_eq!(NAMES.iter().collect::<HashSet<_>>().len(), rows.len());
    }

    #[test]
    fn the_table_alone_gives_kinds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi");
        let sources = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let with_kinds = sources.filter(|path| {
            path.extension().is_some_and(|end| end == "rs")
                && fs::read_to_string(path).unwrap().contains(concat!("impl ", "Object for"))
        });
        let names: Vec<_> = with_kinds.map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["objects.rs"]);
    }
}
