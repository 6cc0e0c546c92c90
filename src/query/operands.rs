//! What an expression looks at, for saying how a query is run.

use super::ast::{Expr, Operand, Right, Test};

/// Every operand of an expression in the order in which they are written, each once.
pub fn operands(expr: &Expr) -> Vec<&Operand> {
    let mut all = Vec::new();
    collect(expr, &mut all);
    all
}

fn collect<'e>(expr: &'e Expr, all: &mut Vec<&'e Operand>) {
    let mut add = |operand: &'e Operand| {
        if !all.contains(&operand) {
            all.push(operand);
        }
    };
    match expr {
        Expr::Or(parts) | Expr::And(parts) => parts.iter().for_each(|part| collect(part, all)),
        Expr::Not(inner) => collect(inner, all),
        Expr::Test(Test::Compare { left, right, .. }) => {
            add(left);
            if let Right::Operand(right) = right {
                add(right);
            }
        }
        Expr::Test(Test::In { left, .. } | Test::Between { left, .. } | Test::Exists(left) | Test::Holds(left)) => add(left),
        Expr::Test(Test::Text(_) | Test::Matches(_) | Test::Flag(_) | Test::Bound(_)) => {}
    }
}
