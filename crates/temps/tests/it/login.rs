//! Second factors, fresh proofs, counted guesses.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use temps_control::{access::Access, guesses::Factor, route::Route, router::routes};
use temps_model::Clock;
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, DEVICE, EventStream, PASSWORD, PENDING, Person, codes::solve, eventually},
    on_both_databases,
};
use tokio::task::JoinSet;

use crate::cases::{World, settings_with};

on_both_databases!(
    r_auth_1_a_code_works_once_whoever_asks_and_however_often,
    r_auth_1_a_code_is_taken_one_step_early_or_late_and_never_an_older_one,
    r_auth_2_a_guess_is_counted_before_it_is_looked_at_and_a_restart_forgets_none,
    r_auth_4_half_a_login_opens_nothing_but_the_second_factor,
    r_auth_5_factors_and_password_need_a_fresh_proof_with_the_strongest_factor,
    r_auth_9_every_proof_brings_a_new_session_token,
    a_recovery_code_works_once_and_new_ones_void_the_old,
    enrolment_explains_a_wrong_clock_and_counts_only_when_confirmed,
    an_instance_that_demands_a_second_factor_leads_to_it_and_to_nothing_else,
    r_sess_2_sessions_of_others_and_ones_own_are_ended_with_open_streams,
    r_sess_3_strangers_who_guess_pay_and_wait_and_the_owner_gets_in_from_a_known_device,
    r_sess_4_whoever_guesses_too_early_learns_nothing_from_the_right_password,
    r_sess_7_a_session_in_two_places_has_to_be_proved,
    proofs_of_work_are_taken_once_and_only_for_what_was_asked,
    a_user_sees_their_logins_and_what_failed,
);

#[test]
fn r_auth_2_every_route_that_takes_a_secret_has_its_counters() {
    let takes_a_secret = |schema: &Value| {
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        ["password", "code", "recovery_code", "token", "credential"].iter().any(|name| properties.contains_key(*name))
    };
    let document: Value = serde_json::from_str(&temps_control::openapi::document(&routes()).to_string()).unwrap();
    for route in routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
        let Some(name) = reference.and_then(|text| text.rsplit('/').next()) else { continue };
        let secret = takes_a_secret(&document["components"]["schemas"][name]);
        let guessed = secret && route.path != "/api/v1/me/password";
        assert_eq!(guessed, !route.counts.is_empty(), "{} {} ({name})", route.method, route.path);
    }
    let public = routes().into_iter().filter(|route| route.method != "GET");
    for route in public.filter(|route| matches!(route.access, Access::Public | Access::HalfAuthenticated)) {
        assert!(!route.counts.is_empty(), "{} {} can be guessed at and counts nothing", route.method, route.path);
    }
    assert!(Factor::ALL.iter().all(|factor| !factor.name().is_empty()));
}

async fn second_factor(person: &Person, body: Value) -> Answer {
    person.post("/session/second-factor", body).await
}

/// Somebody with an authenticator, half logged in elsewhere.
async fn half(person: &Person) -> Person {
    let browser = person.elsewhere();
    let answer = browser.log_in().await;
    assert_eq!(answer.expect(202)["methods"], json!(["totp", "recovery_code"]));
    assert!(browser.token().is_none() && browser.kept(PENDING).is_some());
    browser
}

async fn r_auth_1_a_code_works_once_whoever_asks_and_however_often(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let (authenticator, _) = owner.enrol_totp(&app.clock).await;
    let used = authenticator.code(app.clock.now());
    let browser = half(&owner).await;
    assert_eq!(
        second_factor(&browser, json!({ "code": used })).await.problem().1,
        "second_factor_failed",
        "by enrolment"
    );
    app.clock.advance(Duration::from_secs(30));
    app.execute("DELETE FROM guess_counts").await;
    let code = authenticator.code(app.clock.now());
    let mut attempts = JoinSet::new();
    for n in 0..50 {
        // Half of them finish a login, half of them step up.
        let person = if n % 2 == 0 { half(&owner).await } else { owner.with_own_jar() };
        let path = if n % 2 == 0 { "/session/second-factor" } else { "/session/step-up" };
        let body = json!({ "code": code });
        attempts.spawn(async move { person.post(path, body).await.status });
    }
    // Guesses beyond the first few come too early to count; that alone must not be what makes the others fail.
    app.execute("UPDATE guess_counts SET failures = 0, not_before = 0").await;
    let answers = attempts.join_all().await;
    let right = answers.iter().filter(|status| [200, 201].contains(*status)).count();
    assert_eq!(right, 1, "{answers:?}");
}

