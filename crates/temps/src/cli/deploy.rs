//! `temps deploy`

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Body, Method, multipart};
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use super::{
    Context,
    api::{Api, Reply},
    failure::Failure,
    pack,
    terminal::{Terminal, cell},
};
use crate::units;

/// Uploads a folder or an archive, or names an application that runs already, and puts it live. Ends when it is live.
#[derive(Debug, Args)]
pub struct Deploy {
    /// Folder, .tar.gz or .zip with the files of the site
    #[arg(value_name = "DIR|ARCHIVE", required_unless_present = "upstream", conflicts_with = "upstream")]
    source: Option<PathBuf>,
    /// Address of an application to forward to, such as http://127.0.0.1:3000
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    #[arg(long, short)]
    project: String,
    /// Environment [default: production]
    #[arg(long = "env", short, value_name = "ENVIRONMENT")]
    environment: Option<String>,
}

impl Deploy {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        let reply = match (&self.source, &self.upstream) {
            (Some(source), _) => self.upload(&api, terminal, source).await?,
            (None, Some(url)) => self.forward(&api, url).await?,
            (None, None) => return Err(Failure::local("Name a folder, an archive or --upstream URL.")),
        };
        live(terminal, &reply.body);
        Ok(())
    }

    async fn forward(&self, api: &Api, url: &str) -> Result<Reply, Failure> {
        let mut body = json!({ "upstream_url": url });
        if let Some(environment) = &self.environment {
            body["environment"] = environment.as_str().into();
        }
        api.post(&["projects", &self.project, "deployments"], body).await
    }

    async fn upload(&self, api: &Api, terminal: &Terminal, source: &Path) -> Result<Reply, Failure> {
        let (file, name) = match source.is_dir() {
            true => (packed(terminal, source)?, "site.tar.gz".to_owned()),
            false => opened(source)?,
        };
        let size = file.metadata().map_err(Failure::local)?.len();
        let bar = progress(terminal, size);
        let counted = bar.clone();
        let stream = ReaderStream::with_capacity(tokio::fs::File::from_std(file), 64 << 10)
            .inspect(move |chunk| chunk.iter().for_each(|chunk| counted.inc(chunk.len() as u64)));
        let archive = multipart::Part::stream_with_length(Body::wrap_stream(stream), size).file_name(name);
        let mut form = multipart::Form::new();
        if let Some(environment) = &self.environment {
            form = form.text("environment", environment.clone());
        }
        let path = ["projects", &self.project, "deployments"];
        let request = api.request(Method::POST, &path, &[])?.multipart(form.part("archive", archive));
        let reply = api.send(request).await;
        bar.finish_and_clear();
        reply
    }
}

/// Says where a deployment is live.
pub(super) fn live(terminal: &Terminal, deployment: &Value) {
    terminal.answer(deployment, |terminal| {
        let (number, environment) = (cell(deployment, "/number"), cell(deployment, "/environment"));
        terminal.say(format_args!("Deployment {number} is live in {environment}."));
        for url in deployment["urls"].as_array().into_iter().flatten() {
            terminal.say(format_args!("  {}", cell(url, "")));
        }
        terminal.effective(deployment);
    });
}

fn packed(terminal: &Terminal, folder: &Path) -> Result<File, Failure> {
    let packed = pack::pack(folder)?;
    terminal.note(format_args!("Packed {} files, {}.", packed.files, units::size(packed.bytes)));
    if !packed.skipped.is_empty() {
        terminal.note(format_args!("Left out because they are hidden: {}", packed.skipped.join(", ")));
    }
    Ok(packed.file)
}

fn opened(path: &Path) -> Result<(File, String), Failure> {
    let file = File::open(path).map_err(|error| Failure::local(format!("{}: {error}", path.display())))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((file, name))
}

/// A bar that shows itself on a terminal only.
fn progress(terminal: &Terminal, size: u64) -> ProgressBar {
    if terminal.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(size);
    if let Ok(style) = ProgressStyle::with_template("Uploading {bar:30} {binary_bytes}/{binary_total_bytes} {eta}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
