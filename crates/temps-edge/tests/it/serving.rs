//! The happy path.

use temps_policy::Outcome;
use temps_testkit::{Recorder, TestEdge};

#[tokio::test]
async fn a_file_and_an_application_are_served_over_every_protocol() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new()
        .files("demo.localhost", &[("index.html", "hi")])
        .upstream("app.localhost", &recorder)
        .start()
        .await;
    for host in ["demo.localhost", "app.localhost"] {
        let body = if host == "demo.localhost" { "hi" } else { "ok" };
        let plain = edge.client_plain().await.get(host, "/").await;
        let h1 = edge.get(host, "/").await;
        let h2 = edge.client_h2(host).await.get(host, "/").await;
        for reply in [plain, h1, h2] {
            assert_eq!((reply.status, reply.text()), (200, body), "{reply:?}");
            let event = edge.event_of(&reply).await;
            assert_eq!((event.status, event.outcome, event.sent), (200, Outcome::Passed, 2));
            assert_eq!(event.host.unwrap().as_str(), host);
        }
    }
}

#[tokio::test]
async fn a_connection_to_an_application_is_used_again() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new()
        .with(|config| config.workers = std::num::NonZeroUsize::MIN)
        .upstream("app.test", &recorder)
        .start()
        .await;
    let mut client = edge.client("app.test").await;
    for _ in 0..10 {
        assert_eq!(client.get("app.test", "/").await.status, 200);
    }
    assert_eq!((recorder.connections(), recorder.requests().len()), (1, 10));
}
