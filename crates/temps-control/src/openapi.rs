//! The OpenAPI 3.1 document of the API, made from the table of routes, and a page to browse it.

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::{
    access::{Access, PENDING_COOKIE, StepUp, Strength},
    problem::ProblemDetails,
    route::{Body, Given, NamedSchema, Route},
    wire::DryRun,
};

/// The document. What a route takes, gives and demands stands in it as it stands in the table.
pub fn document(routes: &[Route]) -> Value {
    let mut schemas = Map::new();
    collect(&mut schemas, &NamedSchema::of::<ProblemDetails>());
    collect(&mut schemas, &NamedSchema::of::<DryRun>());
    let mut paths = Map::new();
    for route in routes {
        if let Some(Body::Json(schema) | Body::Upload(schema)) = &route.body {
            collect(&mut schemas, schema);
        }
        for (_, given) in &route.answers {
            if let Given::Json(schema) = given {
                collect(&mut schemas, schema);
            }
        }
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Temps",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "description": "Every change of the edge answers with `effective_ms`: how long it took to be in force on every worker. \
                Errors are problem details (RFC 9457) with the request id.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "session": { "type": "apiKey", "in": "cookie", "name": crate::access::SESSION_COOKIE },
                "half_login": { "type": "apiKey", "in": "cookie", "name": PENDING_COOKIE },
            },
        },
    })
}

fn collect(schemas: &mut Map<String, Value>, named: &NamedSchema) {
    for (name, schema) in &named.all {
        schemas.insert(name.clone(), serde_json::to_value(schema).unwrap_or_default());
    }
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "summary": route.summary,
        "description": description(route),
        "operationId": operation_id(route),
        "tags": [tag(route.path)],
        "parameters": parameters(route),
        "responses": responses(route),
    });
    if let Some(body) = &route.body {
        operation["requestBody"] = request_body(body);
    }
    match route.access {
        Access::Public => {}
        Access::HalfAuthenticated => operation["security"] = json!([{ "half_login": [] }]),
        Access::User | Access::Administrator | Access::Project(_) => operation["security"] = json!([{ "session": [] }]),
    }
    operation
}

fn description(route: &Route) -> String {
    let who = match route.access {
        Access::Public => "Anybody.".to_owned(),
        Access::HalfAuthenticated => "Somebody whose first factor was right.".to_owned(),
        Access::User => "Any logged-in user.".to_owned(),
        Access::Administrator => "Instance administrators.".to_owned(),
        Access::Project(permission) => format!("Members of the project whose role includes `{permission}`."),
    };
    let again = match route.step_up {
        Some(StepUp { max_age, strength }) => {
            let factor = match strength {
                Strength::SecondFactor => "a second factor",
                Strength::Strongest => "the strongest factor that they have",
            };
            format!(
                " They must have proved who they are in the last {} minutes, with {factor}.",
                max_age.as_secs() / 60
            )
        }
        None => String::new(),
    };
    let recorded = match route.action {
        Some(action) => format!(" The audit log records it as `{action}`."),
        None => String::new(),
    };
    format!("{who}{again}{recorded}")
}

/// Such as `get_projects_project_domains`.
fn operation_id(route: &Route) -> String {
    let words = route.path.trim_start_matches("/api/v1/").split(['/', '-']).map(|word| word.trim_matches(['{', '}']));
    format!("{}_{}", route.method.as_str().to_ascii_lowercase(), words.collect::<Vec<_>>().join("_"))
}

/// The last word of the path that is no parameter, among those that name a kind of thing.
fn tag(path: &str) -> &str {
    let mut words = path.trim_start_matches("/api/v1/").split('/').filter(|word| !word.starts_with('{'));
    match (words.next(), words.next()) {
        (Some("projects" | "instance"), Some(below)) => below,
        (first, _) => first.unwrap_or("api"),
    }
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|word| word.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let in_query = route.parameters.iter().map(|parameter| serde_json::to_value(parameter).unwrap_or_default());
    let if_match = json!({
        "name": "If-Match", "in": "header", "required": true, "schema": { "type": "string" },
        "description": "The `ETag` of what is changed, or `*` for whatever it is now.",
    });
    in_path.chain(in_query).chain(route.needs_version.then_some(if_match)).collect()
}

