//! What is set for all of a domain, as a form.

use super::path_of;
use crate::{
    address::Domain,
    admin::domains::HostedDomain,
    alias::{AutoCreate, Digest, DomainSettings, SettingsChange, SettingsError},
    web::{
        cause::Cause,
        etag,
        page::{faults, form::Fields, parts::Field, texts::Texts},
    },
};
use maud::{Markup, html};

/// The form as it was filled in, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pattern: String,
    /// One a line.
    destinations: String,
    digest: String,
    pattern_error: Option<String>,
    destinations_error: Option<String>,
    /// The tag of what was set when the form was made.
    version: String,
}

/// A tag of what is set for a domain: two that differ have two.
pub(super) fn version_of(hosted: &HostedDomain) -> String {
    // What is written is digested, not read back.
    etag::tag(format!("{hosted:?}").as_bytes())
}

impl Settings {
    /// What is set.
    pub(super) fn of(hosted: &HostedDomain) -> Self {
        let auto_create = hosted.auto_create.as_ref();
        Self {
            pattern: auto_create.map(|it| it.pattern.clone()).unwrap_or_default(),
            destinations: auto_create.map(|it| it.destinations.join("\n")).unwrap_or_default(),
            digest: hosted.digest.clone().unwrap_or_default(),
            version: version_of(hosted),
            ..Self::default()
        }
    }

    /// What was sent.
    pub(super) fn sent(fields: &Fields) -> Self {
        let one = |name: &str| fields.one(name).replace("\r\n", "\n");
        Self {
            pattern: one("auto_create"),
            destinations: one("to"),
            digest: one("digest"),
            version: one("version"),
            ..Self::default()
        }
    }

    /// The change that was asked for, of what is set now.
    ///
    /// # Errors
    /// The form with what is wrong with it.
    pub(super) fn change(
        mut self,
        texts: Texts,
        now: DomainSettings,
    ) -> Result<SettingsChange, Box<Self>> {
        let separators = [',', ';', '\n', ' ', '\t'];
        let to: Vec<&str> = self
            .destinations
            .split(separators)
            .map(str::trim)
            .filter(|to| !to.is_empty())
            .collect();
        let auto_create = match (self.pattern.is_empty(), to.is_empty()) {
            (true, true) => Ok(None),
            (true, false) => {
                self.pattern_error = Some(texts.say("domains-auto-create-missing", &[]));
                return Err(Box::new(self));
            }
            (false, _) => AutoCreate::new(&self.pattern, &to).map(Some),
        };
        let digest = match self.digest.as_str() {
            "daily" => Some(Digest::Daily),
            "weekly" => Some(Digest::Weekly),
            _ => None,
        };
        match auto_create {
            Ok(auto_create) => Ok(SettingsChange {
                auto_create: Some(auto_create),
                digest: Some(digest),
                only_if: Some(now),
            }),
            Err(error) => {
                let is_of_pattern = matches!(error, SettingsError::Pattern(..));
                let said = Some(faults::said(texts, &Cause::Settings(error)));
                match is_of_pattern {
                    true => self.pattern_error = said,
                    false => self.destinations_error = said,
                }
                Err(Box::new(self))
            }
        }
    }

    /// True where it was made of this.
    pub(super) fn is_of(&self, hosted: &HostedDomain) -> bool {
        self.version == version_of(hosted)
    }

    /// The form again, as the destinations are refused.
    pub(super) fn refused(mut self, why: String) -> Self {
        self.destinations_error = Some(why);
        self
    }

    pub(super) fn form(&self, texts: Texts, domain: &Domain) -> Markup {
        let pattern = Field {
            name: "auto_create",
            label: &texts.say("domains-auto-create", &[]),
            hint: &texts.say("domains-auto-create-hint", &[]),
            value: &self.pattern,
            error: self.pattern_error.as_deref(),
            ..Field::default()
        };
        let to = Field {
            name: "to",
            label: &texts.say("domains-to", &[]),
            hint: &texts.say("domains-to-hint", &[]),
            value: &self.destinations,
            error: self.destinations_error.as_deref(),
            lines: 2,
            ..Field::default()
        };
        let digests =
            [("", "domains-never"), ("daily", "domains-daily"), ("weekly", "domains-weekly")];
        html! {
            form method="post" action=(format!("{}/settings", path_of(domain))) {
                input type="hidden" name="version" value=(self.version);
                (pattern.markup())
                (to.markup())
                div .field {
                    label for="field-digest" { (texts.say("domains-digest", &[])) }
                    select id="field-digest" name="digest" aria-describedby="field-digest-hint" {
                        @for (value, key) in digests {
                            option value=(value) selected[self.digest == value] { (texts.say(key, &[])) }
                        }
                    }
                    p .hint id="field-digest-hint" { (texts.say("domains-digest-hint", &[])) }
                }
                button .main { (texts.say("domains-save", &[])) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;

    fn change(query: &str) -> Result<SettingsChange, Box<Settings>> {
        let texts = Texts::of(&HeaderMap::new());
        Settings::sent(&Fields::parse(query.as_bytes())).change(texts, DomainSettings::default())
    }

    #[test]
    fn what_is_sent_is_set_or_said_to_be_wrong_beside_its_field() {
        let set =
            change("auto_create=shop-.*&to=a%40x.test%0D%0Ab%40x.test&digest=weekly").unwrap();
        let auto_create = set.auto_create.flatten().unwrap();
        assert_eq!((auto_create.pattern(), auto_create.destinations().len()), ("shop-.*", 2));
        assert_eq!(set.digest.flatten(), Some(Digest::Weekly));
        let nothing = change("auto_create=&to=&digest=").unwrap();
        assert_eq!((nothing.auto_create, nothing.digest), (Some(None), Some(None)));
        for (query, pattern, to) in [
            ("to=a%40x.test", true, false),
            ("auto_create=(&to=a%40x.test", true, false),
            ("auto_create=a", false, true),
            ("auto_create=a&to=nobody", false, true),
        ] {
            let wrong = change(query).unwrap_err();
            let errors = (wrong.pattern_error.is_some(), wrong.destinations_error.is_some());
            assert_eq!(errors, (pattern, to), "{query}");
        }
    }
}
