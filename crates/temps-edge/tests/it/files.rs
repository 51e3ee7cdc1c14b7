//! Static sites over real sockets.

use std::io::Read;

use http_body_util::BodyExt;
use temps_policy::Outcome;
use temps_testkit::{
    TestEdge,
    edge::{RunningEdge, client::full},
};

async fn edge() -> RunningEdge {
    let long = "compress me ".repeat(1000);
    TestEdge::new()
        .files(
            "demo.test",
            &[
                ("index.html", "front"),
                ("about.html", "about"),
                ("docs/index.html", "docs"),
                ("long.txt", &long),
                ("data.bin", "0123456789"),
            ],
        )
        .files("own.test", &[("index.html", "front"), ("404.html", "not here")])
        .start()
        .await
}

#[tokio::test]
async fn clean_addresses() {
    let edge = edge().await;
    for mut client in [edge.client("demo.test").await, edge.client_h2("demo.test").await] {
        for (path, body) in
            [("/", "front"), ("/index.html", "front"), ("/about", "about"), ("/docs/", "docs"), ("/?a=b", "front")]
        {
            let reply = client.get("demo.test", path).await;
            assert_eq!((reply.status, reply.text()), (200, body), "{path}");
            assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
            assert_eq!(reply.header("cache-control"), Some("public, max-age=0, must-revalidate"));
            assert_eq!(reply.header("vary"), Some("accept-encoding"));
            assert_eq!(reply.header("last-modified"), Some("Sat, 31 Jan 2026 12:00:00 GMT"));
        }
        let reply = client.get("demo.test", "/docs?a=b").await;
        assert_eq!((reply.status, reply.header("location")), (308, Some("/docs/?a=b")));
        assert_eq!(edge.event_of(&reply).await.outcome, Outcome::Redirected);
        for path in ["/missing", "//docs", "//evil.test/..%5c", "/docs/index"] {
            assert_ne!(client.get("demo.test", path).await.status, 308, "{path}");
        }
        let reply = client.request("DELETE", "demo.test", "/", &[], "").await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")));
    }
}

#[tokio::test]
async fn the_site_has_its_own_page_for_what_is_not_there() {
    let edge = edge().await;
    let reply = edge.get("own.test", "/missing").await;
    assert_eq!((reply.status, reply.text(), reply.header("etag")), (404, "not here", None));
    let reply = edge.get("demo.test", "/missing").await;
    assert_eq!(reply.status, 404);
    assert!(reply.text().contains("There is no page at this address"));
}

#[tokio::test]
async fn compression_by_what_the_client_accepts() {
    let edge = edge().await;
    let mut client = edge.client("demo.test").await;
    let plain = client.get("demo.test", "/long.txt").await;
    let mut etags = vec![plain.header("etag").unwrap().to_owned()];
    assert_eq!(plain.header("content-encoding"), None);
    for (accept, encoding) in [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0.1, gzip", "gzip")] {
        let reply = client.request("GET", "demo.test", "/long.txt", &[("accept-encoding", accept)], "").await;
        assert_eq!(reply.header("content-encoding"), Some(encoding));
        assert!(reply.body.len() < 500 && reply.header("content-length") == Some(&reply.body.len().to_string()));
        let mut text = String::new();
        match encoding {
            "gzip" => flate2::read::GzDecoder::new(&reply.body[..]).read_to_string(&mut text).unwrap(),
            _ => brotli::Decompressor::new(&reply.body[..], 4096).read_to_string(&mut text).unwrap(),
        };
        assert_eq!(text, plain.text());
        etags.push(reply.header("etag").unwrap().to_owned());
    }
    assert_eq!(etags.iter().collect::<std::collections::HashSet<_>>().len(), 3, "one tag a form: {etags:?}");
    let reply = client.request("GET", "demo.test", "/data.bin", &[("accept-encoding", "br")], "").await;
    assert_eq!((reply.header("content-encoding"), reply.text()), (None, "0123456789"));
}

