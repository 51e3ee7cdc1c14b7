use std::{
    io::Cursor,
    task::{Poll, Waker},
};

use proptest::prelude::*;
use tokio::io::AsyncReadExt;

use super::*;

/// What hyper would read of these bytes, and the first fault that the service would be told. The bytes arrive in two pieces.
fn passed(bytes: &[u8], split: usize) -> (Vec<u8>, io::Result<()>, Option<(u64, Fault)>) {
    let (first, second) = bytes.split_at(split.min(bytes.len()));
    let mut gate = Gate::new(AsyncReadExt::chain(first, second), Duration::from_secs(1));
    let (mut out, mut piece) = (Vec::new(), [0; 100]);
    let mut cx = Context::from_waker(Waker::noop());
    let result = loop {
        let mut space = ReadBuf::new(&mut piece);
        match Pin::new(&mut gate).poll_read(&mut cx, &mut space) {
            Poll::Ready(Ok(())) if space.filled().is_empty() => break Ok(()),
            Poll::Ready(Ok(())) => out.extend_from_slice(space.filled()),
            Poll::Ready(Err(error)) => break Err(error),
            // After a stand-in nothing comes any more.
            Poll::Pending => break Ok(()),
        }
    };
    let fault = (0..10).find_map(|message| Some((message, gate.signals().fault_of(message)?)));
    (out, result, fault)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

const MALFORMED: &[(&str, Fault)] = &[
    ("GET / HTTP/1.1\nHost: a\n\n", Fault::LineEnd),
    ("GET / HTTP/1.1\r\nHost: a\n\r\n", Fault::LineEnd),
    ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", Fault::LineEnd),
    ("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", Fault::LineEnd),
    ("GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Target),
    ("\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::LineEnd),
    ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::RequestLine),
    (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::RequestLine),
    ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::RequestLine),
    ("GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", Fault::RequestLine),
    ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", Fault::RequestLine),
    ("GET /\r\nHost: a\r\n\r\n", Fault::RequestLine),
    ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", Fault::Version),
    ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", Fault::Version),
    ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Fault::Version),
    ("GET / http/1.1\r\nHost: a\r\n\r\n", Fault::Version),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Fault::Version),
    ("get / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Method),
    ("GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Method),
    ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Connect),
    ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Target),
    ("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Target),
    ("GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Target),
    ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Target),
    ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Target),
    ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Target),
    ("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", Fault::Target),
    ("GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", Fault::Field),
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", Fault::Field),
    ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", Fault::Field),
    ("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", Fault::Field),
    ("GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", Fault::Field),
    ("GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", Fault::Field),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n", Fault::Field),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{7f}\r\n\r\n", Fault::Field),
    ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Fault::Folded),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", Fault::Folded),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", Fault::Folded),
    ("GET / HTTP/1.1\r\n\r\n", Fault::Host),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Fault::Host),
    ("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", Fault::Host),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\na", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", Fault::Length),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Fault::Coding),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", Fault::Coding),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Fault::Coding,
    ),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", Fault::Coding),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", Fault::Coding),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", Fault::Field),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;x\r\n\r\n0\r\n\r\n", Fault::Coding),
    ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Fault::Coding),
    ("POST / HTTP/1.0\r\nHost: a\r\n\r\nabc", Fault::Undelimited),
];

/// Behind a sound head; found when head and body arrive together.
const MALFORMED_CHUNKS: &[&str] = &[
    "\r\n\r\n",
    "x\r\n\r\n",
    "1\na\r\n0\r\n\r\n",
    "1\r\naa\r\n0\r\n\r\n",
    "1\r\na\n0\r\n\r\n",
    " 1\r\na\r\n0\r\n\r\n",
    "1 \r\na\r\n0\r\n\r\n",
    "0x1\r\na\r\n0\r\n\r\n",
    "+1\r\na\r\n0\r\n\r\n",
    "-1\r\n",
    "1;\n\r\na\r\n0\r\n\r\n",
    "1;a\rb\r\na\r\n0\r\n\r\n",
    "1;\0\r\na\r\n0\r\n\r\n",
    "1000000000000000\r\n",
    "0\r\nX: a\n\r\n",
    "0\r\n X: a\r\n\r\n",
    "0\r\nX : a\r\n\r\n",
    "0\r\nX\r\n\r\n",
    "0\r\n\n",
];

#[test]
fn r_edge_1_a_malformed_head_is_replaced_whole() {
    let _runtime = runtime();
    let _guard = _runtime.enter();
    for (bytes, fault) in MALFORMED {
        for split in 0..bytes.len() {
            let (out, result, found) = passed(bytes.as_bytes(), split);
            assert!(result.is_ok());
            assert_eq!(found, Some((0, *fault)), "{bytes:?} split at {split}");
            assert_eq!(out, STAND_IN, "{bytes:?} split at {split}");
        }
    }
}

#[test]
fn r_edge_1_a_malformed_chunk_leaves_no_trace_if_it_is_there_with_its_head() {
    let _runtime = runtime();
    let _guard = _runtime.enter();
    for chunks in MALFORMED_CHUNKS {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (out, _, found) = passed(format!("{head}{chunks}").as_bytes(), usize::MAX);
        assert_eq!((out.as_slice(), found), (STAND_IN, Some((0, Fault::Chunk))), "{chunks:?}");

        let (out, result, _) = passed(format!("{head}{chunks}GET /next HTTP/1.1\r\n").as_bytes(), head.len());
        assert!(result.is_err(), "{chunks:?}");
        assert!(out.starts_with(head.as_bytes()) && !out.windows(5).any(|part| part == b"/next"), "{chunks:?}");
    }
}