async fn r_auth_1_a_code_is_taken_one_step_early_or_late_and_never_an_older_one(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let (authenticator, _) = owner.enrol_totp(&app.clock).await;
    let at = |steps: i64| {
        let now = app.clock.now();
        let by = Duration::from_secs(30 * steps.unsigned_abs());
        authenticator.code(if steps < 0 { now.before(by) } else { now.after(by) })
    };
    let try_code = async |code: String| {
        app.execute("DELETE FROM guess_counts").await;
        second_factor(&half(&owner).await, json!({ "code": code })).await.status
    };
    app.clock.advance(Duration::from_secs(300));
    assert_eq!(try_code(at(2)).await, 401, "two steps early");
    assert_eq!(try_code(at(-2)).await, 401, "two steps late");
    assert_eq!(try_code(at(1)).await, 201, "a step early");
    assert_eq!(try_code(at(0)).await, 401, "older than the last one that was used");
    app.clock.advance(Duration::from_secs(90));
    assert_eq!(try_code(at(-1)).await, 201, "a step late");
    for none in ["", "12345", "1234567", "abcdef", "0000000000000000"] {
        assert_eq!(try_code(none.to_owned()).await, 401, "{none}");
    }
}

async fn r_auth_2_a_guess_is_counted_before_it_is_looked_at_and_a_restart_forgets_none(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let email = owner.email().to_owned();
    let stranger = app.anonymous();
    let guess = async |spelling: &str| {
        stranger.post("/session", json!({ "email": spelling, "password": "wrong wrong wrong" })).await.problem().1
    };
    for spelling in [email.as_str(), " OWNER@example.com ", "Owner@EXAMPLE.com", "ｏｗｎｅｒ@example.com", &email]
    {
        assert_eq!(guess(spelling).await, "login_failed");
    }
    assert_eq!(guess(&email).await, "proof_of_work", "five spellings, one counter");
    let app = app.restart().await;
    let stranger = app.anonymous();
    let answer = stranger.post("/session", json!({ "email": email, "password": "wrong wrong wrong" })).await;
    assert_eq!(answer.problem(), (429, "proof_of_work".to_owned()));
    // An address that nobody has is counted alike.
    for n in 0..6 {
        let answer =
            app.anonymous().post("/session", json!({ "email": "nobody+a@example.com", "password": "x" })).await;
        assert_eq!(answer.problem().1, if n < 5 { "login_failed" } else { "proof_of_work" });
    }
    let answer = app.anonymous().post("/session", json!({ "email": "NOBODY+b@example.com", "password": "x" })).await;
    assert_eq!(answer.problem().1, "proof_of_work");
    // Fifty at a time are fifty.
    let mut attempts = JoinSet::new();
    for _ in 0..50 {
        let person = app.stranger("somebody-else@example.com");
        attempts.spawn(async move { person.log_in_with("wrong wrong wrong").await.problem().1 });
    }
    let answers = attempts.join_all().await;
    assert_eq!(answers.iter().filter(|code| *code == "login_failed").count(), 5, "{answers:?}");
}

async fn r_auth_4_half_a_login_opens_nothing_but_the_second_factor(database: TestDatabase) {
    let world = World::start(database).await;
    world.owner.enrol_totp(&world.app.clock).await;
    let half = half(&world.owner).await;
    let token = half.kept(PENDING).unwrap();
    for route in
        routes().into_iter().filter(|route| !matches!(route.access, Access::Public | Access::HalfAuthenticated))
    {
        let case = world.case(&route).await;
        assert_eq!(
            case.call(&half.with_own_jar()).await.problem().1,
            "login_required",
            "{} {}",
            route.method,
            route.path
        );
        // The same token in the session's place, and in both.
        for cookie in [
            format!("__Host-temps_session={token}"),
            format!("__Host-temps_session={token}; __Host-temps_login={token}"),
        ] {
            let answer = world.anonymous.call(&case.method, &case.path).header("cookie", cookie).if_match("*").await;
            assert_eq!(answer.problem().1, "login_required", "{} {}", route.method, route.path);
        }
    }
    let session = world.owner.token().unwrap();
    let as_half = world.anonymous.call("POST", "/session/second-factor").json(&json!({ "code": "000000" }));
    let answer = as_half.header("cookie", format!("__Host-temps_login={session}")).await;
    assert_eq!(answer.problem(), (401, "login_begins_anew".to_owned()), "a session is no half login either");
    world.app.clock.advance(Duration::from_secs(601));
    let late = second_factor(&half, json!({ "code": "000000" })).await;
    assert_eq!(late.problem().1, "login_begins_anew");
}

