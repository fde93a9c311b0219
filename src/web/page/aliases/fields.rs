//! The fields of an alias on a page, each with what is wrong with it.

use super::{
    super::{faults, texts::Texts},
    form::Form,
};
use crate::{
    alias::{MAX_MESSAGES, MAX_NOTE},
    web::problem::{FieldError, Problem},
};
use maud::{Markup, html};

/// What is wrong, by field.
#[derive(Debug, Default)]
pub(super) struct Wrong(Vec<FieldError>);

impl Wrong {
    /// What a problem says of fields, and what it says of none.
    pub(super) fn of(texts: Texts, problem: Problem) -> (Self, Option<String>) {
        let (errors, of_all) = faults::of_problem(texts, problem);
        (Self(errors), of_all)
    }

    fn is(&self, name: &str) -> bool {
        self.of_field(name).next().is_some()
    }

    /// Of a list, each entry is said of the whole field.
    fn of_field<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a FieldError> {
        self.0.iter().filter(move |error| error.field.split(['[', '.']).next() == Some(name))
    }

    /// What is wrong with fields that are none of the form.
    fn of_others(&self) -> impl Iterator<Item = &FieldError> {
        self.0.iter().filter(|error| {
            let name = error.field.split(['[', '.']).next().unwrap_or_default();
            !NAMES.contains(&name)
        })
    }
}

/// The fields.
const NAMES: [&str; 14] = [
    "address",
    "destinations",
    "action",
    "text",
    "enabled",
    "note",
    "expires",
    "max_messages",
    "allow",
    "block",
    "limit",
    "spam",
    "keep_tag",
    "digest",
];

/// What is wrong with a field, beneath it: what is accepted, its hint says. A reader is told with the field.
fn errors(wrong: &Wrong, name: &str) -> Markup {
    html! {
        @if wrong.is(name) {
            div .error id={ (name) "-error" } {
                @for error in wrong.of_field(name) { p { (error.message) } }
            }
        }
    }
}

/// What describes a field: its help, and what is wrong with it.
fn described(wrong: &Wrong, name: &str, has_help: bool) -> Option<String> {
    let mut ids = Vec::new();
    if has_help {
        ids.push(format!("{name}-hint"));
    }
    if wrong.is(name) {
        ids.push(format!("{name}-error"));
    }
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// A field around its control.
fn around(
    wrong: &Wrong,
    name: &str,
    label: &str,
    help: Option<String>,
    control: &Markup,
) -> Markup {
    html! {
        div .field .wrong[wrong.is(name)] {
            label for={ "field-" (name) } { (label) }
            (control)
            @if let Some(help) = help { p .hint id={ (name) "-hint" } { (help) } }
            (errors(wrong, name))
        }
    }
}

struct Line<'a> {
    name: &'a str,
    label: String,
    help: Option<String>,
    kind: &'a str,
    value: &'a str,
    most: Option<u64>,
}

fn line(wrong: &Wrong, Line { name, label, help, kind, value, most }: Line<'_>) -> Markup {
    let is_number = kind == "number";
    let control = html! {
        input id={ "field-" (name) } name=(name) type=(kind) value=(value)
            maxlength=[most.filter(|_| !is_number)] max=[most.filter(|_| is_number)]
            min=[is_number.then_some("1")] step=[(kind == "datetime-local").then_some("1")]
            autocapitalize="none" spellcheck="false"
            aria-invalid=[(wrong.is(name)).then_some("true")] aria-describedby=[described(wrong, name, help.is_some())];
    };
    around(wrong, name, &label, help, &control)
}

fn lines(wrong: &Wrong, name: &str, label: String, help: String, value: &str) -> Markup {
    let rows = value.lines().count().clamp(2, 10);
    let control = html! {
        textarea id={ "field-" (name) } name=(name) rows=(rows) autocapitalize="none" spellcheck="false"
            aria-invalid=[(wrong.is(name)).then_some("true")] aria-describedby=[described(wrong, name, true)] {
            // The first line break of a text area is no part of it.
            "\n" (value)
        }
    };
    around(wrong, name, &label, Some(help), &control)
}

fn choice(
    wrong: &Wrong,
    name: &str,
    label: String,
    value: &str,
    options: &[(&str, String)],
) -> Markup {
    let is_known = options.iter().any(|(word, _)| *word == value);
    let control = html! {
        select id={ "field-" (name) } name=(name)
            aria-invalid=[(wrong.is(name)).then_some("true")] aria-describedby=[described(wrong, name, false)] {
            @for (word, said) in options {
                option value=(word) selected[*word == value] { (said) }
            }
            @if !is_known { option value=(value) selected { (value) } }
        }
    };
    around(wrong, name, &label, None, &control)
}

fn tick(name: &str, label: String, is_on: bool, help: Option<String>) -> Markup {
    html! {
        div .field .tick {
            label {
                input type="checkbox" name=(name) value="on" checked[is_on]
                    aria-describedby=[help.as_ref().map(|_| format!("{name}-hint"))];
                " " (label)
            }
            @if let Some(help) = help { p .hint id={ (name) "-hint" } { (help) } }
        }
    }
}