#[test]
fn r_edge_1_sound_requests_pass_unchanged_however_they_are_cut() {
    let _runtime = runtime();
    let _guard = _runtime.enter();
    for bytes in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a?b=%20{|} HTTP/1.1\r\nhost:a\r\nX_y: \u{e4}\tb \r\nEmpty:\r\n\r\n",
        "GET http://a.test:80/x HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /GET / HTTP/1.1\r\nHost: b\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nA;x=\"y\"\r\n0123456789\r\n1\r\n\r\r\n00\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
    ] {
        for split in 0..bytes.len() {
            let (out, result, fault) = passed(bytes.as_bytes(), split);
            assert!(result.is_ok() && fault.is_none(), "{bytes:?} {fault:?}");
            assert_eq!(String::from_utf8_lossy(&out), *bytes, "split at {split}");
        }
    }
}

#[test]
fn one_empty_line_before_a_request_is_left_out() {
    let _runtime = runtime();
    let _guard = _runtime.enter();
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for split in 0..get.len() {
        let (out, _, fault) = passed(format!("\r\n{get}\r\n{get}").as_bytes(), split);
        assert_eq!((String::from_utf8_lossy(&out).as_ref(), fault), (format!("{get}{get}").as_str(), None));
    }
}

#[test]
fn r_edge_1_a_malformed_message_does_not_harm_the_one_before_it() {
    let _runtime = runtime();
    let _guard = _runtime.enter();
    let sound = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    for (malformed, fault) in MALFORMED {
        let (out, _, found) = passed(format!("{sound}{malformed}").as_bytes(), usize::MAX);
        // In second place an empty line may precede a message, and CR LF LF is no longer the first line.
        assert_eq!(found, Some((1, *fault)), "{malformed:?}");
        assert_eq!(out, [sound.as_bytes(), STAND_IN].concat());
    }
}

#[test]
fn r_edge_1_a_head_has_bounds() {
    let _runtime = runtime();
    let _guard = _runtime.enter();
    let request = |fields: usize, value: usize| {
        let field = format!("X: {}\r\n", "a".repeat(value));
        format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", field.repeat(fields))
    };
    for (request, sound) in [
        (request(99, 1), true),
        (request(100, 1), false),
        (request(1, 32_000), true),
        (request(1, 33_000), false),
        (request(0, 0).replace("/ ", &format!("/{} ", "a".repeat(33_000))), false),
    ] {
        let (_, _, fault) = passed(request.as_bytes(), 20);
        assert_eq!(fault.map(|(_, fault)| fault), (!sound).then_some(Fault::TooLarge), "{} bytes", request.len());
    }
}

#[test]
fn r_edge_2_bytes_behind_a_request_to_switch_wait_for_the_decision() {
    let _runtime = runtime();
    let _guard = _runtime.enter();
    let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    let lines = ["websocket", "WebSocket , x", "x,websocket", "x\r\nUpgrade: websocket", "websocket\r\nUpgrade: x"];
    for (line, granted) in lines.into_iter().flat_map(|line| [(line, true), (line, false)]) {
        let switch = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: {line}\r\n\r\n");
        let mut gate = Gate::new(Cursor::new(format!("{switch}{next}").into_bytes()), Duration::from_secs(1));
        let mut cx = Context::from_waker(Waker::noop());
        let mut piece = [0; 1000];
        let mut read = |gate: &mut Gate<_>| {
            let mut space = ReadBuf::new(&mut piece);
            Pin::new(gate)
                .poll_read(&mut cx, &mut space)
                .map_ok(|()| String::from_utf8_lossy(space.filled()).into_owned())
        };
        let Poll::Ready(Ok(head)) = read(&mut gate) else { panic!("the head passes") };
        assert_eq!(head, switch);
        assert!(gate.signals().finding(0).may_switch && !gate.signals().finding(1).may_switch);
        gate.signals().decide_switch(0, granted);
        match (read(&mut gate), granted) {
            (Poll::Ready(Ok(bytes)), false) => assert_eq!(bytes, next),
            (Poll::Ready(Err(_)), true) => {}
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    /// Whatever the gate lets through has one reading for the parser behind it, so that hyper never has to refuse anything by itself.
    #[test]
    fn r_edge_1_what_passes_is_sound_for_the_parser_too(
        base in prop::sample::select(vec![
            "GET /a/b?c=d HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nX-Y: z\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nCookie: a=b; c=d\r\n\r\n",
            "GET http://a.test/x HTTP/1.0\r\nHost: a.test\r\n\r\n",
        ]),
        changes in prop::collection::vec((0usize..80, any::<u8>()), 0..4),
    ) {
        let runtime = runtime();
        let _guard = runtime.enter();
        let mut bytes = base.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let (out, _, fault) = passed(&bytes, usize::MAX);
        if fault.is_none() && out == bytes {
            let mut fields = [httparse::EMPTY_HEADER; 100];
            let mut request = httparse::Request::new(&mut fields);
            prop_assert_eq!(request.parse(&bytes), Ok(httparse::Status::Complete(bytes.len())));
            prop_assert!(http::Uri::try_from(request.path.unwrap()).is_ok());
            prop_assert!(http::Method::from_bytes(request.method.unwrap().as_bytes()).is_ok());
        }
    }
}
