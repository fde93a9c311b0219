use super::alias_id;
use crate::password_manager::Refused;

/// What is asked for below `/api/v1/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `POST aliases`.
    Make,
    /// `GET aliases`.
    List,
    /// `GET aliases/ID`.
    Show(u32),
    /// `PATCH aliases/ID`: another description.
    Describe(u32),
    /// `POST active-aliases`, `{"id": …}`: on.
    SwitchOn,
    /// `PATCH aliases/ID/restore`: on again.
    Restore(u32),
    /// `DELETE active-aliases/ID`, and `DELETE aliases/ID`, of which the extension says that it can be taken back: off.
    SwitchOff(u32),
    /// `DELETE aliases/ID/forget`: gone.
    Forget(u32),
    /// `GET domain-options`.
    DomainOptions,
    /// `GET recipients`.
    Recipients,
    /// `GET api-token-details`.
    TokenDetails,
    /// Anything with `pinned-aliases`, which we have not.
    Pinned,
}

impl Route {
    /// The route of a method and a path, which begins with `/api/v1/`.
    ///
    /// # Errors
    /// When there is none, or it is asked by other methods.
    pub fn of(method: &str, path: &str) -> Result<Self, Refused> {
        let rest = path.strip_prefix("/api/v1/").ok_or(Refused::NotFound)?;
        let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        // An id that is none is of no alias.
        let number = |id: &str| alias_id(id).unwrap_or_default();
        let by = |wanted: &[(&str, Self)], allow| {
            let known = wanted.iter().find(|(name, _)| *name == method);
            known.map(|(_, route)| *route).ok_or(Refused::Method(allow))
        };
        match parts.as_slice() {
            ["aliases"] => by(&[("POST", Self::Make), ("GET", Self::List)], "GET, HEAD, POST"),
            ["aliases", id] => {
                let id = number(id);
                let routes = [
                    ("GET", Self::Show(id)),
                    ("PATCH", Self::Describe(id)),
                    ("DELETE", Self::SwitchOff(id)),
                ];
                by(&routes, "GET, HEAD, PATCH, DELETE")
            }
            ["aliases", id, "restore"] => by(&[("PATCH", Self::Restore(number(id)))], "PATCH"),
            ["aliases", id, "forget"] => by(&[("DELETE", Self::Forget(number(id)))], "DELETE"),
            ["active-aliases"] => by(&[("POST", Self::SwitchOn)], "POST"),
            ["active-aliases", id] => by(&[("DELETE", Self::SwitchOff(number(id)))], "DELETE"),
            ["pinned-aliases"] | ["pinned-aliases", _] => Ok(Self::Pinned),
            ["domain-options"] => by(&[("GET", Self::DomainOptions)], "GET, HEAD"),
            ["recipients"] => by(&[("GET", Self::Recipients)], "GET, HEAD"),
            ["api-token-details"] => by(&[("GET", Self::TokenDetails)], "GET, HEAD"),
            _ => Err(Refused::NotFound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_addys_extension_asks_for() {
        let id = "6f6e7761-7264-8000-8000-000000000011";
        for (method, path, route) in [
            ("POST", "aliases".to_owned(), Route::Make),
            ("GET", "aliases".to_owned(), Route::List),
            ("GET", format!("aliases/{id}"), Route::Show(17)),
            ("PATCH", format!("aliases/{id}"), Route::Describe(17)),
            ("DELETE", format!("aliases/{id}"), Route::SwitchOff(17)),
            ("DELETE", "aliases/x".to_owned(), Route::SwitchOff(0)),
            ("PATCH", format!("aliases/{id}/restore"), Route::Restore(17)),
            ("DELETE", format!("aliases/{id}/forget"), Route::Forget(17)),
            ("POST", "active-aliases".to_owned(), Route::SwitchOn),
            ("DELETE", format!("active-aliases/{id}"), Route::SwitchOff(17)),
            ("POST", "pinned-aliases".to_owned(), Route::Pinned),
            ("GET", "domain-options".to_owned(), Route::DomainOptions),
            ("GET", "recipients".to_owned(), Route::Recipients),
            ("GET", "api-token-details".to_owned(), Route::TokenDetails),
        ] {
            assert_eq!(Route::of(method, &format!("/api/v1/{path}")), Ok(route), "{method} {path}");
        }
    }

    #[test]
    fn and_what_nobody_does() {
        for path in
            ["/api/v1/", "/api/v1/account-details", "/api/v1/aliases/a/b", "/api/v2/aliases"]
        {
            assert_eq!(Route::of("GET", path), Err(Refused::NotFound), "{path}");
        }
        assert_eq!(Route::of("PUT", "/api/v1/aliases"), Err(Refused::Method("GET, HEAD, POST")));
        assert_eq!(Route::of("post", "/api/v1/domain-options"), Err(Refused::Method("GET, HEAD")));
    }
}
