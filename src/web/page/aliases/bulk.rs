//! What is done with aliases from their list: with those that are picked, or with all that a search finds; and taking it back.

use super::{
    super::{
        faults,
        form::{Fields, Form},
        notices::{Notice, Undo},
        texts::Texts,
        trouble::Trouble,
        visitor::Visitor,
    },
    actions::{Action, Done, MAX_PICKED, Picked, Why, act},
    all::{self, Found},
    list::{list, may_see},
    query::Query as Sought,
    rows::Bulk,
    undo::{self, NotUndone, Undone},
};
use crate::{address::Domain, clock, web::problem::Problem};
use axum::body::Body;
use hyper::{Response, StatusCode};

/// Aliases that are left out, and named.
const TOLD: usize = 5;

/// `POST /aliases/many`: something is done with each alias that is picked.
pub(super) async fn change(
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let back = Fields::parse(fields.one("back").as_bytes());
    let sought = Sought::read(&back, &visitor.role);
    let bulk = Bulk::typed(&fields);
    // A button of one row names the alias, and what is to be done.
    let (word, picked) = match fields.one("one").split_once(' ') {
        Some((word, value)) => (word, Picked::parse(value).into_iter().collect()),
        None => {
            let picked: Vec<_> = fields.all("pick").filter_map(Picked::parse).collect();
            (fields.one("do"), picked)
        }
    };
    let is_of_all = fields.has("all") && !fields.has("one");
    let action = match Action::of(word, &bulk.note, &bulk.old, &bulk.new) {
        Ok(action) if is_of_all => match all_of(&visitor, &fields, &sought, action).await? {
            Asked::Sure(action, all) => Ok((action, all)),
            Asked::Not(response) => return Ok(response),
            Asked::Wrong(problem) => Err(problem),
        },
        Ok(action) => checked(visitor.texts, picked.clone()).map(|picked| (action, picked)),
        Err(problem) => Err(problem),
    };
    let (action, picked) = match action {
        Ok(action) => action,
        Err(problem) => {
            let (errors, _) = faults::of_problem(visitor.texts, problem);
            let bulk = Bulk { wrong: errors.into_iter().next(), picked, ..bulk };
            return list(&visitor, StatusCode::UNPROCESSABLE_ENTITY, &sought, &bulk).await;
        }
    };
    let may_see = |domain: Option<&Domain>| may_see(&visitor.role, domain);
    let done = act(&visitor.site.store, may_see, &action, picked).await?;
    for (address, _) in done.failed.iter().filter(|(_, why)| *why == Why::Changed) {
        tracing::debug!(alias = %address, "alias not changed, as somebody else did");
    }
    let did = match action {
        Action::Switch(true) => "alias enabled",
        Action::Switch(false) => "alias disabled",
        Action::Remove => "alias removed",
        Action::Edit(_) => "alias changed",
    };
    done.steps.iter().for_each(|step| visitor.did(did, step.address()));
    let place = match fields.one("to") {
        // From the page of the alias: back to it, as long as it is there.
        "alias" if word != "delete" => {
            match fields.one("one").split_once(' ').and_then(|(_, it)| Picked::parse(it)) {
                Some(picked) => super::place_of(&picked.address),
                None => sought.place(),
            }
        }
        _ => sought.place(),
    };
    let notice = tell(&visitor, &action, done, &place);
    Ok(visitor.done(notice, &place))
}

/// Those that are picked, if that are some, and not too many.
fn checked(texts: Texts, picked: Vec<Picked>) -> Result<Vec<Picked>, Problem> {
    let what = match picked.len() {
        0 => texts.say("aliases-none-picked", &[]),
        1..=MAX_PICKED => return Ok(picked),
        count => {
            let args = [("count", count.into()), ("most", MAX_PICKED.into())];
            texts.say("aliases-too-many-picked", &args)
        }
    };
    Err(Problem::field("do", what, ""))
}

/// What came of asking for something to be done with all that a search finds.
enum Asked {
    /// It is to be done with these.
    Sure(Action, Vec<Picked>),
    /// Whether it is meant is asked first.
    Not(Response<Body>),
    /// It cannot be done.
    Wrong(Problem),
}

async fn all_of(
    visitor: &Visitor,
    sent: &Fields,
    sought: &Sought,
    action: Action,
) -> Result<Asked, Trouble> {
    let texts = visitor.texts;
    let wrong = |what: String| Ok(Asked::Wrong(Problem::field("do", what, "")));
    if !all::is_for_all(&action) {
        return wrong(texts.say("aliases-all-not-so", &[]));
    }
    let sought = sought.at(None);
    match all::find(visitor, &sought).await? {
        Found::All(all) if all.is_empty() => wrong(texts.say("aliases-none-found", &[])),
        Found::All(all) if all::is_sure(sent, &action, all.len()) => Ok(Asked::Sure(action, all)),
        Found::All(all) => Ok(Asked::Not(all::ask(visitor, &sought, &action, sent, &all))),
        Found::TooMany => wrong(texts.say("aliases-all-too-many", &[("most", all::MOST.into())])),
        Found::Late => wrong(texts.say("aliases-all-late", &[])),
    }
}

