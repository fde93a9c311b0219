//! All aliases that a search finds, on whatever page of the list: they are found anew, shown in short, and something is
//! done with them only when that is confirmed, and if they are still as many.

use super::{
    super::{
        form::Fields, outside::outside, parts::Field, shell::Tab, texts::Texts, trouble::Trouble,
        visitor::Visitor,
    },
    actions::{Action, Picked},
    list::may_see,
    query::Query as Sought,
};
use crate::{admin::aliases, clock};
use axum::body::Body;
use hyper::{Response, StatusCode};
use maud::{Markup, html};
use std::time::Duration;
use tokio::time::timeout;

/// Most aliases that are changed at once.
pub(super) const MOST: usize = 1_000;
/// From more than this on, a removal is confirmed by typing how many go.
const TYPED: usize = 100;
/// Aliases that are asked of the store at once.
const PAGE: usize = 500;
/// How long is searched: what takes longer is no search to change anything by.
const PATIENCE: Duration = Duration::from_secs(10);
/// Aliases that are named.
const NAMED: usize = 10;

/// What came of a search.
pub(super) enum Found {
    /// These, which are all.
    All(Vec<Picked>),
    /// More than [`MOST`].
    TooMany,
    /// It takes too long.
    Late,
}

/// Finds all.
///
/// # Errors
/// When the store fails.
pub(super) async fn find(visitor: &Visitor, sought: &Sought) -> Result<Found, Trouble> {
    match timeout(PATIENCE, found(visitor, sought)).await {
        Ok(found) => found,
        Err(_) => Ok(Found::Late),
    }
}

async fn found(visitor: &Visitor, sought: &Sought) -> Result<Found, Trouble> {
    let store = &visitor.site.store;
    let Some(filter) = sought.filter(&visitor.role, clock::now()) else {
        return Ok(Found::All(Vec::new()));
    };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = aliases::page(store, &filter, after.as_ref(), PAGE).await?;
        let seen = page.found.iter().map(|(alias, _)| alias);
        let seen = seen.filter(|alias| may_see(&visitor.role, alias.address().domain()));
        all.extend(seen.map(Picked::of));
        if all.len() > MOST {
            return Ok(Found::TooMany);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(Found::All(all)),
        }
    }
}

/// Whether what is to be done may be done with all of a search. What else there is is for those that somebody ticked.
pub(super) fn is_for_all(action: &Action) -> bool {
    matches!(action, Action::Switch(_) | Action::Remove)
}

/// Whether what was sent confirms that something is done with so many.
pub(super) fn is_sure(sent: &Fields, action: &Action, count: usize) -> bool {
    let is_typed = *action == Action::Remove && count > TYPED;
    let number = count.to_string();
    // With whatever stands between groups of digits.
    let typed: String =
        sent.one("typed").chars().filter(|c| !matches!(c, '.' | ',' | ' ')).collect();
    sent.one("sure") == number && (!is_typed || typed == number)
}

/// The page that asks whether it is meant.
pub(super) fn ask(
    visitor: &Visitor,
    sought: &Sought,
    action: &Action,
    sent: &Fields,
    all: &[Picked],
) -> Response<Body> {
    let texts = visitor.texts;
    let count = || [("count", all.len().into())];
    let (question, button) = match action {
        Action::Switch(true) => {
            (texts.say("aliases-all-enable", &count()), texts.say("aliases-enable", &[]))
        }
        Action::Switch(false) => {
            (texts.say("aliases-all-disable", &count()), texts.say("aliases-disable", &[]))
        }
        _ => (texts.say("aliases-all-delete", &count()), texts.say("aliases-remove", &[])),
    };
    let is_typed = *action == Action::Remove && all.len() > TYPED;
    // Nothing is wrong with what was not yet asked for.
    let was_asked = sent.has("sure");
    let is_other = was_asked && sent.one("sure") != all.len().to_string();
    let wrong = texts.say("aliases-all-typed-wrong", &count());
    let content = html! {
        p .lead { (question) }
        @if is_other { p .error role="alert" { (texts.say("aliases-all-other", &[])) } }
        (names(texts, all))
        form method="post" action="/aliases/many" {
            input type="hidden" name="all" value="yes";
            input type="hidden" name="do" value=(sent.one("do"));
            input type="hidden" name="back" value=(sought.print());
            input type="hidden" name="sure" value=(all.len());
            @if is_typed {
                (Field {
                    name: "typed",
                    label: &texts.say("aliases-all-typed", &count()),
                    value: "",
                    error: (was_asked && !is_other).then_some(wrong.as_str()),
                    required: true,
                    ..Field::default()
                }.markup())
            }
            div .buttons {
                button .main[*action != Action::Remove] .danger[*action == Action::Remove] { (button) }
                a href=(sought.place()) { (texts.say("aliases-all-not", &[])) }
            }
        }
    };
    let status = match was_asked {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::OK,
    };
    visitor.page_with(status, Tab::Aliases, &texts.say("aliases-all-title", &[]), &content)
}

fn names(texts: Texts, all: &[Picked]) -> Markup {
    html! {
        ul .names {
            @for one in all.iter().take(NAMED) { li { (outside(&one.address.to_string())) } }
            @if let Some(more @ 1..) = all.len().checked_sub(NAMED) {
                li { (texts.say("aliases-more", &[("count", more.into())])) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_go_only_when_their_number_is_typed() {
        let sure = |sent: &str, action: &Action, count| {
            is_sure(&Fields::parse(sent.as_bytes()), action, count)
        };
        let off = Action::Switch(false);
        for (sent, action, count, is) in [
            ("sure=100", &Action::Remove, 100, true),
            ("", &Action::Remove, 100, false),
            ("sure=99", &Action::Remove, 100, false),
            ("sure=101", &Action::Remove, 101, false),
            ("sure=101&typed=11", &Action::Remove, 101, false),
            ("sure=101&typed=101", &Action::Remove, 101, true),
            ("sure=1000&typed=1.000", &Action::Remove, 1000, true),
            ("sure=101", &off, 101, true),
        ] {
            assert_eq!(sure(sent, action, count), is, "{sent} {action:?} {count}");
        }
    }
}
