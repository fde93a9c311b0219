//! The page for people, in a browser and octet by octet.

mod aliases;
mod asked;
mod browser;
mod domains;
mod hosts;
mod load;
mod login;
mod made_by;
mod measured;
mod messages;
mod new_owner;
mod overview;
mod proxy;
mod rows;
mod sec;
mod sessions;
pub(crate) mod site;
mod table;
mod tokens;
mod told;
mod worst;
