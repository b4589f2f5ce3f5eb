//! What a job says of whom to look for.

use super::release::Purpose;
use crate::expression::Expression;

/// `[[cohort]]`: people who meet a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    pub id: String,
    pub name: String,
    /// `where` as it was written.
    pub text: String,
    /// `where` as it was read.
    pub rule: Expression,
    /// Columns of its table beside person_id.
    pub columns: Vec<String>,
    pub purpose: Purpose,
    /// What orders its people, the most important first; then the person_id.
    pub order_by: Vec<Order>,
    /// At most so many people, the first in that order.
    pub limit: Option<usize>,
}

/// A column of `order_by`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub column: String,
    pub descending: bool,
}

impl Cohort {
    /// Tells this definition from any that may choose other people.
    pub fn definition_hash(&self) -> String {
        let order = self.order_by.iter().map(|order| format!("{} {}\n", order.column, order.descending));
        let text = format!("onefolk cohort 1\n{}\n{:?}\n{}", self.text, self.limit, order.collect::<String>());
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// The columns that its rule and its order look at, which decide who is in it.
    pub fn asks_for(&self) -> impl Iterator<Item = &String> {
        self.rule.columns().iter().chain(self.order_by.iter().map(|order| &order.column))
    }

    /// Does its rule or its order look at one of these columns?
    pub fn looks_at(&self, columns: &[String]) -> bool {
        self.asks_for().any(|column| columns.contains(column))
    }
}