async fn r_auth_5_factors_and_password_need_a_fresh_proof_with_the_strongest_factor(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let user = app.user("user").await;
    let demanded = |answer: &Answer| {
        assert_eq!(answer.problem(), (403, "step_up_required".to_owned()));
        answer.json()["methods"].clone()
    };
    app.clock.advance(Duration::from_secs(301));
    let calls = [("POST", "/me/totp"), ("DELETE", "/me/totp"), ("POST", "/me/recovery-codes"), ("PUT", "/me/password")];
    for (method, path) in calls {
        let answer = user.call(method, path).json(&json!({ "password": PASSWORD })).await;
        assert_eq!(demanded(&answer), json!(["password"]), "{path}");
    }
    let wrong = user.post("/session/step-up", json!({ "password": "wrong wrong wrong" })).await;
    assert_eq!(wrong.problem(), (403, "proof_wrong".to_owned()));
    for none in [json!({}), json!({ "password": PASSWORD, "code": "123456" })] {
        assert_eq!(user.post("/session/step-up", none).await.problem(), (400, "one_proof".to_owned()));
    }
    user.post("/session/step-up", json!({ "password": PASSWORD })).await.expect(200);
    let (authenticator, codes) = user.enrol_totp(&app.clock).await;
    assert_eq!(codes.len(), 10);
    // Whoever knows the password alone can change none of it, however fresh the password.
    app.clock.advance(Duration::from_secs(301));
    let password_only = user.post("/session/step-up", json!({ "password": PASSWORD })).await;
    assert_eq!(password_only.problem(), (422, "invalid".to_owned()));
    for (method, path) in calls {
        let answer = user.call(method, path).json(&json!({ "password": PASSWORD })).await;
        assert_eq!(demanded(&answer), json!(["totp", "recovery_code"]), "{path}");
    }
    user.post("/session/step-up", json!({ "code": authenticator.code(app.clock.now()) })).await.expect(200);
    user.put("/me/password", json!({ "password": "another battery and more staples" })).await.expect(204);
    user.put("/me/password", json!({ "password": "short" })).await.expect(422);
    user.delete("/me/totp").await.expect(204);
    assert_eq!(
        user.get("/me/factors").await.expect(200)["recovery_codes_left"],
        0,
        "they stand in for nothing any more"
    );
    assert_eq!(user.elsewhere().log_in().await.status, 401);
    user.elsewhere().log_in_with("another battery and more staples").await.expect(201);
    // Deleting a project asks for the same.
    let owner = app.owner().await;
    owner.log_in().await.expect(201);
    owner.create_project("shop").await;
    app.clock.advance(Duration::from_secs(901));
    assert_eq!(owner.delete("/projects/shop").if_match("*").await.problem().1, "step_up_required");
    owner.get("/projects/shop").await.expect(200);
    owner.post("/session/step-up", json!({ "password": PASSWORD })).await.expect(200);
    owner.delete("/projects/shop").if_match("*").await.expect(200);
}

async fn r_auth_9_every_proof_brings_a_new_session_token(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let mut tokens = vec![owner.token().unwrap()];
    owner.post("/session/step-up", json!({ "password": PASSWORD })).await.expect(200);
    tokens.push(owner.token().unwrap());
    owner.enrol_totp(&app.clock).await;
    tokens.push(owner.token().unwrap());
    owner.get("/me").await.expect(200);
    for old in &tokens[..2] {
        owner.with_token(old).get("/me").await.expect(401);
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 3);
}

