/// Defines a table of the file with all of its keys.
///
/// ```text
/// section! {
///     /// What the table is about.
///     table "limits", Keys => pub struct Limits {}
///
///     /// What the key means.
///     pub connections: usize = integer(1, 100_000), default 1000;
/// }
/// ```
///
/// From this follow:
/// - `Keys`, with an [`Entry`](super::reader::Entry) for each key, so that keys can be checked together;
/// - its [`Section`](super::schema::Section), for the findings and the documents, in the same words;
/// - `Limits`, with a field for each key that is `pub`. `Keys::checked` makes it where all of them have a
///   value. Fields that are made of the other keys stand in its braces; `checked` is given their values.
///   Without them and it, the head ends in `Keys;`.
///
/// A `table` stands in the file once, `tables` any number of times.
///
/// A key accepts a `bool`, an `integer(from, to)`, a `duration(from, to)` in milliseconds, a `size(from, to)`
/// in octets, a `rate`, `one_of("name" => value, …)`, `text("what it is", parse)`, `list("of what", parse)`,
/// a `secret_path`, or a `database`.
///
/// Where it is not written: it is `required`; `default` has a value as in TOML; `computed` names a function
/// that makes one; `absent` tells what happens then, and the type is an `Option`.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $head:ident $name:literal, $keys:ident => pub struct $checked:ident { $($made:tt)* }
        $($definitions:tt)+
    ) => {
        section! { $(#[doc = $about])+ $head $name, $keys; $($definitions)+ }
        section! { @checked [$(#[doc = $about])+ $checked $keys { $($made)* }] [] $($definitions)+ }
    };

    (
        $(#[doc = $about:literal])+
        $head:ident $name:literal, $keys:ident;
        $(
            $(#[doc = $doc:literal])+ $vis:vis $key:ident: $type:ty
                = $kind:ident $(($($accepted:tt)+))?, $absent:ident $($value:expr)?;
        )+
    ) => {
        pub(super) struct $keys<'t> {
            $(pub(super) $key: $crate::config::reader::Entry<'t, $type>,)+
        }

        impl<'t> $crate::config::reader::FromTable<'t> for $keys<'t> {
            const SECTION: &'static $crate::config::schema::Section = {
                use $crate::config::schema::{IfAbsent, Key, Kind, Section};
                &Section {
                    name: $name,
                    repeated: section!(@repeated $head),
                    doc: concat!($($about),+).trim_ascii_start(),
                    keys: &[$(section!(
                        @key [$($doc),+] $key [$kind $(($($accepted)+))?] $absent $($value)?
                    )),+],
                }
            };

            fn from_table(table: $crate::config::reader::Table<'t>) -> Self {
                use $crate::config::schema::{IfAbsent, Key, Kind};
                Self {
                    $($key: section!(
                        @read $absent [$kind $(($($accepted)+))?] table,
                        section!(@key [$($doc),+] $key [$kind $(($($accepted)+))?] $absent $($value)?)
                    ),)+
                }
            }
        }
    };

    // Sorts out the keys that are fields themselves.
    (
        @checked $head:tt [$($fields:tt)*]
        $(#[doc = $doc:literal])+ pub $key:ident: $type:ty
            = $kind:ident $(($($accepted:tt)+))?, $absent:ident $($value:expr)?;
        $($rest:tt)*
    ) => {
        section! { @checked $head [$($fields)* $(#[doc = $doc])+ $key: $type,] $($rest)* }
    };
    (
        @checked $head:tt $fields:tt
        $(#[doc = $doc:literal])+ $key:ident: $type:ty
            = $kind:ident $(($($accepted:tt)+))?, $absent:ident $($value:expr)?;
        $($rest:tt)*
    ) => {
        section! { @checked $head $fields $($rest)* }
    };
    (
        @checked
        [
            $(#[doc = $about:literal])+ $checked:ident $keys:ident
            { $($(#[doc = $made_doc:literal])+ $made:ident: $made_type:ty,)* }
        ]
        [$($(#[doc = $doc:literal])+ $field:ident: $type:ty,)*]
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $checked {
            $($(#[doc = $made_doc])+ pub $made: $made_type,)*
            $($(#[doc = $doc])+ pub $field: $type,)*
        }

        impl $keys<'_> {
            /// `None` where a key has no value.
            pub(super) fn checked(self, $($made: $made_type),*) -> Option<$checked> {
                Some($checked { $($made,)* $($field: self.$field.value?,)* })
            }
        }
    };

    (@repeated table) => { false };
    (@repeated tables) => { true };

    (@key [$($doc:literal),+] $key:ident [$($kind:tt)+] $absent:ident $($value:expr)?) => {
        Key {
            name: $crate::config::schema::plain(stringify!($key)),
            kind: section!(@kind $($kind)+),
            default: section!(@default $absent $($value)?),
            doc: concat!($($doc),+).trim_ascii_start(),
        }
    };

    (@kind bool) => { Kind::Bool };
    (@kind integer($from:expr, $to:expr)) => { Kind::Integer($from, $to) };
    (@kind duration($from:expr, $to:expr)) => { Kind::Duration($from, $to) };
    (@kind size($from:expr, $to:expr)) => { Kind::Size($from, $to) };
    (@kind one_of($($name:literal => $meaning:expr),+)) => { Kind::OneOf(&[$($name),+]) };
    (@kind text($what:expr, $parse:expr)) => { Kind::Text($what) };
    (@kind list($what:expr, $parse:expr)) => { Kind::List($what) };
    (@kind secret_path) => { Kind::Text("an absolute path, or \"credential:NAME\"") };
    (@kind database) => { Kind::Text($crate::config::database::DATABASE) };
    (@kind rate) => { Kind::Text("how often in which time, such as \"600/1h\"; at most \"30d\"") };

    (@default required) => { IfAbsent::Required };
    (@default default $value:expr) => { IfAbsent::Toml(stringify!($value)) };
    (@default computed $value:expr) => { IfAbsent::Computed($value) };
    (@default absent $text:expr) => { IfAbsent::Absent($text) };

    (@read absent [$($kind:tt)+] $table:ident, $key:expr) => {
        $table.optional(const { &$key }, |value| section!(@value value $($kind)+))
    };
    (@read $absent:ident [$($kind:tt)+] $table:ident, $key:expr) => {
        $table.entry(const { &$key }, |value| section!(@value value $($kind)+))
    };

    (@value $value:ident one_of($($name:literal => $meaning:expr),+)) => {
        $value.one_of(|text| match text {
            $($name => Some($meaning),)+
            _ => None,
        })
    };
    (@value $value:ident text($what:expr, $parse:expr)) => { $value.text($parse) };
    (@value $value:ident list($what:expr, $parse:expr)) => { $value.list($parse) };
    (@value $value:ident $kind:ident $(($($range:tt)+))?) => { $value.$kind() };
}

pub(super) use section;
