//! The page for people, in a browser and octet by octet.

mod browser;
mod load;
mod login;
mod messages;
mod sec;
mod sessions;
mod site;
mod table;