async fn a_recovery_code_works_once_and_new_ones_void_the_old(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let (_, codes) = owner.enrol_totp(&app.clock).await;
    let mut attempts = JoinSet::new();
    let code = codes[0].to_uppercase().replace('-', " ");
    for _ in 0..50 {
        let browser = half(&owner).await;
        let body = json!({ "recovery_code": code });
        attempts.spawn(async move { second_factor(&browser, body).await.status });
    }
    let right = attempts.join_all().await.iter().filter(|status| **status == 201).count();
    assert_eq!(right, 1);
    app.execute("DELETE FROM guess_counts").await;
    assert_eq!(owner.get("/me/factors").await.expect(200)["recovery_codes_left"], 9);
    let made = owner.post("/me/recovery-codes", json!({})).await.expect(200);
    let new = made["recovery_codes"][0].as_str().unwrap().to_owned();
    assert_eq!(second_factor(&half(&owner).await, json!({ "recovery_code": codes[1] })).await.status, 401);
    assert_eq!(second_factor(&half(&owner).await, json!({ "recovery_code": new })).await.status, 201);
    let dump = app.dump().await.join("\n");
    assert!(codes.iter().all(|code| !dump.contains(code) && !dump.contains(&code.replace('-', ""))));
    let user = app.user("user").await;
    assert_eq!(user.post("/me/recovery-codes", json!({})).await.problem().1, "no_second_factor");
}

async fn enrolment_explains_a_wrong_clock_and_counts_only_when_confirmed(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    assert_eq!(owner.post("/me/totp/confirm", json!({ "code": "123456" })).await.problem().1, "nothing_to_confirm");
    let begun = owner.post("/me/totp", json!({})).await.expect(201);
    let uri = begun["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/Temps%20%28temps%2Elocalhost%29:owner%40example%2Ecom?secret="), "{uri}");
    let rows = begun["qr"].as_array().unwrap();
    assert!(rows.iter().all(|row| row.as_str().unwrap().len() == rows.len()), "a square");
    let authenticator = temps_testkit::app::codes::Authenticator::new(begun["secret"].as_str().unwrap());
    owner.elsewhere().log_in().await.expect(201);
    let ahead = authenticator.code(app.clock.now().after(Duration::from_secs(180)));
    let answer = owner.post("/me/totp/confirm", json!({ "code": ahead })).await;
    let message = answer.expect(422)["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("a clock that is 180 seconds ahead"), "{message}");
    let wrong = owner.post("/me/totp/confirm", json!({ "code": "000000" })).await;
    assert!(wrong.expect(422)["errors"][0]["message"].as_str().unwrap().contains("not one of this key"));
    owner.post("/me/totp/confirm", json!({ "code": authenticator.code(app.clock.now()) })).await.expect(200);
    owner.elsewhere().log_in().await.expect(202);
    // A second key replaces the first only when it is confirmed.
    let begun = owner.post("/me/totp", json!({})).await.expect(201);
    app.clock.advance(Duration::from_secs(60));
    let old = json!({ "code": authenticator.code(app.clock.now()) });
    assert_eq!(second_factor(&half(&owner).await, old).await.status, 201, "the first goes on");
    let second = temps_testkit::app::codes::Authenticator::new(begun["secret"].as_str().unwrap());
    let confirmed = owner.post("/me/totp/confirm", json!({ "code": second.code(app.clock.now()) })).await.expect(200);
    assert_eq!(confirmed["recovery_codes"], json!([]), "the codes stay");
    app.clock.advance(Duration::from_secs(60));
    let old = json!({ "code": authenticator.code(app.clock.now()) });
    assert_eq!(second_factor(&half(&owner).await, old).await.status, 401);
}

