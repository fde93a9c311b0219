use crate::password_manager::Refused;

/// What is asked for by whoever takes us for SimpleLogin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `POST /api/alias/random/new`.
    Random,
    /// `POST /api/v2/alias/custom/new`, or its third version.
    Custom,
    /// `GET` or `POST /api/v2/aliases`.
    List,
    /// `GET /api/aliases/ID`.
    Show(u32),
    /// `PUT` or `PATCH /api/aliases/ID`: another note.
    Describe(u32),
    /// `POST /api/aliases/ID/toggle`: on or off.
    Toggle(u32),
    /// `DELETE /api/aliases/ID`: gone.
    Remove(u32),
    /// `GET /api/v4/alias/options`.
    OptionsV4,
    /// `GET /api/v5/alias/options`.
    OptionsV5,
    /// `GET /api/user_info`.
    UserInfo,
    /// `GET /api/mailboxes`, or its second version.
    Mailboxes,
    /// `GET /api/logout`.
    Logout,
}

impl Route {
    /// The route of a method and a path.
    ///
    /// # Errors
    /// When there is none, or it is asked by other methods.
    pub fn of(method: &str, path: &str) -> Result<Self, Refused> {
        let rest = path.strip_prefix("/api/").ok_or(Refused::NotFound)?;
        let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        let by = |wanted: &[(&str, Self)], allow| {
            let known = wanted.iter().find(|(name, _)| *name == method);
            known.map(|(_, route)| *route).ok_or(Refused::Method(allow))
        };
        match parts.as_slice() {
            ["alias", "random", "new"] => by(&[("POST", Self::Random)], "POST"),
            ["v2" | "v3", "alias", "custom", "new"] => by(&[("POST", Self::Custom)], "POST"),
            ["v2", "aliases"] => {
                by(&[("GET", Self::List), ("POST", Self::List)], "GET, HEAD, POST")
            }
            ["aliases", _] => {
                let id = super::alias_id(path).ok_or(Refused::NotFound)?;
                let routes = [
                    ("GET", Self::Show(id)),
                    ("PUT", Self::Describe(id)),
                    ("PATCH", Self::Describe(id)),
                    ("DELETE", Self::Remove(id)),
                ];
                by(&routes, "GET, HEAD, PUT, PATCH, DELETE")
            }
            ["aliases", _, "toggle"] => {
                let id = super::alias_id(path).ok_or(Refused::NotFound)?;
                by(&[("POST", Self::Toggle(id))], "POST")
            }
            ["v4", "alias", "options"] => by(&[("GET", Self::OptionsV4)], "GET, HEAD"),
            ["v5", "alias", "options"] => by(&[("GET", Self::OptionsV5)], "GET, HEAD"),
            ["user_info"] => by(&[("GET", Self::UserInfo)], "GET, HEAD"),
            ["mailboxes"] | ["v2", "mailboxes"] => by(&[("GET", Self::Mailboxes)], "GET, HEAD"),
            ["logout"] => by(&[("GET", Self::Logout)], "GET, HEAD"),
            _ => Err(Refused::NotFound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bitwarden_and_the_extension_ask_for() {
        for (method, path, route) in [
            ("POST", "/api/alias/random/new", Route::Random),
            ("POST", "/api/v2/alias/custom/new", Route::Custom),
            ("POST", "/api/v3/alias/custom/new", Route::Custom),
            ("GET", "/api/v2/aliases", Route::List),
            ("POST", "/api/v2/aliases", Route::List),
            ("GET", "/api/aliases/17", Route::Show(17)),
            ("PUT", "/api/aliases/17", Route::Describe(17)),
            ("DELETE", "/api/aliases/17/", Route::Remove(17)),
            ("POST", "/api/aliases/17/toggle", Route::Toggle(17)),
            ("GET", "/api/aliases/99999999999999999999", Route::Show(0)),
            ("GET", "/api/v4/alias/options", Route::OptionsV4),
            ("GET", "/api/v5/alias/options", Route::OptionsV5),
            ("GET", "/api/user_info", Route::UserInfo),
            ("GET", "/api/mailboxes", Route::Mailboxes),
            ("GET", "/api/logout", Route::Logout),
        ] {
            assert_eq!(Route::of(method, path), Ok(route), "{method} {path}");
        }
    }

    #[test]
    fn and_what_nobody_does() {
        for path in ["/api/auth/login", "/api/aliases/17/contacts", "/api/aliases/x", "/x", "/api/"]
        {
            assert_eq!(Route::of("POST", path), Err(Refused::NotFound), "{path}");
        }
        assert_eq!(Route::of("GET", "/api/alias/random/new"), Err(Refused::Method("POST")));
    }
}
