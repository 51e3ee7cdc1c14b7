//! Every route under attack: without a login, with a broken one, and by the owner of another project.

use std::collections::BTreeSet;

use serde_json::Value;
use temps_control::{access::Access, route::Route, router::routes};
use temps_testkit::{
    TestDatabase,
    app::{Answer, Call, Person},
    on_both_databases,
};

use crate::cases::{Case, World};

on_both_databases!(
    r_rbac_1_no_route_takes_a_login_that_is_none,
    r_rbac_2_a_foreign_project_answers_like_none,
    r_rbac_2_what_belongs_to_a_foreign_project_answers_like_nothing,
    r_app_3_safe_methods_change_nothing,
    r_edge_8_no_spelling_of_a_path_leads_elsewhere,
    r_edge_4_nobody_speaks_in_the_edges_name,
    the_openapi_document_has_exactly_the_routes,
);

/// Anybody may call these and no others.
const PUBLIC: [&str; 5] = [
    "GET /api/v1/setup",
    "POST /api/v1/setup",
    "POST /api/v1/session",
    "POST /api/v1/activation",
    "POST /api/v1/revoke",
];

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

#[test]
fn the_list_of_public_routes_is_short_and_known() {
    let public: Vec<String> = routes().iter().filter(|route| route.access == Access::Public).map(name).collect();
    assert_eq!(public, PUBLIC);
}

#[test]
fn every_route_that_changes_something_declares_what_the_audit_log_calls_it() {
    let silent: Vec<String> =
        routes().iter().filter(|route| route.method != "GET" && route.action.is_none()).map(name).collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn r_app_3_only_get_and_unsafe_methods_are_routed() {
    let methods: BTreeSet<String> = routes().iter().map(|route| route.method.to_string()).collect();
    assert_eq!(methods, BTreeSet::from(["DELETE", "GET", "POST", "PUT"].map(str::to_owned)));
}

/// Ways to hand over a login that are none, made from one that is sound.
fn broken<'a>(call: Call<'a>, way: usize, token: &str) -> Option<Call<'a>> {
    let cookie = format!("__Host-temps_session={token}");
    let unknown = "A".repeat(43);
    Some(match way {
        0 => call,
        1 => call.header("cookie", "__Host-temps_session="),
        2 => call.header("cookie", format!("__Host-temps_session={unknown}")),
        3 => call.header("cookie", format!("{cookie}; {cookie}")),
        4 => call.header("cookie", cookie.clone()).header("cookie", format!("__Host-temps_session={unknown}")),
        5 => call.header("cookie", format!("__Host-temps_session=\"{token}\"")),
        6 => call.header("cookie", format!("__Host-temps_session={}", &token[1..])),
        7 => call.header("cookie", format!("{cookie}=")),
        8 => call.header("cookie", format!("temps_session={token}")),
        9 => call.header("cookie", format!("__host-temps_session={token}")),
        10 => call.header("authorization", format!("Bearer {token}")),
        11 => call.header("authorization", "Bearer garbage"),
        12 => call.header("authorization", "Basic b3duZXI6b3duZXI="),
        13 => call.header("x-temps-user", "1").header("x-forwarded-user", "owner"),
        14 => call.header("cookie", "=; ;;; ==,").header("authorization", ""),
        _ => return None,
    })
}