async fn an_instance_that_demands_a_second_factor_leads_to_it_and_to_nothing_else(database: TestDatabase) {
    let world = World::start(database).await;
    let closed = |route: &Route| !route.even_unsettled && matches!(route.access, Access::User | Access::Project(_));
    let mut cases = Vec::new();
    for route in routes().into_iter().filter(closed) {
        cases.push(world.case(&route).await);
    }
    let demand = settings_with("/second_factor/roles", json!(["owner"]));
    world.administrator.put("/instance", demand).if_match("*").await.expect(200);
    world.member.get("/projects").await.expect(200);
    assert_eq!(world.owner.get("/me").await.expect(200)["must_enrol"], true);
    for case in cases {
        let answer = case.call(&world.owner.with_own_jar()).await;
        assert_eq!(answer.problem(), (403, "second_factor_required".to_owned()), "{} {}", case.method, case.path);
    }
    world.owner.enrol_totp(&world.app.clock).await;
    world.owner.get("/projects").await.expect(200);
    // By invitation.
    let invited = world.app.stranger("careful@example.com");
    let body = json!({ "email": invited.email(), "second_factor_required": true });
    let link = world.administrator.post("/users", body).await.expect(201)["link"].as_str().unwrap().to_owned();
    let token = link.split_once("#token=").unwrap().1;
    invited.post("/activation", json!({ "token": token, "password": PASSWORD })).await.expect(201);
    assert_eq!(invited.get("/projects").await.problem().1, "second_factor_required");
    let users = world.administrator.get("/users").await.expect(200);
    let of = |email: &str| {
        let all = users["items"].as_array().unwrap();
        all.iter().find(|user| user["email"] == email).unwrap()["second_factor"].clone()
    };
    assert_eq!((of(world.owner.email()), of(invited.email())), (json!("totp"), json!("none")));
}

