//! The page for people, in a browser and octet by octet.

mod browser;
mod load;
mod login;
mod sec;
mod site;
mod table;
