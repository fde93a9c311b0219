//! Who made a token, as it is kept: in words, and by which session.

use crate::{
    account::Label,
    token::{Maker, TokenId},
};

/// Stands before the name that a proxy said.
const PROXIED: &str = "user ";
/// Stands for whoever runs the server.
const COMMAND_LINE: &str = "command line";

/// What the columns `made_by` and `session` have of who made a token: of a session, whose it is.
pub(super) fn maker_columns(maker: &Maker) -> (Option<String>, Option<String>) {
    let name = match maker {
        Maker::CommandLine => Some(COMMAND_LINE.to_owned()),
        Maker::Session { label, .. } => label.as_ref().map(ToString::to_string),
        Maker::Proxied(name) => Some(format!("{PROXIED}{name}")),
    };
    (name, maker.session().map(|id| id.to_string()))
}

/// Who that is; `None` where nobody noted it.
///
/// # Errors
/// When the columns hold something else.
pub(super) fn maker_from(
    made_by: Option<String>,
    session: Option<String>,
) -> Result<Option<Maker>, String> {
    if let Some(session) = session {
        let id = TokenId::parse(&session).ok_or_else(|| format!("{session:?} is no session id"))?;
        let label = made_by.map(|text| Label::parse(&text)).transpose();
        let label = label.map_err(|error| error.to_string())?;
        return Ok(Some(Maker::Session { id, label }));
    }
    made_by
        .map(|text| match text.strip_prefix(PROXIED) {
            Some(name) => Ok(Maker::Proxied(name.to_owned())),
            None if text == COMMAND_LINE => Ok(Maker::CommandLine),
            None => Err(format!("{text:?} makes no tokens")),
        })
        .transpose()
}