/// `POST /aliases/undo`: takes back the last change.
pub(super) async fn take_back(
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let number = fields.one("change").parse().unwrap_or_default();
    let undos = &visitor.site.shared.undos;
    let steps = undos.take(&visitor.key(), number, clock::steady_millis());
    let place = local(fields.one("place"));
    let text = match steps {
        None => texts.say("aliases-undo-late", &[]),
        Some(steps) => {
            let may_see = |domain: Option<&Domain>| may_see(&visitor.role, domain);
            let all: Vec<_> = steps.iter().map(|step| step.address().clone()).collect();
            let undone = undo::undo(&visitor.site.store, may_see, steps.clone()).await;
            let Undone { done, failed } = match undone {
                Ok(undone) => undone,
                Err(error) => {
                    // Once the store is well again: what was taken out is nowhere else.
                    let undo = keep(&visitor, steps, place);
                    visitor.tell(Notice { text: texts.say("aliases-undo-broken", &[]), undo });
                    return Err(error.into());
                }
            };
            for address in all.iter().filter(|all| !failed.iter().any(|(one, _)| one == *all)) {
                visitor.did("alias put back", address);
            }
            let mut text = texts.say("aliases-undone", &[("count", done.into())]);
            for (address, why) in failed.into_iter().take(TOLD) {
                let why = match why {
                    NotUndone::Changed => texts.say("aliases-why-changed", &[]),
                    NotUndone::Gone => texts.say("aliases-why-gone", &[]),
                    NotUndone::Refused(why) => faults::said(texts, &why),
                };
                text.push_str(&left_out(texts, &address.to_string(), &why));
            }
            text
        }
    };
    Ok(visitor.done(Notice::new(text), place))
}

/// A place among the aliases, or their list: nobody is sent elsewhere.
fn local(place: &str) -> &str {
    let is_of_aliases = place.starts_with("/aliases?") || place.starts_with("/aliases/");
    let is_plain = place.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'\\');
    if is_of_aliases && is_plain { place } else { "/aliases" }
}

/// Says what was done, and keeps what takes it back.
fn tell(visitor: &Visitor, action: &Action, done: Done, place: &str) -> Notice {
    let (texts, Done { steps, same, failed, .. }) = (visitor.texts, done);
    let count = [("count", steps.len().into())];
    let mut text = match action {
        Action::Switch(true) => texts.say("aliases-done-enabled", &count),
        Action::Switch(false) => texts.say("aliases-done-disabled", &count),
        Action::Remove => texts.say("aliases-done-removed", &count),
        Action::Edit(_) => texts.say("aliases-done-changed", &count),
    };
    if !failed.is_empty() {
        text.push(' ');
        text.push_str(&texts.say("aliases-done-failed", &[("count", failed.len().into())]));
    }
    if same > 0 {
        text.push(' ');
        text.push_str(&texts.say("aliases-done-same", &[("count", same.into())]));
    }
    for (address, why) in failed.into_iter().take(TOLD) {
        let why = match why {
            Why::Changed => texts.say("aliases-why-changed", &[]),
            Why::Gone => texts.say("aliases-why-gone", &[]),
            Why::Refused(why) => faults::said(texts, &why),
        };
        text.push_str(&left_out(texts, &address.to_string(), &why));
    }
    Notice { text, undo: keep(visitor, steps, place) }
}

/// Keeps what takes a change back, and gives the form that does, which comes back to `place`.
pub(super) fn keep(visitor: &Visitor, steps: Vec<undo::Step>, place: &str) -> Option<Undo> {
    let undos = &visitor.site.shared.undos;
    let number = undos.keep(&visitor.key(), steps, clock::steady_millis())?;
    Some(Undo {
        action: "/aliases/undo".into(),
        fields: vec![("place".into(), place.into()), ("change".into(), number.to_string())],
    })
}

fn left_out(texts: Texts, address: &str, why: &str) -> String {
    let said = texts.say("aliases-left-out", &[("address", address.into()), ("why", why.into())]);
    format!(" {said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_back_is_sent_nowhere_else() {
        for good in ["/aliases?q=a%40b", "/aliases/a@x.test"] {
            assert_eq!(local(good), good);
        }
        for bad in [
            "",
            "/",
            "//evil.test",
            "https://evil.test",
            "/aliasesx",
            "/aliases/\r\nb",
            "/aliases/ü",
        ] {
            assert_eq!(local(bad), "/aliases", "{bad:?}");
        }
    }
}
