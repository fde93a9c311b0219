//! What the document says of objects that are shown, made and changed in other forms than one type has: made of what that
//! type says of itself. A test holds what is answered against it.

use super::super::alias_record::NEVER_NULL;
use crate::{
    admin::{aliases, trace},
    alias::Counters,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{
            ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Ref, Schema, SchemaType, Type,
        },
    },
};

/// Schemas by their names, as utoipa hands them on.
type Schemas = Vec<(String, RefOr<Schema>)>;

/// An alias as answers have it.
pub(super) struct Alias;
/// An alias that is to be.
pub(super) struct NewAlias;
/// What is to change of an alias.
pub(super) struct AliasPatch;
/// A message as answers have it.
pub(super) struct Message;

impl PartialSchema for Alias {
    fn schema() -> RefOr<Schema> {
        let mut alias = object(aliases::Record::schema());
        for field in alias.properties.values_mut() {
            without_null(field);
        }
        let counters = Ref::from_schema_name(Counters::name());
        alias.properties.insert("counters".into(), counters.into());
        let warnings = ArrayBuilder::new().items(Object::with_type(Type::String));
        let warnings = warnings.description(Some(
            "Of one that was made or changed: its destinations that nothing answers here. Mail to them is refused.",
        ));
        alias.properties.insert("warnings".into(), warnings.into());
        alias.required = ["address", "kind", "enabled", "counters"].map(String::from).into();
        alias.description = Some(
            "An alias. Fields without a value are left out, and where it leads is not told to tokens of the scope `create`."
                .into(),
        );
        alias.into()
    }
}

impl PartialSchema for NewAlias {
    fn schema() -> RefOr<Schema> {
        let mut alias = asked();
        alias.required = vec!["address".into()];
        alias.description = Some(
            "An alias that is to be. `null` is the same as nothing. Where destinations are left out, it leads to those of the token, if it has any."
                .into(),
        );
        alias.into()
    }
}

impl PartialSchema for AliasPatch {
    fn schema() -> RefOr<Schema> {
        let mut alias = asked();
        alias.required = Vec::new();
        alias.description = Some(
            "What is to change of an alias. What is left out stays, and `null` takes a value away. `address` and `kind` may be named, and not changed; an alias that did something else forwards where it gets destinations."
                .into(),
        );
        alias.into()
    }
}

impl PartialSchema for Message {
    fn schema() -> RefOr<Schema> {
        let mut message = object(trace::Record::schema());
        let account = ObjectBuilder::new().schema_type(Type::String);
        let account = account.description(Some("The account that sent it."));
        message.properties.insert("account".into(), account.into());
        message.into()
    }
}

impl ToSchema for Alias {
    fn schemas(schemas: &mut Schemas) {
        schemas.push((Counters::name().into(), Counters::schema()));
        aliases::Record::schemas(schemas);
    }
}

impl ToSchema for NewAlias {
    fn schemas(schemas: &mut Schemas) {
        aliases::Record::schemas(schemas);
    }
}

impl ToSchema for AliasPatch {
    fn schemas(schemas: &mut Schemas) {
        aliases::Record::schemas(schemas);
    }
}

impl ToSchema for Message {
    fn schemas(schemas: &mut Schemas) {
        trace::Record::schemas(schemas);
    }
}

/// The fields of an alias as requests have them: of most, `null` says that there is nothing.
fn asked() -> Object {
    let mut alias = object(aliases::Record::schema());
    for (name, field) in &mut alias.properties {
        without_null(field);
        if !NEVER_NULL.contains(&name.as_str()) {
            with_null(field);
        }
    }
    if let Some(RefOr::T(Schema::Array(destinations))) = alias.properties.get_mut("destinations") {
        destinations.min_items = Some(1);
    }
    alias
}

/// What a type that is an object says of itself.
fn object(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        _ => Object::default(),
    }
}

fn without_null(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::OneOf(either)) = schema {
        if let Some(other) = either.items.iter().find(|item| **item != null()) {
            *schema = other.clone();
        }
    } else if let Some(types) = types_of(schema)
        && let SchemaType::Array(all) = types
        && let Some(other) = all.iter().find(|one| **one != Type::Null)
    {
        *types = SchemaType::Type(other.clone());
    }
}

fn with_null(schema: &mut RefOr<Schema>) {
    if let RefOr::Ref(named) = schema {
        let either = OneOfBuilder::new().item(named.clone()).item(null());
        *schema = either.into();
    } else if let Some(types) = types_of(schema)
        && let SchemaType::Type(own) = types
    {
        *types = SchemaType::Array(vec![own.clone(), Type::Null]);
    }
}

fn types_of(schema: &mut RefOr<Schema>) -> Option<&mut SchemaType> {
    match schema {
        RefOr::T(Schema::Object(object)) => Some(&mut object.schema_type),
        RefOr::T(Schema::Array(array)) => Some(&mut array.schema_type),
        _ => None,
    }
}

fn null() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Null).into()
}
