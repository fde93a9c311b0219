//! What independent verifiers find in the mail that Onward hands on.

mod classes;
mod corpus;
mod from_field;
mod matrix;
mod once;
mod strict;