async fn r_rbac_1_no_route_takes_a_login_that_is_none(database: TestDatabase) {
    let world = World::start(database).await;
    let token = world.owner.token().unwrap();
    for route in routes() {
        let case = world.case(&route).await;
        // A public route would be served, so it gets nothing to serve.
        let body = if route.access == Access::Public { Some(Value::Null) } else { case.body.clone() };
        let case = Case { body, ..case };
        let in_query = format!("{}?__Host-temps_session={token}", case.path);
        let mut answers = vec![with_body(world.anonymous.call(&case.method, &in_query), &case).await];
        for way in 0.. {
            let jar = world.anonymous.with_own_jar();
            let Some(call) = broken(jar.call(&case.method, &case.path), way, &token) else { break };
            answers.push(with_body(call, &case).await);
        }
        for (way, answer) in answers.iter().enumerate() {
            match route.access {
                Access::Public if route.method == "GET" => {
                    assert_eq!(answer.status / 100, if way == 0 { 4 } else { 2 })
                }
                Access::Public => {
                    assert!((400..500).contains(&answer.status), "{} took {way}: {}", name(&route), answer.status)
                }
                Access::HalfAuthenticated => {
                    assert_eq!(answer.problem(), (401, "login_begins_anew".to_owned()), "{} took {way}", name(&route))
                }
                _ => assert_eq!(answer.problem(), (401, "login_required".to_owned()), "{} took {way}", name(&route)),
            }
        }
    }
}

fn with_body<'a>(call: Call<'a>, case: &Case) -> Call<'a> {
    match &case.body {
        Some(body) => call.json(body).if_match("*"),
        None => call.if_match("*"),
    }
}

/// What a client can tell two answers apart by.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = answer.headers.iter().filter(|(name, _)| !["date", "temps-request-id"].contains(&name.as_str()));
    let mut headers: Vec<_> = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.sort();
    let mut body = answer.json();
    assert_eq!(body["request_id"], answer.request_id());
    body["request_id"] = Value::Null;
    (answer.status, headers, body)
}

async fn r_rbac_2_a_foreign_project_answers_like_none(database: TestDatabase) {
    let world = World::start(database).await;
    let id = world.owner.get("/projects/shop").await.expect(200)["id"].as_str().unwrap().to_owned();
    let nobodys = "01890000-0000-7000-8000-000000000000";
    for route in routes().into_iter().filter(|route| route.path.contains("{project}")) {
        let case = world.case(&route).await;
        let own = case.path.split('/').nth(2).unwrap().to_owned();
        for (foreign, none) in [(own.as_str(), "shed"), (id.as_str(), nobodys)] {
            let at = |project: &str| Case {
                path: case.path.replacen(&own, project, 1),
                body: case.body.clone(),
                method: case.method.clone(),
                ..case
            };
            for person in [&world.outsider, &world.administrator] {
                let (foreign, none) = (at(foreign).call(person).await, at(none).call(person).await);
                assert_eq!(foreign.status, 404, "{}", name(&route));
                assert_eq!(seen(&foreign), seen(&none), "{}", name(&route));
            }
        }
    }
}

/// Ids of the project `shop` in the path of the outsider's own project.
async fn r_rbac_2_what_belongs_to_a_foreign_project_answers_like_nothing(database: TestDatabase) {
    let world = World::start(database).await;
    let nobodys = "01890000-0000-7000-8000-000000000000";
    let parameters = ["{environment}", "{domain}", "{rule}", "{deployment}", "{request}"];
    let below =
        |route: &Route| route.path.contains("{project}") && parameters.iter().any(|name| route.path.contains(name));
    for route in routes().into_iter().filter(below) {
        let case = world.case(&route).await;
        let staging = world.owner.get("/projects/shop/environments/staging").await.expect(200);
        let parameter = parameters.into_iter().find(|name| route.path.contains(name)).unwrap();
        let position = route.path.split('/').position(|part| part == parameter).unwrap() - 2;
        let id = match parameter {
            "{environment}" => staging["id"].as_str().unwrap().to_owned(),
            _ => case.path.split('/').nth(position).unwrap().to_owned(),
        };
        let with = |id: &str| {
            let mut parts: Vec<&str> = case.path.split('/').collect();
            (parts[2], parts[position]) = ("yard", id);
            Case { path: parts.join("/"), body: case.body.clone(), method: case.method.clone(), ..case }
        };
        let (foreign, none) = (with(&id).call(&world.outsider).await, with(nobodys).call(&world.outsider).await);
        assert_eq!(foreign.status, 404, "{}", name(&route));
        assert_eq!(seen(&foreign), seen(&none), "{}", name(&route));
        assert_eq!(with("staging").call(&world.outsider).await.status, 404);
    }
}

