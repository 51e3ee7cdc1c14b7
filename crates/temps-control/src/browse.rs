//! The page on which people browse the API. No scripts, no foreign origin.

use askama::Template;
use axum::{
    Router,
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde_json::Value;

use crate::app::App;

/// Everything a page of the control plane may load: its own style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage<'a> {
    version: &'a str,
    description: Vec<Words<'a>>,
    operations: Vec<Operation<'a>>,
    schemas: Vec<(&'a str, String)>,
}

struct Operation<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    summary: &'a str,
    description: Vec<Words<'a>>,
    parameters: Vec<Parameter<'a>>,
    takes: Option<&'a str>,
    answers: Vec<(&'a str, &'a str, Option<&'a str>)>,
}

struct Parameter<'a> {
    name: &'a str,
    place: &'a str,
    description: Vec<Words<'a>>,
}

/// A part of a sentence; what stood between backticks is code.
struct Words<'a> {
    text: &'a str,
    is_code: bool,
}

/// The page that shows an OpenAPI document.
pub fn page(document: &Value) -> String {
    let operations = members(&document["paths"]).flat_map(|(path, methods)| {
        members(methods).map(move |(method, operation)| Operation::new(path, method, operation))
    });
    let schemas = members(&document["components"]["schemas"])
        .map(|(name, schema)| (name, serde_json::to_string_pretty(schema).unwrap_or_default()));
    let page = ApiPage {
        version: text(&document["info"]["version"]),
        description: sentence(&document["info"]["description"]),
        operations: operations.collect(),
        schemas: schemas.collect(),
    };
    page.render().unwrap_or_default()
}

pub fn routes(api: String) -> Router<App> {
    Router::new().route("/api/docs", get(move || async move { html(api) })).route(
        "/api/docs/style.css",
        get(async || ([(header::CONTENT_TYPE, "text/css")], include_str!("../templates/style.css"))),
    )
}

/// A page that may load the style sheet and nothing else.
pub fn html(page: String) -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response()
}

impl<'a> Operation<'a> {
    fn new(path: &'a str, method: &'a str, operation: &'a Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| Parameter {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            description: sentence(&parameter["description"]),
        });
        let answers = members(&operation["responses"]).map(|(status, response)| {
            let schema = members(&response["content"]).find_map(|(_, content)| schema_name(&content["schema"]));
            (status, text(&response["description"]), schema)
        });
        Self {
            id: text(&operation["operationId"]),
            method: method.to_ascii_uppercase(),
            path,
            summary: text(&operation["summary"]),
            description: sentence(&operation["description"]),
            parameters: parameters.collect(),
            takes: schema_name(&operation["requestBody"]["content"]["application/json"]["schema"]),
            answers: answers.collect(),
        }
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn sentence(value: &Value) -> Vec<Words<'_>> {
    text(value).split('`').enumerate().map(|(index, text)| Words { text, is_code: index % 2 == 1 }).collect()
}

fn schema_name(schema: &Value) -> Option<&str> {
    text(&schema["$ref"]).strip_prefix("#/components/schemas/")
}
