use std::{
    fs,
    io::{self, Read},
};

use axum::body::Body;
use tempfile::TempDir;

use super::*;

const LIMIT: u64 = 1_000;

fn part(name: &str, content: &str) -> String {
    format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\n\r\n{content}\r\n")
}

fn form(parts: &[(&str, &str)]) -> String {
    parts.iter().map(|(name, content)| part(name, content)).collect::<String>() + "--xyz--\r\n"
}

/// Sends a body in small chunks, so that boundaries fall between chunks, and fails after it if `cut`.
async fn receive_from(data_dir: &TempDir, body: &str, cut: bool) -> Result<Upload, Problem> {
    let mut chunks: Vec<io::Result<Vec<u8>>> = body.as_bytes().chunks(7).map(|chunk| Ok(chunk.to_vec())).collect();
    if cut {
        chunks.push(Err(io::ErrorKind::ConnectionReset.into()));
    }
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    let request =
        Request::post("/").header(header::CONTENT_TYPE, "multipart/form-data; boundary=xyz").body(body).unwrap();
    assert!(is_form(&request));
    let blobs = Blobs::open(data_dir.path()).unwrap();
    let received = Upload::receive(request, LIMIT, &blobs).await;
    let left = fs::read_dir(data_dir.path().join("tmp")).unwrap().count();
    assert_eq!(left, 0, "an upload has a name on the disk");
    received
}

async fn receive(body: &str) -> Result<Upload, Problem> {
    receive_from(&tempfile::tempdir().unwrap(), body, false).await
}

#[tokio::test]
async fn a_form_is_received_in_any_order() {
    let content = "x".repeat(500);
    for parts in [
        vec![("archive", content.as_str()), ("environment", "staging")],
        vec![("environment", "staging"), ("archive", content.as_str())],
    ] {
        let mut upload = receive(&form(&parts)).await.unwrap();
        let mut received = String::new();
        upload.archive.read_to_string(&mut received).unwrap();
        assert_eq!((received.as_str(), upload.environment.as_deref()), (content.as_str(), Some("staging")));
    }
    assert_eq!(receive(&form(&[("archive", "x")])).await.unwrap().environment, None);
}

#[tokio::test]
async fn a_form_that_is_not_what_was_asked_for_is_refused_by_field() {
    let long = "e".repeat(300);
    for (parts, field) in [
        (vec![("environment", "staging")], "archive"),
        (vec![("archive", "x"), ("archive", "y")], "archive"),
        (vec![("archive", "x"), ("environment", "a"), ("environment", "b")], "environment"),
        (vec![("archive", "x"), ("environment", long.as_str())], "environment"),
        (vec![("archive", "x"), ("project", "other")], "project"),
    ] {
        let problem = receive(&form(&parts)).await.unwrap_err();
        assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY, "{parts:?}");
        assert!(format!("{problem:?}").contains(&format!("field: {field:?}")), "{parts:?} gave {problem:?}");
    }
}

#[tokio::test]
async fn an_upload_beyond_the_limit_is_refused_while_it_streams() {
    let within = "x".repeat(LIMIT as usize);
    assert!(receive(&form(&[("archive", &within)])).await.is_ok());
    let problem = receive(&form(&[("archive", &(within + "x"))])).await.unwrap_err();
    assert_eq!(problem.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // The end of this one is never sent, and it is refused all the same.
    let problem = receive(&part("archive", &"x".repeat(100_000))).await.unwrap_err();
    assert_eq!(problem.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_truncated_upload_is_refused_at_every_length_and_leaves_nothing() {
    let whole = form(&[("environment", "staging"), ("archive", "some content")]);
    let last_needed = whole.len() - "--\r\n".len();
    let data_dir = tempfile::tempdir().unwrap();
    for length in 0..last_needed {
        for cut in [false, true] {
            let problem = receive_from(&data_dir, &whole[..length], cut).await.unwrap_err();
            assert_eq!(problem.status(), StatusCode::BAD_REQUEST, "{length} bytes, connection cut: {cut}: {problem:?}");
        }
    }
}
