//! Where the edge connects to, and what happens when it cannot (R-APP-9).

use std::{net::SocketAddr, num::NonZeroUsize, time::Duration};

use http_body_util::BodyExt;
use temps_policy::{Outcome, UpstreamNetworks};
use temps_testkit::{
    Recorder, TestEdge,
    edge::{Authority, client::full},
    recorder::Play,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

#[tokio::test]
async fn r_app_9_addresses_that_are_not_permitted_are_never_connected_to() {
    let recorder = Recorder::start().await;
    let port = recorder.addr().port();
    let edge = TestEdge::new()
        .with(|config| config.upstream_networks = UpstreamNetworks::default())
        .upstream("address.test", &recorder)
        .upstream_url("name.test", format!("http://localhost:{port}").parse().unwrap())
        .upstream_url("mapped.test", format!("http://[::ffff:127.0.0.1]:{port}").parse().unwrap())
        .upstream_url("any.test", format!("http://0.0.0.0:{port}").parse().unwrap())
        .upstream_url("metadata.test", "http://169.254.169.254".parse().unwrap())
        .start()
        .await;
    for host in ["address.test", "name.test", "mapped.test", "any.test", "metadata.test"] {
        let reply = edge.get(host, "/").await;
        assert_eq!(reply.status, 502, "{host}");
        let internal = ["127.0.0.1", "localhost", "169.254", "upstream_networks", "permit"];
        assert!(internal.iter().all(|word| !reply.text().contains(word)), "{}", reply.text());
        assert_eq!(edge.event_of(&reply).await.outcome, Outcome::UpstreamFailed);
    }
    assert_eq!(recorder.connections(), 0);
}

#[tokio::test]
async fn r_app_9_the_list_opens_exactly_what_it_names() {
    let recorder = Recorder::start().await;
    let port = recorder.addr().port();
    let edge = TestEdge::new()
        .with(|config| config.upstream_networks = UpstreamNetworks::new(vec!["127.0.0.1/32".parse().unwrap()]))
        .upstream("listed.test", &recorder)
        .upstream_url("name.test", format!("http://localhost:{port}").parse().unwrap())
        .upstream_url("other.test", format!("http://127.0.0.2:{port}").parse().unwrap())
        .start()
        .await;
    assert_eq!(edge.get("listed.test", "/").await.status, 200);
    assert_eq!(edge.get("name.test", "/").await.status, 200);
    assert_eq!(edge.get("other.test", "/").await.status, 502);
}

#[tokio::test]
async fn r_app_9_the_edges_own_sockets_are_out_of_bounds() {
    // The ports are known only after the edge runs: begin without the sites and add them then.
    let edge = TestEdge::new()
        .target("http.test", temps_policy::Target::Empty)
        .target("https.test", temps_policy::Target::Empty)
        .start()
        .await;
    let own = |scheme: &str, addr: SocketAddr, host: &str| {
        let url = format!("{scheme}://{host}:{}", addr.port());
        temps_policy::Target::Upstream(std::sync::Arc::new(url.parse().unwrap()))
    };
    for host in ["127.0.0.1", "127.0.0.9"] {
        edge.change_site("http.test", |site| site.target = own("http", edge.http_addr(), host)).await;
        edge.change_site("https.test", |site| site.target = own("https", edge.https_addr(), host)).await;
        assert_eq!(edge.get("http.test", "/").await.status, 508);
        assert_eq!(edge.get("https.test", "/").await.status, 508);
    }
}

/// Behind another proxy the address says nothing, but the request comes back with our name in `Via`.
#[tokio::test]
async fn r_app_9_a_loop_through_another_proxy_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let edge = TestEdge::new().upstream_url("loop.localhost", through).start().await;
    let back = edge.http_addr();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut edge = tokio::net::TcpStream::connect(back).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut edge).await;
            });
        }
    });
    let reply = edge.get("loop.localhost", "/").await;
    assert_eq!(reply.status, 508);
}

#[tokio::test]
async fn https_applications_are_verified() {
    let ours = TestEdge::new();
    let stranger = Authority::default();
    // An address and a name, each with a certificate of the known authority, of another one, and for another name.
    let mut cases = Vec::new();
    for (known, name, status) in [(true, "localhost", 200), (false, "localhost", 502), (true, "other.test", 502)] {
        cases.push((known, name, status));
    }
    let mut edge = ours;
    let known = Authority::default();
    edge.config.upstream_roots = known.roots();
    for (number, (is_known, name, _)) in cases.iter().enumerate() {
        let authority = if *is_known { &known } else { &stranger };
        let port = tls_application(authority, name).await;
        edge = edge.upstream_url(&format!("app-{number}.test"), format!("https://localhost:{port}").parse().unwrap());
    }
    let edge = edge.start().await;
    for (number, (_, name, status)) in cases.iter().enumerate() {
        let host = format!("app-{number}.test");
        assert_eq!(edge.get(&host, "/").await.status, *status, "{number} {name}");
    }
}

/// Answers `ok` over TLS.
async fn tls_application(authority: &Authority, name: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let key = authority.issue(name);
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(std::sync::Arc::new(rustls::sign::SingleCertAndKey::from(key)));
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").await;
        }
    });
    port
}

#[tokio::test]
async fn an_application_that_is_down_is_502_and_the_visitor_is_told_nothing_internal() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let edge =
        TestEdge::new().upstream_url("down.test", format!("http://127.0.0.1:{port}").parse().unwrap()).start().await;
    let reply = edge.get("down.test", "/").await;
    assert_eq!(reply.status, 502);
    assert!(reply.text().contains(reply.header("temps-request-id").unwrap()));
    assert!(!reply.text().contains("127.0.0.1") && !reply.text().contains(&port.to_string()));
}

/// The application closes each connection after one answer, without saying so: the pool then holds connections that are dead.
#[tokio::test]
async fn a_request_that_never_left_goes_out_once_more() {
    let recorder =
        Recorder::playing(|_| Play::AnswerAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())).await;
    let edge =
        TestEdge::new().with(|config| config.workers = NonZeroUsize::MIN).upstream("app.test", &recorder).start().await;
    let mut client = edge.client("app.test").await;
    for number in 1..=50 {
        let reply = client.request("POST", "app.test", "/", &[], "body").await;
        assert_eq!(reply.status, 200, "request {number}");
        recorder.wait_for_closed(number).await;
    }
    assert_eq!(recorder.requests().len(), 50, "none arrived twice");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_passed_on_as_whole() {
    let recorder =
        Recorder::playing(|_| Play::AnswerAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec()))
            .await;
    let edge = TestEdge::new().upstream("app.test", &recorder).start().await;
    for mut client in [edge.client("app.test").await, edge.client_h2("app.test").await] {
        let request = client.build("GET", "app.test", "/", &[], full(""));
        let response = client.open(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.into_body().collect().await.is_err());
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_request_to_the_application() {
    let recorder = Recorder::playing(|_| Play::Silence).await;
    let edge = TestEdge::new()
        .with(|config| config.timeouts.head = Duration::from_secs(1))
        .upstream("app.localhost", &recorder)
        .start()
        .await;
    let mut client = edge.raw_plain().await;
    client.send("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n").await;
    recorder.wait_until(|recorder| recorder.requests().len() == 1).await;
    drop(client);
    recorder.wait_for_closed(1).await;
    let event = edge.event_where(|_| true).await;
    assert_eq!((event.status, event.outcome), (499, Outcome::Abandoned));
}