#[tokio::test]
async fn ranges() {
    let edge = edge().await;
    for mut client in [edge.client("demo.test").await, edge.client_h2("demo.test").await] {
        let etag = client.get("demo.test", "/data.bin").await.header("etag").unwrap().to_owned();
        for (headers, status, range, body) in [
            (&[("range", "bytes=2-4")][..], 206, Some("bytes 2-4/10"), "234"),
            (&[("range", "bytes=-3")], 206, Some("bytes 7-9/10"), "789"),
            (&[("range", "bytes=8-")], 206, Some("bytes 8-9/10"), "89"),
            (&[("range", "bytes=0-1,4-5")], 200, None, "0123456789"),
            (&[("range", "bytes=2-4"), ("if-range", &etag)], 206, Some("bytes 2-4/10"), "234"),
            (&[("range", "bytes=2-4"), ("if-range", "\"other\"")], 200, None, "0123456789"),
            (
                &[("range", "bytes=2-4"), ("if-range", "Sat, 31 Jan 2026 12:00:00 GMT")],
                206,
                Some("bytes 2-4/10"),
                "234",
            ),
            (&[("range", "bytes=2-4"), ("if-range", "Sun, 01 Feb 2026 12:00:00 GMT")], 200, None, "0123456789"),
        ] {
            let reply = client.request("GET", "demo.test", "/data.bin", headers, "").await;
            assert_eq!(
                (reply.status, reply.header("content-range"), reply.text()),
                (status, range, body),
                "{headers:?}"
            );
            assert_eq!(reply.header("accept-ranges"), Some("bytes"));
        }
        let reply = client.request("GET", "demo.test", "/data.bin", &[("range", "bytes=10-")], "").await;
        assert_eq!((reply.status, reply.header("content-range")), (416, Some("bytes */10")));
        // Ranges are of the uncompressed form, even for a client that accepts others.
        let reply = client
            .request("GET", "demo.test", "/long.txt", &[("range", "bytes=0-7"), ("accept-encoding", "br")], "")
            .await;
        assert_eq!((reply.status, reply.text(), reply.header("content-encoding")), (206, "compress", None));
    }
}

#[tokio::test]
async fn conditional_requests() {
    let edge = edge().await;
    let mut client = edge.client("demo.test").await;
    for accept in ["identity", "br"] {
        let with = |more: &'static str, value: &str| vec![("accept-encoding", accept), (more, value.to_owned().leak())];
        let reply = client.request("GET", "demo.test", "/long.txt", &[("accept-encoding", accept)], "").await;
        let etag = reply.header("etag").unwrap();
        let reply = client.request("GET", "demo.test", "/long.txt", &with("if-none-match", etag), "").await;
        assert_eq!((reply.status, reply.header("etag"), reply.body.len()), (304, Some(etag), 0));
        let reply = client.request("HEAD", "demo.test", "/long.txt", &with("if-none-match", etag), "").await;
        assert_eq!(reply.status, 304);
        let reply = client.request("GET", "demo.test", "/long.txt", &with("if-none-match", "\"x\""), "").await;
        assert_eq!(reply.status, 200);
        let reply = client.request("GET", "demo.test", "/long.txt", &with("if-match", "\"x\""), "").await;
        assert_eq!(reply.status, 412);
        let reply = client
            .request("GET", "demo.test", "/long.txt", &with("if-modified-since", "Sat, 31 Jan 2026 12:00:00 GMT"), "")
            .await;
        assert_eq!(reply.status, 304);
    }
}

#[tokio::test]
async fn a_large_file_streams_and_a_client_that_leaves_is_recorded() {
    let size = 20 * 1024 * 1024;
    let content: String = (0..size / 16).map(|line| format!("{line:015}\n")).collect();
    let edge = TestEdge::new().files("demo.test", &[("large.bin", &content)]).start().await;
    for mut client in [edge.client("demo.test").await, edge.client_h2("demo.test").await] {
        let reply = client.get("demo.test", "/large.bin").await;
        assert!(reply.body == content.as_bytes());
        let event = edge.event_of(&reply).await;
        assert_eq!((event.status, event.sent), (200, size as u64));

        let range = format!("bytes={}-{}", size - 32, size - 17);
        let reply = client.request("GET", "demo.test", "/large.bin", &[("range", &range)], "").await;
        assert_eq!((reply.status, reply.text()), (206, &content[size - 32..size - 16]));

        let request = client.build("GET", "demo.test", "/large.bin", &[], full(""));
        let mut response = client.open(request).await.unwrap();
        let id = response.headers()["temps-request-id"].to_str().unwrap().to_owned();
        response.body_mut().frame().await.unwrap().unwrap();
        drop((response, client));
        let event = edge.event_where(|event| event.id.to_string() == id).await;
        assert!(event.status == 200 && event.sent > 0 && event.sent < size as u64, "{event:?}");
    }
}
