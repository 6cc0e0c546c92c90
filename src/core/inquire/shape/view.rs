//! What was collected, as it is shown and printed.

use std::collections::BTreeMap;

use super::field::{Kind, Seen};
use super::{Collector, Format, NONE, Place};

/// The shape of a topic as far as it was read. Every figure is of [`Shape::records`], not of the topic.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// What was or is read, in words: "all", "the newest 2,000 and 15 slices".
    pub of: String,
    /// Offsets of the topic: records, where the log has no gaps.
    pub offsets: u64,
    /// Reading is done.
    pub done: bool,
    /// Why less was read than was meant to be.
    pub cut: Vec<String>,
    pub records: u64,
    /// Bytes of keys, values and headers.
    pub bytes: u64,
    pub first: Option<Place>,
    pub last: Option<Place>,
    /// What the values are.
    pub formats: BTreeMap<Format, Seen>,
    /// The key, headers, then the fields of values, members below what they are members of.
    pub fields: Vec<FieldView>,
    /// The most frequent first.
    pub shapes: Vec<ShapeView>,
    /// Records of shapes beyond those.
    pub other_shapes: u64,
    /// Records with fields beyond those.
    pub beyond: u64,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldView {
    /// As the query language writes it; holds foreign names.
    pub path: String,
    pub records: u64,
    /// Records that could have it: those with JSON, or all for keys and headers.
    pub of: u64,
    /// The most frequent first.
    pub kinds: Vec<KindView>,
    /// Written as JSON writes them; foreign.
    pub examples: Vec<Vec<u8>>,
    pub range: Option<(Vec<u8>, Vec<u8>)>,
    pub lengths: Option<(usize, usize)>,
    /// How many different values, and whether that is exact.
    pub distinct: (u64, bool),
}

/// A type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindView {
    pub kind: Kind,
    pub seen: Seen,
}

/// Records that all have the same fields with the same types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeView {
    pub seen: Seen,
    /// How many fields it has.
    pub fields: usize,
    /// What it has and the most frequent shape has not, and what it lacks, each with its type.
    pub more: Vec<(String, Kind)>,
    pub less: Vec<(String, Kind)>,
}

impl Collector {
    /// What was collected so far.
    pub fn view(&self) -> Shape {
        let json = self.formats.get(&Format::Json).map_or(0, |seen| seen.records);
        let mut shape = Shape {
            records: self.records,
            bytes: self.bytes,
            first: self.first,
            last: self.last,
            formats: self.formats.clone(),
            other_shapes: self.other_shapes,
            beyond: self.beyond,
            ..Shape::default()
        };
        let mut order: Vec<u32> = vec![super::KEY];
        let mut headers: Vec<u32> = self.headers.values().copied().collect();
        headers.sort_by_key(|node| self.nodes.get(*node as usize).map(|node| node.step.to_string()));
        order.extend(headers);
        self.below(super::ROOT, &mut order);
        for node in order {
            let Some(found) = self.nodes.get(node as usize).filter(|found| found.field.records > 0) else { continue };
            let of = if found.parent == NONE && node != super::ROOT { self.records } else { json };
            let field = &found.field;
            let mut kinds: Vec<KindView> = field.kinds.iter().map(|(kind, seen)| KindView { kind: *kind, seen: *seen }).collect();
            kinds.sort_by_key(|view| (std::cmp::Reverse(view.seen.records), view.kind));
            shape.fields.push(FieldView {
                path: self.path(node),
                records: field.records,
                of,
                kinds,
                examples: field.examples().map(<[u8]>::to_vec).collect(),
                range: field.least.as_ref().zip(field.most.as_ref()).map(|(least, most)| (least.to_vec(), most.to_vec())),
                lengths: field.lengths,
                distinct: field.distinct.count(),
            });
        }
        shape.shapes = self.shape_views();
        shape
    }

    /// A node and all below it, members in order of their first appearance.
    fn below(&self, top: u32, order: &mut Vec<u32>) {
        let mut todo = vec![top];
        while let Some(node) = todo.pop() {
            order.push(node);
            let Some(found) = self.nodes.get(node as usize) else { continue };
            let mut children: Vec<u32> = found.members.values().copied().chain(found.elements).collect();
            children.sort_unstable_by(|a, b| b.cmp(a));
            todo.extend(children);
        }
    }

    fn shape_views(&self) -> Vec<ShapeView> {
        let mut groups: Vec<_> = self.shapes.values().collect();
        groups.sort_by(|a, b| (b.seen.records, a.seen.first, &a.fields).cmp(&(a.seen.records, b.seen.first, &b.fields)));
        let usual = groups.first().map(|group| group.fields.to_vec()).unwrap_or_default();
        let without = |all: &[(std::sync::Arc<str>, Kind)], other: &[(std::sync::Arc<str>, Kind)]| -> Vec<(String, Kind)> {
            all.iter().filter(|part| other.binary_search(part).is_err()).map(|(path, kind)| (path.to_string(), *kind)).collect()
        };
        let view = |group: &&super::Group| ShapeView {
            seen: group.seen,
            fields: group.fields.len(),
            more: without(&group.fields, &usual),
            less: without(&usual, &group.fields),
        };
        groups.iter().map(view).collect()
    }
}