async fn r_app_3_safe_methods_change_nothing(database: TestDatabase) {
    let world = World::start(database).await;
    let before = world.app.rows().await;
    for route in routes().into_iter().filter(|route| route.method == "GET") {
        let case = world.case(&route).await;
        for (_, caller) in world.callers() {
            world.call(&case, caller).await;
            let head = caller.call("HEAD", &case.path).await;
            assert!(head.body.is_empty() && head.status < 500);
        }
    }
    assert_eq!(world.app.rows().await, before);
}

async fn r_edge_8_no_spelling_of_a_path_leads_elsewhere(database: TestDatabase) {
    let world = World::start(database).await;
    for path in [
        "/api/v1/projects/yard/../shop",
        "/api/v1/projects/yard/%2e%2e/shop",
        "/api/v1/projects/yard%2f..%2fshop",
        "/api/v1/projects/yard/..;/shop",
        "/api/v1/projects/shop/",
        "/api/v1/projects/shop%20",
        "/api/v1/projects/SHOP",
        "/api/v1/projects/shop%00",
        "/api/v1/projects//shop",
        "//api/v1/projects/shop",
        "/API/v1/projects/shop",
        "/api/v1/./projects/shop",
        "/api/v1/projects/shop?project=yard",
        "/api/v1/projects/shop;project=yard",
        "/api/v1/projects/%73hop",
        "/api/v1\\projects\\shop",
        "/api/v1/instance/../users",
        "/api/v1/me/../users",
    ] {
        let jar = world.outsider.with_own_jar();
        let mut raw = world.app.reach().raw("temps.localhost", jar.address()).await;
        let cookie = format!("__Host-temps_session={}", jar.token().unwrap());
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: temps.localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
        let answer = raw.send(head).await.read_all().await;
        let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        assert!((400..500).contains(&status), "{path} answered {status}");
        assert!(!answer.contains("\"environments\""), "{path} shows the project");
    }
}

async fn r_edge_4_nobody_speaks_in_the_edges_name(database: TestDatabase) {
    let app = temps_testkit::TestApp::start(database).await;
    let owner = app.owner().await;
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.1"),
        ("forwarded", "for=203.0.113.1"),
        ("x-real-ip", "203.0.113.1"),
        ("X_Forwarded_For", "203.0.113.1"),
        ("x-request-id", "01890000-0000-7000-8000-000000000000"),
        ("temps-request-id", "01890000-0000-7000-8000-000000000000"),
    ] {
        for connection in ["close", "close, x-forwarded-for, x-request-id"] {
            let me = owner.get("/me").header(name, value).header(name, value).header("connection", connection).await;
            assert_eq!(me.expect(200)["client_ip"], owner.address().to_string(), "{name}");
            assert_ne!(me.request_id(), value);
        }
    }
}

async fn the_openapi_document_has_exactly_the_routes(database: TestDatabase) {
    let app = temps_testkit::TestApp::start(database).await;
    let anonymous: Person = app.anonymous();
    let document = anonymous.raw("GET", "/api/openapi.json").await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described = BTreeSet::new();
    let mut public = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let operation_name = format!("{} {path}", method.to_uppercase());
            if operation.get("security").is_none() {
                public.insert(operation_name.clone());
            }
            described.insert(operation_name);
        }
    }
    assert_eq!(described, routes().iter().map(name).collect());
    assert_eq!(public, PUBLIC.map(str::to_owned).into());
    let page = anonymous.raw("GET", "/api/docs").await;
    assert_eq!(page.status, 200);
    for route in routes() {
        assert!(page.text().contains(route.path), "{} is not on the page", route.path);
    }
}