/// The address of a new alias.
pub(super) fn address(texts: Texts, form: &Form, wrong: &Wrong, names: &[String]) -> Markup {
    html! {
        div .field .address .wrong[wrong.is("address")] {
            label for="field-name" { (texts.say("aliases-name", &[])) }
            div .joined {
                input id="field-name" name="name" value=(form.name) autocapitalize="none" spellcheck="false" autocomplete="off"
                    aria-invalid=[(wrong.is("address")).then_some("true")]
                    aria-describedby=[described(wrong, "address", true)];
                span aria-hidden="true" { "@" }
                @if names.is_empty() {
                    input name="domain" value=(form.domain) autocapitalize="none" spellcheck="false"
                        aria-label=(texts.say("aliases-domain", &[]));
                } @else {
                    select name="domain" aria-label=(texts.say("aliases-domain", &[])) {
                        @for name in names { option value=(name) selected[*name == form.domain] { (name) } }
                    }
                }
                button type="submit" name="another" value="yes" formnovalidate { (texts.say("aliases-another-name", &[])) }
            }
            p .hint id="address-hint" { (texts.say("aliases-name-hint", &[])) }
            (errors(wrong, "address"))
        }
    }
}

/// All else that is said of an alias.
pub(super) fn all(texts: Texts, form: &Form, wrong: &Wrong) -> Markup {
    let unsaid = || texts.say("aliases-as-domain", &[]);
    let further = ["max_messages", "allow", "block", "limit", "spam", "keep_tag", "digest"];
    let is_open = further.iter().any(|name| wrong.is(name)) || *form != form.plain();
    html! {
        @for error in wrong.of_others() { p .error role="alert" { (error.field) ": " (error.message) } }
        (choice(wrong, "action", texts.say("aliases-action", &[]), if form.action.is_empty() { "forward" } else { &form.action }, &[
            ("forward", texts.say("aliases-action-forward", &[])),
            ("reject", texts.say("aliases-action-reject", &[])),
            ("defer", texts.say("aliases-action-defer", &[])),
            ("discard", texts.say("aliases-action-discard", &[])),
        ]))
        (lines(wrong, "destinations", texts.say("aliases-destinations", &[]),
            texts.say("aliases-destinations-hint", &[]), &form.destinations))
        (line(wrong, Line { name: "text", label: texts.say("aliases-text", &[]), help: Some(texts.say("aliases-text-hint", &[])),
            kind: "text", value: &form.text, most: None }))
        (line(wrong, Line { name: "note", label: texts.say("aliases-note", &[]), help: Some(texts.say("aliases-note-hint", &[])),
            kind: "text", value: &form.note, most: Some(MAX_NOTE as u64) }))
        (tick("enabled", texts.say("aliases-enabled", &[]), form.enabled, None))
        (line(wrong, Line { name: "expires", label: texts.say("aliases-expires", &[]), help: Some(texts.say("aliases-expires-hint", &[])),
            kind: if wrong.is("expires") { "text" } else { "datetime-local" }, value: &form.expires, most: None }))
        details .rules open[is_open] {
            summary { (texts.say("aliases-rules", &[])) }
            (line(wrong, Line { name: "max_messages", label: texts.say("aliases-max-messages", &[]),
                help: Some(texts.say("aliases-max-messages-hint", &[])),
                kind: if wrong.is("max_messages") { "text" } else { "number" }, value: &form.max_messages, most: Some(MAX_MESSAGES) }))
            (lines(wrong, "allow", texts.say("aliases-allow", &[]), texts.say("aliases-allow-hint", &[]), &form.allow))
            (lines(wrong, "block", texts.say("aliases-block", &[]), texts.say("aliases-block-hint", &[]), &form.block))
            (line(wrong, Line { name: "limit", label: texts.say("aliases-limit", &[]), help: Some(texts.say("aliases-limit-hint", &[])),
                kind: "text", value: &form.limit, most: None }))
            (choice(wrong, "spam", texts.say("aliases-spam", &[]), &form.spam, &[
                ("", texts.say("aliases-as-server", &[])),
                ("mark", texts.say("aliases-spam-mark", &[])),
                ("refuse", texts.say("aliases-spam-refuse", &[])),
            ]))
            (choice(wrong, "keep_tag", texts.say("aliases-keep-tag", &[]), &form.keep_tag, &[
                ("", texts.say("aliases-as-server", &[])),
                ("true", texts.say("aliases-yes", &[])),
                ("false", texts.say("aliases-no", &[])),
            ]))
            (choice(wrong, "digest", texts.say("aliases-digest", &[]), &form.digest, &[
                ("", unsaid()),
                ("off", texts.say("aliases-digest-off", &[])),
                ("daily", texts.say("aliases-digest-daily", &[])),
                ("weekly", texts.say("aliases-digest-weekly", &[])),
            ]))
            (tick("reply_by_address", texts.say("aliases-reply-by-address", &[]), form.reply_by_address,
                Some(texts.say("aliases-reply-by-address-hint", &[]))))
        }
    }
}
