//! The page for people, in a browser and octet by octet.

mod aliases;
mod browser;
mod domains;
mod load;
mod login;
mod measured;
mod messages;
mod overview;
mod proxy;
mod sec;
mod sessions;
mod site;
mod table;
mod tokens;
mod worst;
