//! The page for people.

mod messages;
