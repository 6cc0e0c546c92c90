//! From an expression to a filter: times resolved, needles built, cheap tests first.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::ast::{Bound, Expr, Flag, Op, Operand, Query, Right, Test};
use super::bounds::Bounds;
use super::check::{Check, Order};
use super::eval::{Field, Measure, MeasureCheck, Node, Source, Subject, Verdict};
use super::hits;
use super::needle::{Needle, Place};
use super::operands::operands;
use super::prefilter::Prefilter;
use super::when::{Context, millis};

/// A query that is ready to test records. Cheap to clone and shared between threads.
#[derive(Clone)]
pub struct Filter(Arc<Inner>);

struct Inner {
    query: Query,
    node: Node,
    prefilter: Prefilter,
    bounds: Bounds,
    needles: Vec<Needle>,
    operands: Vec<Operand>,
    uses_txn: bool,
    /// What cannot be read matches, in the place of what matches.
    undecodable: bool,
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({})", self.0.query)
    }
}

impl Filter {
    /// Makes a filter of the expression; stages have no part in it, but for [`Filter::uses_txn`].
    pub fn compile(query: &Query, cx: &Context) -> Self {
        Self(Arc::new(Inner::of(query, cx)))
    }

    /// A filter of the records whose values the tests of the expression ask into and cannot read: no JSON, or broken.
    pub fn undecodable(query: &Query, cx: &Context) -> Self {
        Self(Arc::new(Inner { undecodable: true, prefilter: Prefilter::default(), needles: Vec::new(), ..Inner::of(query, cx) }))
    }

    /// The query it was made from.
    pub fn query(&self) -> &Query {
        &self.0.query
    }

    /// Whether every record matches.
    pub fn is_everything(&self) -> bool {
        self.0.query.expr.is_none() && !self.0.undecodable
    }

    /// What the expression looks at, each operand once; verdicts name them by their places.
    pub fn operands(&self) -> &[Operand] {
        &self.0.operands
    }

    /// Whether [`Subject::txn`] is looked at: else it need not be looked up.
    pub fn uses_txn(&self) -> bool {
        self.0.uses_txn
    }

    pub fn matches(&self, subject: &Subject<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.matched = self.0.node.test(subject, &mut verdict);
        if self.0.undecodable {
            verdict.matched = verdict.not_json || verdict.broken;
        }
        verdict
    }

    /// What the raw bytes of every match contain.
    pub fn literals(&self) -> &Prefilter {
        &self.0.prefilter
    }

    /// Where matches can lie.
    pub fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    /// What to underline in a text that is shown of a matching record: byte ranges in ascending order, none empty, none
    /// overlapping, at most [`super::MAX_HITS`].
    pub fn hits(&self, text: &[u8]) -> Vec<Range<usize>> {
        hits::find(&self.0.needles, text)
    }
}

impl Inner {
    fn of(query: &Query, time: &Context) -> Self {
        let expr = query.expr.as_ref();
        let operands: Vec<Operand> = expr.map_or_else(Vec::new, |expr| operands(expr).into_iter().cloned().collect());
        let cx = Cx { time, operands: &operands };
        Self {
            node: expr.map_or(Node::True, |expr| node(expr, cx)),
            prefilter: expr.map_or_else(Prefilter::default, Prefilter::of),
            bounds: expr.map_or_else(Bounds::default, |expr| Bounds::of(expr, time)),
            needles: expr.map_or_else(Vec::new, hits::needles),
            uses_txn: expr.is_some_and(uses_txn) || query.operands().any(|operand| *operand == Operand::Txn),
            query: query.clone(),
            undecodable: false,
            operands,
        }
    }
}

/// What is known while nodes are made: what relative times are counted from, and the operands by their places.
#[derive(Clone, Copy)]
struct Cx<'a> {
    time: &'a Context,
    operands: &'a [Operand],
}

impl Cx<'_> {
    /// A comparison that tells of its operand.
    fn told(self, operand: &Operand, node: Node) -> Node {
        Node::Told(self.place(operand), Box::new(node))
    }

    /// Its place; of one too many, a place that is not told.
    fn place(self, operand: &Operand) -> u8 {
        self.operands.iter().position(|known| known == operand).and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
    }
}

fn uses_txn(expr: &Expr) -> bool {
    match expr {
        Expr::Or(parts) | Expr::And(parts) => parts.iter().any(uses_txn),
        Expr::Not(inner) => uses_txn(inner),
        Expr::Test(Test::Compare { left, .. } | Test::In { left, .. }) => *left == Operand::Txn,
        Expr::Test(_) => false,
    }
}

