//! Second factors, fresh proofs, ended sessions.

use std::time::Duration;

use serde_json::{Value, json};
use temps_control::{access::Access, route::Route, router::routes};
use temps_model::{Clock, Timestamp};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, EventStream, PASSWORD, PENDING, Person, eventually},
    on_both_databases,
};
use tokio::task::JoinSet;

use crate::cases::{World, settings_with};

on_both_databases!(
    r_auth_1_a_code_works_once_whoever_asks_and_however_often,
    r_auth_1_a_code_is_taken_one_step_early_or_late_and_never_an_older_one,
    r_auth_4_half_a_login_opens_nothing_but_the_second_factor,
    r_auth_5_factors_and_password_need_a_fresh_proof_with_the_strongest_factor,
    r_auth_9_every_proof_brings_a_new_session_token,
    a_recovery_code_works_once_and_new_ones_void_the_old,
    enrolment_explains_a_wrong_clock_and_counts_only_when_confirmed,
    an_instance_that_demands_a_second_factor_leads_to_it_and_to_nothing_else,
    r_sess_2_sessions_of_others_and_ones_own_are_ended_with_open_streams,
    r_sess_2_a_call_whose_session_ends_while_its_body_arrives_changes_nothing,
    half_a_login_ends_with_everything_else_that_was_begun,
    r_sess_7_a_session_in_two_places_has_to_be_proved,
    a_user_sees_their_logins_and_what_failed,
);

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
    app.execute("UPDATE guess_counts SET thousandths = 0, not_before = 0").await;
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
    // What it would do can be asked at any time, and by nothing that only looks like it.
    let owner = app.owner().await;
    let settings = settings_with("/passwords/min_characters", json!(16));
    let put = async |query: &str| {
        owner.call("PUT", &format!("/instance{query}")).json(&settings).if_match("*").await.problem()
    };
    owner.log_in().await.expect(201);
    app.clock.advance(Duration::from_secs(901));
    assert_eq!(put("?dry_run=true").await.0, 200);
    for query in ["", "?dry_run=false", "?dry_run=true&dry_run=false", "?dry_run=false&dry_run=true", "?dry_run=1"] {
        assert!([400, 403].contains(&put(query).await.0), "{query}");
    }
    assert_eq!(owner.get("/instance").await.expect(200)["passwords"]["min_characters"], 12);
    // Deleting a project asks for the same.
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
    let closed = |route: &Route| !route.while_enrolling && matches!(route.access, Access::User | Access::Project(_));
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
    let since = app.clock.now();
    app.clock.advance(Duration::from_secs(60));
    let listed = user.get("/sessions").await.expect(200);
    let of = |current: bool| {
        let all = listed["items"].as_array().unwrap();
        let session = all.iter().find(|session| session["current"] == current).unwrap();
        Timestamp::parse_rfc3339(session["last_used_at"].as_str().unwrap()).unwrap()
    };
    assert!(of(true) > since && of(false) <= since, "the one that asks is used just now");
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

async fn r_sess_7_a_session_in_two_places_has_to_be_proved(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.get("/projects").header("user-agent", "Mozilla/5.0 Firefox/140.0").await.expect(200);
    let thief = owner.with_own_jar().at([127, 7, 7, 7]);
    let stolen = thief.get("/projects").header("user-agent", "curl/8.0").await;
    assert_eq!(stolen.problem(), (403, "step_up_required".to_owned()));
    assert_eq!(owner.get("/projects").await.problem().1, "step_up_required", "nobody can tell who is who");
    // However fresh its proof, it can neither change factors nor end what the owner has.
    for (method, path) in
        [("POST", "/me/totp"), ("POST", "/me/totp/confirm"), ("DELETE", "/sessions"), ("PUT", "/me/password")]
    {
        let answer = thief.call(method, path).json(&json!({ "code": "000000", "password": PASSWORD })).await;
        assert_eq!(answer.problem().1, "step_up_required", "{path}");
    }
    assert_eq!(owner.get("/me").await.expect(200)["must_prove"], true);
    owner.post("/session/step-up", json!({ "password": PASSWORD })).await.expect(200);
    owner.get("/projects").await.expect(200);
    thief.get("/me").await.expect(401);
    // Saying that nobody sits in front of it hides nothing.
    let thief = owner.with_own_jar().at([127, 7, 7, 8]);
    owner.get("/projects").header("user-agent", "Mozilla/5.0 Firefox/140.0").await.expect(200);
    let hidden = thief.get("/projects").header("user-agent", "curl/8.0").header("x-background", "1").await;
    assert_eq!(hidden.problem().1, "step_up_required");
}

/// A body may take its time. What the call was permitted by is asked again when it is there.
async fn r_sess_2_a_call_whose_session_ends_while_its_body_arrives_changes_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let user = app.user("user").await;
    let thief = user.with_own_jar();
    user.create_project("shop").await;
    let slow = async |method: &str, path: &str, body: Value| {
        let body = body.to_string();
        let mut raw = app.reach().raw("temps.localhost", thief.address()).await;
        let head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: temps.localhost\r\nOrigin: {}\r\nCookie: __Host-temps_session={}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            app.reach().origin,
            thief.token().unwrap(),
            body.len(),
        );
        raw.send(head + &body[..1]).await;
        (raw, body[1..].to_owned())
    };
    let changes = [
        ("PUT", "/me/password", json!({ "password": "another battery and more staples" })),
        ("POST", "/projects/shop/domains", json!({ "host": "thief.example.com" })),
    ];
    let mut begun = Vec::new();
    for (method, path, body) in changes {
        begun.push(slow(method, path, body).await);
    }
    // The head is there and was found to be in order; a second later its session is not.
    tokio::time::sleep(Duration::from_millis(300)).await;
    user.delete("/session").await.expect(204);
    for (mut raw, rest) in begun {
        let answer = raw.send(rest).await.read_all().await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    user.log_in().await.expect(201);
    assert_eq!(user.get("/projects/shop/domains").await.expect(200)["items"].as_array().unwrap().len(), 1);
}

async fn half_a_login_ends_with_everything_else_that_was_begun(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let (authenticator, codes) = owner.enrol_totp(&app.clock).await;
    let waiting = half(&owner).await;
    owner.put("/me/password", json!({ "password": "another battery and more staples" })).await.expect(204);
    app.clock.advance(Duration::from_secs(60));
    let code = json!({ "code": authenticator.code(app.clock.now()) });
    assert_eq!(second_factor(&waiting, code).await.problem().1, "login_begins_anew");
    // Two right codes make one session of half a login.
    let waiting = owner.elsewhere();
    waiting.log_in_with("another battery and more staples").await.expect(202);
    let mut attempts = JoinSet::new();
    for code in codes {
        let browser = waiting.with_own_jar();
        attempts.spawn(async move { second_factor(&browser, json!({ "recovery_code": code })).await.status });
    }
    let answers = attempts.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
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
