//! How a field is cut into the parts that layers see.

use super::checkerboard::Checkerboard;
use crate::error::Result;
use crate::program::{Node, Recorder, Stencil};

/// Parts of a field, by the maps between the field and each of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// Without parts the whole field is the only one.
    parts: Vec<Part>,
}

/// Maps of one part.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    /// From the field to the part.
    pick: Stencil,
    /// From the part to the field, zero elsewhere.
    spread: Stencil,
}

impl Partition {
    /// The whole field.
    pub fn whole() -> Self {
        Self { parts: vec![] }
    }

    /// The even and the odd sites.
    pub fn checkerboard(board: &Checkerboard) -> Result<Self> {
        let part = |parity| Ok(Part { pick: board.pick(parity)?, spread: board.spread(parity)? });
        Ok(Self { parts: vec![part(0)?, part(1)?] })
    }

    /// Records the parts of a field.
    pub fn split(&self, recorder: &mut Recorder, field: Node) -> Vec<Node> {
        if self.parts.is_empty() {
            return vec![field];
        }
        self.parts.iter().map(|part| recorder.map(field, &part.pick)).collect()
    }

    /// Records the field of some parts.
    pub fn join(&self, recorder: &mut Recorder, parts: &[Node]) -> Node {
        let mut field: Option<Node> = None;
        for (part, &node) in self.parts.iter().zip(parts) {
            let own = recorder.map(node, &part.spread);
            field = Some(field.map_or(own, |field| recorder.add(field, own)));
        }
        field.unwrap_or(parts[0])
    }
}
