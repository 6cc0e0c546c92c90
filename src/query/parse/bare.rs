//! Which texts can be written without quotes, found by reading them.

use super::understand;
use crate::query::ast::{Expr, Right, Test, Text};

/// Whether text to find may be written without quotes.
pub(in crate::query) fn stands_bare(text: &str) -> bool {
    let want = Expr::Test(Test::Text(Text { text: text.into(), quoted: false }));
    understand(text).is_ok_and(|(query, _)| query.expr == Some(want))
}

/// The same behind `contains` and its kin.
pub(in crate::query) fn value_stands_bare(text: &str) -> bool {
    let want = Right::Text(Text { text: text.into(), quoted: false });
    understand(&format!(". contains {text}"))
        .is_ok_and(|(query, _)| matches!(query.expr, Some(Expr::Test(Test::Compare { right, .. })) if right == want))
}