fn request_body(body: &Body) -> Value {
    match body {
        Body::Json(schema) => {
            json!({ "required": true, "content": { "application/json": { "schema": schema.reference } } })
        }
        Body::Upload(schema) => json!({ "required": true, "content": {
            "multipart/form-data": { "schema": {
                "type": "object",
                "required": ["archive"],
                "properties": {
                    "archive": { "type": "string", "format": "binary", "description": "A .tar.gz or .zip file." },
                    "environment": { "type": "string" },
                },
            } },
            "application/json": { "schema": schema.reference },
        } }),
    }
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    for (status, given) in &route.answers {
        let mut response = json!({ "description": status.canonical_reason().unwrap_or("Done") });
        match given {
            Given::Nothing => {}
            Given::Json(schema) => response["content"] = json!({ "application/json": { "schema": schema.reference } }),
            Given::Stream(media_type) => {
                response["content"] = json!({ *media_type: { "schema": { "type": "string" } } })
            }
        }
        responses.insert(status.as_u16().to_string(), response);
    }
    if route.has_dry_run() {
        let dry = json!({ "$ref": "#/components/schemas/DryRun" });
        let done = responses.get("200").map(|done| done["content"]["application/json"]["schema"].clone());
        let schema = match done {
            Some(done) => json!({ "oneOf": [done, dry] }),
            None => dry,
        };
        let response = json!({ "description": "OK, or what a dry run would do", "content": { "application/json": { "schema": schema } } });
        responses.insert("200".to_owned(), response);
    }
    for (status, text) in &route.refuses {
        responses.insert(status.as_u16().to_string(), problem(text));
    }
    for (status, text) in problems(route) {
        responses.entry(status).or_insert_with(|| problem(text));
    }
    Value::Object(responses)
}

fn problem(text: &str) -> Value {
    json!({ "description": text, "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/ProblemDetails" } } } })
}

fn problems(route: &Route) -> Vec<(&'static str, &'static str)> {
    let mut problems =
        vec![("400", "The request could not be read"), ("429", "Too many requests"), ("500", "Temps failed")];
    let safe = matches!(route.method, Method::GET);
    match route.access {
        Access::Public => {}
        Access::HalfAuthenticated | Access::User => problems.push(("401", "Login required")),
        Access::Administrator | Access::Project(_) => {
            problems.extend([("401", "Login required"), ("403", "Not permitted")])
        }
    }
    if route.path.contains('{') {
        problems.push(("404", "Not found, or not for you to know"));
    }
    if !safe {
        problems.extend([
            ("403", "Not permitted"),
            ("409", "In conflict with what is there"),
            ("503", "The database is busy"),
            ("507", "The disk is full"),
        ]);
    }
    if route.body.is_some() {
        problems.extend([("413", "Too large"), ("415", "Not JSON"), ("422", "Invalid input, field by field")]);
    }
    if route.needs_version {
        problems.extend([("412", "Changed meanwhile"), ("428", "`If-Match` is missing")]);
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_one_schema() {
        let mut seen: Map<String, Value> = Map::new();
        for route in crate::router::routes() {
            let taken = route.body.iter().map(|body| match body {
                Body::Json(schema) | Body::Upload(schema) => schema,
            });
            let given = route.answers.iter().filter_map(|(_, given)| match given {
                Given::Json(schema) => Some(schema.as_ref()),
                _ => None,
            });
            for (name, schema) in taken.chain(given).flat_map(|schema| &schema.all) {
                let schema = serde_json::to_value(schema).unwrap();
                let before = seen.entry(name.clone()).or_insert_with(|| schema.clone());
                assert_eq!(*before, schema, "{name} names two things");
            }
        }
    }
}
