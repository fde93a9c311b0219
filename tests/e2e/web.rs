//! The page for people, in a browser and octet by octet.

mod browser;
mod domains;
mod load;
mod login;
mod overview;
mod sec;
mod sessions;
mod site;
mod table;
