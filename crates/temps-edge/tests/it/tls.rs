//! Handshakes, certificates and names.

use std::collections::HashSet;

use http::Version;
use rustls::{
    CipherSuite, NamedGroup, ProtocolVersion,
    crypto::{aws_lc_rs, aws_lc_rs::kx_group},
    version::{TLS12, TLS13},
};
use temps_model::{Clock, EnvironmentId, ProjectId};
use temps_policy::protections::headers::HeaderPolicy;
use temps_policy::{SiteId, Target};
use temps_testkit::{
    Recorder, TestEdge,
    edge::{
        Trust,
        client::{config, connect, shown_certificate},
    },
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn each_name_has_its_own_certificate_and_clients_verify_it() {
    let edge = TestEdge::new()
        .files("one.test", &[("index.html", "1")])
        .files("two.test", &[("index.html", "2")])
        .start()
        .await;
    for name in ["one.test", "two.test"] {
        let config = config(Trust::Roots(edge.authority.roots()), aws_lc_rs::default_provider());
        connect(edge.https_addr(), name, config).await.expect("the certificate is the name's own");
    }
}

#[tokio::test]
async fn r_tls_4_unknown_names_get_the_default_certificate_and_421() {
    let edge = TestEdge::new().files("one.test", &[("index.html", "1")]).start().await;
    let default = edge.publisher.current().instance.default_certificate.cert[0].clone();
    for number in 0..200 {
        let name = format!("random-{number}.example");
        let stream = edge.tls(&name, &[b"http/1.1"]).await;
        assert_eq!(shown_certificate(stream.get_ref().1), default);
        let mut client = temps_testkit::edge::Client::http1(stream).await;
        assert_eq!(client.get(&name, "/").await.status, 421);
        assert_eq!(client.get("one.test", "/").await.status, 421, "the handshake was for another name");
    }
    // A name that no host name can be, and none at all.
    let stream = edge.tls("under_score.test", &[b"http/1.1"]).await;
    assert_eq!(shown_certificate(stream.get_ref().1), default);
    assert_eq!(temps_testkit::edge::Client::http1(stream).await.get("one.test", "/").await.status, 421);
    let stream = edge.tls("127.0.0.1", &[b"http/1.1"]).await;
    assert_eq!(shown_certificate(stream.get_ref().1), default);
    assert_eq!(temps_testkit::edge::Client::http1(stream).await.get("127.0.0.1", "/").await.status, 421);
}

#[tokio::test]
async fn r_tls_4_the_page_for_unknown_names_is_constant() {
    let edge = TestEdge::new().start().await;
    let mut pages = HashSet::new();
    for name in ["a.test", "b.example", "c.invalid"] {
        let reply = edge.client(name).await.get(name, "/some/path").await;
        assert_eq!(reply.status, 421);
        pages.insert(reply.text().replace(reply.header("temps-request-id").unwrap(), "ID"));
    }
    assert_eq!(pages.len(), 1, "{pages:?}");
}

#[tokio::test]
async fn r_tls_10_only_tls_1_2_and_1_3_with_forward_secrecy_and_authenticated_encryption() {
    let edge = TestEdge::new().files("one.test", &[("index.html", "1")]).start().await;
    let provider = aws_lc_rs::default_provider();
    for suite in &provider.cipher_suites {
        let name = format!("{:?}", suite.suite());
        assert!(name.contains("GCM") || name.contains("CHACHA20_POLY1305"), "{name}");
        assert!(name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_"), "{name}");
    }
    for (version, expected) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let mut client = config(Trust::Anything, provider.clone());
        client = rustls::ClientConfig::builder_with_provider(client.crypto_provider().clone())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(edge.authority.roots())
            .with_no_client_auth();
        let stream = connect(edge.https_addr(), "one.test", client).await.unwrap();
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(expected));
        let suite = session.negotiated_cipher_suite().unwrap().suite();
        assert_ne!(suite, CipherSuite::TLS_NULL_WITH_NULL_NULL);
    }
}

/// Handshakes as older programs begin them, byte for byte: none gets further than an alert.
#[tokio::test]
async fn r_tls_10_older_versions_and_weaker_suites_are_refused() {
    let edge = TestEdge::new().files("one.test", &[("index.html", "1")]).start().await;
    // TLS_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_128_GCM_SHA256, TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
    let weak = [0x002f, 0xc013, 0x009c, 0x009e];
    // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    let strong = [0xc02b];
    for (version, suites, accepted) in [
        (0x0300, &strong[..], false),
        (0x0301, &strong[..], false),
        (0x0302, &strong[..], false),
        (0x0303, &weak[..], false),
        (0x0303, &strong[..], true),
    ] {
        let mut stream = tokio::net::TcpStream::connect(edge.https_addr()).await.unwrap();
        stream.write_all(&client_hello(version, suites, "one.test")).await.unwrap();
        let mut record = [0; 6];
        stream.read_exact(&mut record).await.unwrap();
        let (handshake, alert) = (22, 21);
        assert_eq!(record[0], if accepted { handshake } else { alert }, "{version:04x} {suites:04x?}");
    }
}