fn node(expr: &Expr, cx: Cx<'_>) -> Node {
    match expr {
        Expr::Or(parts) => Node::Any(sorted(parts, cx)),
        Expr::And(parts) => Node::All(sorted(parts, cx)),
        Expr::Not(inner) => Node::Not(Box::new(node(inner, cx))),
        Expr::Test(test) => self::test(test, cx),
    }
}

/// The cheap ones first: they decide most often before any text is read.
fn sorted(parts: &[Expr], cx: Cx<'_>) -> Vec<Node> {
    let mut nodes: Vec<_> = parts.iter().map(|part| node(part, cx)).collect();
    nodes.sort_by_key(cost);
    nodes
}

fn cost(node: &Node) -> u8 {
    match node {
        Node::True | Node::False | Node::Tombstone | Node::Keyless | Node::Measure(..) | Node::Txn(..) => 0,
        Node::Topic(_) | Node::Bytes(..) => 1,
        Node::Anywhere(Needle::Exact(..)) => 2,
        Node::Json(..) => 3,
        Node::Fields(..) => 4,
        Node::Anywhere(Needle::Regex(_)) => 5,
        Node::Not(inner) | Node::Told(_, inner) => cost(inner),
        Node::All(parts) | Node::Any(parts) => parts.iter().map(cost).max().unwrap_or(0),
    }
}

fn test(test: &Test, cx: Cx<'_>) -> Node {
    match test {
        Test::Text(text) => Node::Anywhere(Needle::text(text, Place::Anywhere)),
        Test::Matches(pattern) => Node::Anywhere(Needle::Regex(pattern.regex().clone())),
        Test::Compare { left, op, right: Right::Operand(right) } => match (field(left), field(right)) {
            (Some(one), Some(other)) => Node::Fields(one, *op, other, [cx.place(left), cx.place(right)]),
            _ => Node::False,
        },
        Test::Compare { left, op, right } => compare(left, *op, right, cx),
        Test::In { left, list } => listed(left, list, cx),
        Test::Between { left, low, high, open } => between(left, (low, high), *open, cx),
        Test::Exists(operand) => asked(operand, Check::Exists),
        Test::Holds(operand) => asked(operand, Check::Holds),
        Test::Flag(Flag::Tombstone) => Node::Tombstone,
        Test::Flag(Flag::Keyless) => Node::Keyless,
        Test::Bound(Bound::Since(when)) => Node::Measure(Measure::Time, MeasureCheck::Is(Order::Ge, when.resolve(cx.time))),
        Test::Bound(Bound::Until(when)) => Node::Measure(Measure::Time, MeasureCheck::Is(Order::Lt, when.resolve(cx.time))),
        Test::Bound(Bound::Partitions(all)) => {
            Node::Measure(Measure::Partition, MeasureCheck::In(all.iter().copied().map(i64::from).collect()))
        }
        Test::Bound(Bound::Last(_)) => Node::True,
    }
}

pub(super) fn source(operand: &Operand) -> Option<Source> {
    Some(match operand {
        Operand::Path(_) | Operand::Value => Source::Value,
        Operand::Key | Operand::KeyPath(_) => Source::Key,
        Operand::Header(name) | Operand::HeaderPath(name, _) => Source::Header(name.as_bytes().into()),
        _ => return None,
    })
}

pub(super) fn measure(operand: &Operand) -> Option<Measure> {
    Some(match operand {
        Operand::Partition => Measure::Partition,
        Operand::Offset => Measure::Offset,
        Operand::Time => Measure::Time,
        Operand::Size => Measure::Size,
        Operand::Age => Measure::Age,
        _ => return None,
    })
}

fn field(operand: &Operand) -> Option<Field> {
    Some(match operand {
        Operand::Path(path) | Operand::KeyPath(path) | Operand::HeaderPath(_, path) => Field::Json(source(operand)?, path.clone()),
        Operand::Key | Operand::Value | Operand::Header(_) => Field::Bytes(source(operand)?),
        Operand::Topic => Field::Topic,
        Operand::Txn => return None,
        _ => Field::Measure(measure(operand)?),
    })
}

