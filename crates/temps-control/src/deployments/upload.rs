//! Receiving an archive.

use std::{fs::File, io::Seek};

use axum::{
    extract::Request,
    http::{StatusCode, header},
};
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio::io::AsyncWriteExt;

use crate::{blobs::Blobs, problem::Problem};

const ARCHIVE: &str = "archive";
const ENVIRONMENT: &str = "environment";
/// Bytes of a field that names something.
const NAME: u64 = 256;
/// Bytes of a form beside its archive.
const FRAME: u64 = 16 << 10;

/// A form with an archive, received whole.
#[derive(Debug)]
pub struct Upload {
    /// Without a name: it is gone with the last handle, however the process ends.
    pub archive: File,
    /// Slug or id.
    pub environment: Option<String>,
}

/// Whether a request carries a form.
pub fn is_form(request: &Request) -> bool {
    content_type(request)
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("multipart/form-data"))
}

impl Upload {
    /// Streams the form of a request to the disk. Its fields may come in any order.
    ///
    /// # Errors
    /// If the form is cut off, has other fields, or holds an archive of more than `limit` bytes. Nothing stays on the disk.
    pub async fn receive(request: Request, limit: u64, blobs: &Blobs) -> Result<Self, Problem> {
        let boundary = multer::parse_boundary(content_type(&request).unwrap_or_default()).map_err(problem(limit))?;
        let sizes = SizeLimit::new()
            .whole_stream(limit.saturating_add(FRAME))
            .for_field(ARCHIVE, limit)
            .for_field(ENVIRONMENT, NAME);
        let constraints = Constraints::new().size_limit(sizes).allowed_fields(vec![ARCHIVE, ENVIRONMENT]);
        let body = request.into_body().into_data_stream();
        let mut form = Multipart::with_constraints(body, boundary, constraints);
        let (mut archive, mut environment) = (None, None);
        while let Some(field) = form.next_field().await.map_err(problem(limit))? {
            let name = field.name().unwrap_or_default().to_owned();
            let is_first = match name.as_str() {
                ARCHIVE if archive.is_none() => archive.replace(save(field, blobs.scratch()?, limit).await?).is_none(),
                ENVIRONMENT => environment.replace(field.text().await.map_err(problem(limit))?).is_none(),
                _ => false,
            };
            if !is_first {
                return Err(Problem::invalid(name, "occurs twice"));
            }
        }
        let archive = archive.ok_or_else(|| Problem::invalid(ARCHIVE, "is missing: it holds a tar.gz or a zip"))?;
        Ok(Self { archive, environment })
    }
}

async fn save(mut field: Field<'_>, file: File, limit: u64) -> Result<File, Problem> {
    let mut file = tokio::fs::File::from_std(file);
    while let Some(chunk) = field.chunk().await.map_err(problem(limit))? {
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    let mut file = file.into_std().await;
    file.rewind()?;
    Ok(file)
}

fn content_type(request: &Request) -> Option<&str> {
    request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

/// What a form that cannot be read means for the person who sent it.
fn problem(limit: u64) -> impl Fn(multer::Error) -> Problem {
    move |error| match error {
        multer::Error::FieldSizeExceeded { field_name: Some(name), .. } if name == ENVIRONMENT => {
            Problem::invalid(ENVIRONMENT, "is no slug or id of an environment")
        }
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "Too large",
            format!("The upload is larger than the {limit} bytes that this instance takes; nothing was saved."),
        )
        .hint("Leave out what is not needed, or ask the operator to raise `max_upload`."),
        multer::Error::UnknownField { field_name } => Problem::invalid(
            field_name.unwrap_or_default(),
            "is unknown; the form has the fields `archive` and `environment`",
        ),
        multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream
        | multer::Error::StreamReadFailed(_) => {
            Problem::bad_request("upload_incomplete", "The upload ended before it was complete; nothing was saved.")
                .hint("Send it again.")
        }
        other => Problem::bad_request("form", format!("The form cannot be read: {other}.")),
    }
}

#[cfg(test)]
mod tests;