fn client_hello(version: u16, suites: &[u16], name: &str) -> Vec<u8> {
    let with_length = |bytes: Vec<u8>| [(bytes.len() as u16).to_be_bytes().to_vec(), bytes].concat();
    let extension = |kind: u16, content: Vec<u8>| [kind.to_be_bytes().to_vec(), with_length(content)].concat();
    let server_name = with_length([vec![0], with_length(name.as_bytes().to_vec())].concat());
    let extensions = [
        extension(0, server_name),
        extension(10, with_length(vec![0, 0x1d, 0, 0x17])),
        extension(11, vec![1, 0]),
        extension(13, with_length(vec![4, 3, 8, 4, 4, 1])),
        extension(23, vec![]),
    ];
    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let body = [
        version.to_be_bytes().to_vec(),
        vec![7; 32],
        vec![0],
        with_length(suites),
        vec![1, 0],
        with_length(extensions.concat()),
    ]
    .concat();
    let length = (body.len() as u32).to_be_bytes();
    let handshake = [vec![1], length[1..].to_vec(), body].concat();
    [vec![22, 3, 1], with_length(handshake)].concat()
}

#[tokio::test]
async fn r_tls_10_plain_http_redirects_reads_and_refuses_writes() {
    let recorder = Recorder::start().await;
    for (port, location) in [(443, "https://app.test/a%20b?c=d"), (8443, "https://app.test:8443/a%20b?c=d")] {
        let edge = TestEdge::new()
            .with(|config| config.public_https_port = port)
            .upstream("app.test", &recorder)
            .start()
            .await;
        let mut client = edge.client_plain().await;
        for method in ["GET", "HEAD"] {
            let reply = client.request(method, "app.test", "/%61%20b?c=d", &[], "").await;
            assert_eq!((reply.status, reply.header("location")), (308, Some(location)));
            assert_eq!(reply.header("strict-transport-security"), None);
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let reply = client.request(method, "app.test", "/", &[], "secret").await;
            assert_eq!((reply.status, reply.header("location")), (403, None));
            assert!(reply.text().contains("https://"), "{}", reply.text());
        }
        assert_eq!(client.get("unknown.test", "/").await.status, 421);
    }
    assert_eq!(recorder.bytes(), 0);
}

#[tokio::test]
async fn r_tls_11_a_connection_for_one_project_reaches_no_other() {
    let mine = ProjectId::generate(temps_model::SystemClock.now());
    let environment = || EnvironmentId::generate(temps_model::SystemClock.now());
    let edge = TestEdge::new()
        .files("other.test", &[("index.html", "other")])
        .console("console.test", std::path::Path::new("/nonexistent"))
        .site(
            "mine.test",
            SiteId::Environment { project: mine, environment: environment() },
            Target::Empty,
            HeaderPolicy::default(),
        )
        .site(
            "staging.test",
            SiteId::Environment { project: mine, environment: environment() },
            Target::Empty,
            HeaderPolicy::default(),
        )
        .start()
        .await;
    for mut client in [edge.client("mine.test").await, edge.client_h2("mine.test").await] {
        assert_eq!(client.get("mine.test", "/").await.status, 404);
        assert_eq!(client.get("staging.test", "/").await.status, 404, "the same project's");
        assert_eq!(client.get("other.test", "/").await.status, 421);
        assert_eq!(client.get("console.test", "/").await.status, 421);
        assert_eq!(client.get("unknown.test", "/").await.status, 421);
        assert_eq!(client.get("mine.test", "/").await.status, 404, "the connection goes on");
    }
    for mut client in [edge.client("console.test").await, edge.client_h2("console.test").await] {
        assert_eq!(client.get("other.test", "/").await.status, 421);
    }
}

#[tokio::test]
async fn r_tls_12_the_hybrid_key_exchange_is_preferred_when_it_is_offered() {
    let edge = TestEdge::new().files("one.test", &[("index.html", "1")]).start().await;
    for (offered, expected) in [
        (vec![kx_group::X25519MLKEM768, kx_group::X25519], NamedGroup::X25519MLKEM768),
        (vec![kx_group::X25519], NamedGroup::X25519),
        (vec![kx_group::SECP256R1], NamedGroup::secp256r1),
    ] {
        let provider = rustls::crypto::CryptoProvider { kx_groups: offered, ..aws_lc_rs::default_provider() };
        let stream = connect(edge.https_addr(), "one.test", config(Trust::Anything, provider)).await.unwrap();
        assert_eq!(stream.get_ref().1.negotiated_key_exchange_group().unwrap().name(), expected);
    }
}

#[tokio::test]
async fn sessions_resume_whichever_worker_gets_the_connection() {
    let edge = TestEdge::new().files("one.test", &[("index.html", "1")]).start().await;
    let config = config(Trust::Anything, aws_lc_rs::default_provider());
    let mut resumed = 0;
    for _ in 0..12 {
        let stream = connect(edge.https_addr(), "one.test", config.clone()).await.unwrap();
        resumed += usize::from(stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed));
        // The tickets come after the handshake, with the first answer.
        let mut client = temps_testkit::edge::Client::http1(stream).await;
        assert_eq!(client.get("one.test", "/").await.status, 200);
    }
    assert_eq!(resumed, 11);
}

#[tokio::test]
async fn http2_is_preferred_over_http1() {
    let edge = TestEdge::new().files("one.test", &[("index.html", "1")]).start().await;
    let stream = edge.tls("one.test", &[b"http/1.1", b"h2"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut client = edge.client_h2("one.test").await;
    let request = client.build("GET", "one.test", "/", &[], temps_testkit::edge::client::full(""));
    assert_eq!(client.open(request).await.unwrap().version(), Version::HTTP_2);
}