/// A check of an operand that has text or JSON. Expressions that parsing would refuse match nothing.
fn asked(operand: &Operand, check: Check) -> Node {
    match operand {
        Operand::Topic => Node::Topic(check),
        Operand::Path(path) | Operand::KeyPath(path) | Operand::HeaderPath(_, path) => {
            source(operand).map_or(Node::False, |source| Node::Json(source, path.clone(), check))
        }
        _ => source(operand).map_or(Node::False, |source| Node::Bytes(source, check)),
    }
}

/// What a measure is compared with. A number that was written as one was found to be of 64 bits when it was parsed.
pub(super) fn number(right: &Right, cx: &Context) -> Option<i64> {
    Some(match right {
        Right::Number(number) => number.parse().ok()?,
        Right::Size(bytes) => i64::try_from(*bytes).unwrap_or(i64::MAX),
        Right::Duration(duration) => millis(*duration),
        Right::Time(when) => when.resolve(cx),
        _ => return None,
    })
}

fn compare(left: &Operand, op: Op, right: &Right, cx: Cx<'_>) -> Node {
    if let Some(measure) = measure(left) {
        return match (Order::of(op), number(right, cx.time)) {
            (Some(order), Some(number)) => Node::Measure(measure, MeasureCheck::Is(order, number)),
            _ => Node::False,
        };
    }
    if let (Operand::Txn, Right::Txn(outcome)) = (left, right) {
        return Node::Txn(vec![*outcome], op == Op::Eq);
    }
    check(op, right).map_or(Node::False, |check| cx.told(left, asked(left, check)))
}

fn check(op: Op, right: &Right) -> Option<Check> {
    Some(match (op, Order::of(op), right) {
        (Op::Matches | Op::NotMatches, _, Right::Pattern(pattern)) => {
            Check::Find(Needle::Regex(pattern.regex().clone()), op == Op::Matches)
        }
        (Op::Contains, _, Right::Text(text)) => Check::Find(Needle::text(text, Place::Anywhere), true),
        (Op::StartsWith, _, Right::Text(text)) => Check::Find(Needle::text(text, Place::Start), true),
        (Op::EndsWith, _, Right::Text(text)) => Check::Find(Needle::text(text, Place::End), true),
        (_, Some(order), Right::Text(text)) => Check::Text(order, text.text.as_bytes().into()),
        (_, Some(order), Right::Number(number)) => Check::Number(order, number.as_bytes().into()),
        (Op::Eq | Op::Ne, _, Right::Bool(want)) => Check::Bool(*want, op == Op::Eq),
        (Op::Eq | Op::Ne, _, Right::Null) => Check::Null(op == Op::Eq),
        _ => return None,
    })
}

fn listed(left: &Operand, list: &[Right], cx: Cx<'_>) -> Node {
    let fields = list.iter().filter_map(|right| match right {
        Right::Operand(operand) => Some(Node::Fields(field(left)?, Op::Eq, field(operand)?, [cx.place(left), cx.place(operand)])),
        _ => None,
    });
    let mut nodes: Vec<_> = fields.collect();
    if let Some(measure) = measure(left) {
        nodes.push(Node::Measure(measure, MeasureCheck::In(list.iter().filter_map(|right| number(right, cx.time)).collect())));
    } else if *left == Operand::Txn {
        let outcomes = list.iter().filter_map(|right| if let Right::Txn(outcome) = right { Some(*outcome) } else { None });
        nodes.push(Node::Txn(outcomes.collect(), true));
    } else {
        let checks: Vec<_> = list.iter().filter_map(|right| check(Op::Eq, right)).collect();
        if !checks.is_empty() {
            nodes.insert(0, cx.told(left, asked(left, Check::Any(checks))));
        }
    }
    if nodes.len() > 1 { Node::Any(nodes) } else { nodes.pop().unwrap_or(Node::False) }
}

fn between(left: &Operand, (low, high): (&Right, &Right), open: bool, cx: Cx<'_>) -> Node {
    if let Some(measure) = measure(left) {
        return match (number(low, cx.time), number(high, cx.time)) {
            (Some(low), Some(high)) if open => {
                high.checked_sub(1).map_or(Node::False, |high| Node::Measure(measure, MeasureCheck::Between(low, high)))
            }
            (Some(low), Some(high)) => Node::Measure(measure, MeasureCheck::Between(low, high)),
            _ => Node::False,
        };
    }
    match (check(Op::Ge, low), check(if open { Op::Lt } else { Op::Le }, high)) {
        (Some(low), Some(high)) => cx.told(left, asked(left, Check::Both(Box::new((low, high))))),
        _ => Node::False,
    }
}