async fn r_sess_2_sessions_of_others_and_ones_own_are_ended_with_open_streams(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (owner, user) = (app.owner().await, app.user("user").await);
    user.create_project("shop").await;
    let phone = user.elsewhere();
    phone.log_in().await.expect(201);
    let listed = user.get("/sessions").await.expect(200);
    let other = listed["items"].as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    let mut stream = EventStream::open(&phone, "/projects/shop/stream", None).await;
    let id = other["id"].as_str().unwrap();
    assert_eq!(owner.delete(&format!("/sessions/{id}")).await.status, 404, "nobody else's");
    user.delete(&format!("/sessions/{id}")).await.expect(204);
    phone.get("/me").await.expect(401);
    while stream.next().await.is_some() {}
    for _ in 0..3 {
        user.elsewhere().log_in().await.expect(201);
    }
    assert_eq!(user.delete("/sessions").await.expect(200)["ended"], 3);
    user.get("/me").await.expect(200);
    let path = format!("/users/{}/sessions", user.id().await);
    let mut stream = EventStream::open(&user, "/projects/shop/stream", None).await;
    assert_eq!(owner.get(&path).await.expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(user.delete(&path).await.status, 403);
    assert_eq!(owner.delete(&path).await.expect(200)["ended"], 1);
    user.get("/me").await.expect(401);
    while stream.next().await.is_some() {}
    let nobody = "/users/01890000-0000-7000-8000-000000000000/sessions";
    assert_eq!((owner.get(nobody).await.status, owner.delete("/users/nobody/sessions").await.status), (404, 404));
}

async fn r_sess_3_strangers_who_guess_pay_and_wait_and_the_owner_gets_in_from_a_known_device(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let mut looked_at = 0;
    for n in 0..40_u8 {
        let stranger = owner.elsewhere().at([127, 9, n, 1]);
        let answer = stranger.log_in_paying("wrong wrong wrong").await;
        assert_eq!(answer.problem(), (401, "login_failed".to_owned()));
        looked_at += 1;
    }
    assert_eq!(looked_at, 40, "all are answered alike, whether they counted or not");
    let counted = app
        .count("SELECT CAST(MAX(failures) AS BIGINT) FROM guess_counts WHERE bucket LIKE 'password account %'")
        .await;
    assert!((10..=20).contains(&counted), "{counted}");
    assert_eq!(owner.elsewhere().log_in_paying(PASSWORD).await.status, 401, "a stranger's device, too early");
    let known = owner.with_own_jar();
    known.keep(temps_testkit::app::SESSION, None);
    known.log_in().await.expect(201);
    // A device is known for one account only.
    let user = app.user("user").await;
    let borrowed = owner.elsewhere();
    borrowed.keep(DEVICE, user.kept(DEVICE).as_deref());
    assert_eq!(borrowed.log_in().await.problem().1, "proof_of_work");
}

async fn r_sess_4_whoever_guesses_too_early_learns_nothing_from_the_right_password(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let stranger = owner.elsewhere();
    for _ in 0..6 {
        stranger.log_in_paying("wrong wrong wrong").await.expect(401);
    }
    let soon = app.clock.now().after(Duration::from_secs(60)).micros();
    app.execute(&format!("UPDATE guess_counts SET not_before = {soon} WHERE bucket LIKE 'password account %'")).await;
    let early = |answer: &Answer| {
        let cookies: Vec<String> = answer.all("set-cookie").iter().map(|line| (*line).to_owned()).collect();
        (answer.status, answer.text().replace(answer.request_id(), "ID"), cookies)
    };
    let wrong = early(&stranger.log_in_paying("wrong wrong wrong").await);
    let right = early(&stranger.log_in_paying(PASSWORD).await);
    assert_eq!(wrong, right);
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(stranger.log_in_paying(PASSWORD).await.status, 201, "in time it is right");
}

async fn r_sess_7_a_session_in_two_places_has_to_be_proved(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.get("/projects").header("user-agent", "Mozilla/5.0 Firefox/140.0").await.expect(200);
    let thief = owner.with_own_jar().at([127, 7, 7, 7]);
    let stolen = thief.get("/projects").header("user-agent", "curl/8.0").await;
    assert_eq!(stolen.problem(), (403, "step_up_required".to_owned()));
    assert_eq!(owner.get("/projects").await.problem().1, "step_up_required", "nobody can tell who is who");
    assert_eq!(owner.get("/me").await.expect(200)["must_prove"], true);
    owner.post("/session/step-up", json!({ "password": PASSWORD })).await.expect(200);
    owner.get("/projects").await.expect(200);
    thief.get("/me").await.expect(401);
}

async fn proofs_of_work_are_taken_once_and_only_for_what_was_asked(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let stranger = owner.elsewhere();
    let attempt = async |proof: Value| {
        let body = json!({ "email": owner.email(), "password": "wrong wrong wrong", "proof": proof });
        stranger.post("/session", body).await
    };
    for _ in 0..5 {
        attempt(Value::Null).await.expect(401);
    }
    let challenge = attempt(Value::Null).await.expect(429)["challenge"].clone();
    let proof = solve(&challenge);
    let forged = |pointer: &str, value: Value| {
        let mut payload: Value = serde_json::from_slice(&STANDARD.decode(&proof).unwrap()).unwrap();
        *payload.pointer_mut(pointer).unwrap() = value;
        STANDARD.encode(payload.to_string())
    };
    for bad in [
        String::new(),
        "?".to_owned(),
        "e30=".to_owned(),
        "A".repeat(9_000),
        forged("/challenge/parameters/cost", json!(1)),
        forged("/challenge/parameters/data/expires", json!(i64::MAX)),
        forged("/challenge/parameters/data/level", json!(5)),
        forged("/challenge/signature", json!(null)),
        forged("/solution/derivedKey", json!("00")),
    ] {
        assert_eq!(attempt(json!(bad)).await.problem().1, "proof_of_work", "{bad}");
    }
    attempt(json!(proof)).await.expect(401);
    assert_eq!(attempt(json!(proof)).await.problem().1, "proof_of_work", "spent");
    let late = solve(&attempt(Value::Null).await.expect(429)["challenge"]);
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(attempt(json!(late)).await.problem().1, "proof_of_work", "too old");
}

async fn a_user_sees_their_logins_and_what_failed(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    for _ in 0..3 {
        owner.elsewhere().at([127, 3, 3, 3]).log_in_with("wrong wrong wrong").await.expect(401);
    }
    app.anonymous().log_in_with("wrong wrong wrong").await.expect(401);
    let logins = owner.get("/me/logins").await.expect(200);
    let told: Vec<_> = logins["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|login| {
            (
                login["succeeded"].as_bool().unwrap(),
                login["attempts"].as_i64().unwrap(),
                login["ip"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(told[0], (false, 3, "127.3.3.3".to_owned()));
    assert!(told[1].0 && told.len() == 2, "{told:?}");
    let other = app.user("user").await;
    eventually("the login is there", async || {
        other.get("/me/logins").await.expect(200)["items"].as_array().unwrap().len() == 1
    })
    .await;
}
