//! Lists in pages, with a cursor that says where the next one begins.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, ObjectBuilder, Ref, RefOr,
        schema::{Schema, SchemaType, Type},
    },
};
use uuid::Uuid;

use crate::problem::Problem;

/// A part of a list.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `null` on the last one.
    pub next: Option<String>,
}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let next = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("Where the next page begins; `null` on the last one."));
        ObjectBuilder::new()
            .property("items", ArrayBuilder::new().items(Ref::from_schema_name(T::name())))
            .required("items")
            .property("next", next)
            .required("next")
            .into()
    }
}

/// Each kind of page has a name of its own, because the document knows no generic types.
impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("PageOf{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Entries a page, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    pub fn new(limit: Option<u64>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// How many entries to read: one more than the page has, which tells whether there is a next one.
    pub fn fetch(&self) -> Result<u64, Problem> {
        Ok(self.size()? + 1)
    }

    /// The id of the last entry of the page before.
    pub fn after(&self) -> Result<Option<Uuid>, Problem> {
        let parse = |cursor: &String| {
            Uuid::try_parse(cursor).map_err(|_| Problem::bad_request("query", "`cursor` is not one that a list gave."))
        };
        self.cursor.as_ref().map(parse).transpose()
    }

    /// Cuts what was read to the page and sets the cursor to the id of its last entry.
    pub fn page<T>(&self, mut items: Vec<T>, id: impl Fn(&T) -> Uuid) -> Result<Page<T>, Problem> {
        let size = usize::try_from(self.size()?).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| more).map(|last| id(last).to_string());
        Ok(Page { items, next })
    }

    fn size(&self) -> Result<u64, Problem> {
        match self.limit.unwrap_or(50) {
            size @ 1..=200 => Ok(size),
            _ => Err(Problem::bad_request("query", "`limit` can be 1 to 200.")),
        }
    }
}
