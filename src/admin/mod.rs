//! What an administrator can do, as functions.

mod explain;

pub use explain::{Explanation, Question, explain};
