//! Where is my mail.

mod story;
