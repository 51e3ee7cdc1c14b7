//! One row of the table of routes: what it takes and gives, who may call it, what it leaves in the audit log.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    handler::Handler,
    http::{Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Ref, RefOr,
        path::{Parameter, ParameterIn},
        schema::Schema,
    },
};

use crate::{
    access::{Access, Declared, StepUp, authorise},
    action::Action,
    app::App,
    guesses::Factor,
    problem::Problem,
};

/// A route and everything that is known of it before it is called.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    pub action: Option<Action>,
    /// The secrets that can be guessed at, each with counters of its own.
    pub counts: &'static [Factor],
    /// How recently the caller must have proved who they are.
    pub step_up: Option<StepUp>,
    /// Whether somebody may call it who first has to get a second factor.
    pub while_enrolling: bool,
    /// Whether a session may call it that was used in two places at once.
    pub even_suspected: bool,
    pub summary: &'static str,
    pub body: Option<Body>,
    pub answers: Vec<(StatusCode, Given)>,
    /// Refusals beyond those that its access, body and version bring with them.
    pub refuses: Vec<(StatusCode, &'static str)>,
    pub parameters: Vec<Parameter>,
    /// Whether a call has to send `If-Match`.
    pub needs_version: bool,
    handler: MethodRouter<App>,
    body_limit: Option<usize>,
}

/// What a request carries.
pub enum Body {
    Json(NamedSchema),
    /// A file in a multipart form or a JSON document.
    Upload(NamedSchema),
}

/// What an answer carries.
pub enum Given {
    Nothing,
    Json(Box<NamedSchema>),
    /// Something else, of this media type.
    Stream(&'static str),
}

/// A schema with the schemas that it refers to.
pub struct NamedSchema {
    pub reference: RefOr<Schema>,
    pub all: Vec<(String, RefOr<Schema>)>,
}

impl NamedSchema {
    pub fn of<T: ToSchema>() -> Self {
        let mut all = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut all);
        Self { reference: Ref::from_schema_name(T::name()).into(), all }
    }
}

/// Begins a row. Calls with the names of HTTP methods read like the table that they make.
macro_rules! methods {
    ($($name:ident = $method:ident),+) => {$(
        pub fn $name<H: Handler<T, App>, T: 'static>(path: &'static str, access: Access, handler: H) -> Route {
            Route::new(Method::$method, MethodFilter::$method, path, access, handler)
        }
    )+};
}

methods!(get = GET, post = POST, put = PUT, delete = DELETE);

/// Refuses a parameter that the row does not name: a `dry_run` that is not understood must not become the real thing.
async fn only_known_parameters(State(known): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let pairs = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut names = pairs.map(|pair| pair.split('=').next().unwrap_or_default());
    match names.find(|name| !known.iter().any(|known| known == name)) {
        None => next.run(request).await,
        Some(unknown) => {
            let unknown: String = unknown.chars().take(40).collect();
            Problem::bad_request("query", format!("This call has no parameter `{unknown}`; nothing was done."))
                .into_response()
        }
    }
}

impl Route {
    fn new<H: Handler<T, App>, T: 'static>(
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        Self {
            method,
            path,
            access,
            action: None,
            counts: &[],
            step_up: None,
            while_enrolling: false,
            even_suspected: false,
            summary: "",
            body: None,
            answers: Vec::new(),
            refuses: Vec::new(),
            parameters: Vec::new(),
            needs_version: false,
            handler: on(filter, handler),
            body_limit: None,
        }
    }

    /// The action under which the audit log records a call.
    pub fn records(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }

    /// The secrets that can be guessed at.
    pub fn counts(mut self, factors: &'static [Factor]) -> Self {
        self.counts = factors;
        self
    }

    /// Demands a fresh proof of who the caller is.
    pub fn asks_again(mut self, step_up: StepUp) -> Self {
        self.step_up = Some(step_up);
        self
    }

    /// Lets in who first has to get a second factor.
    pub fn while_enrolling(mut self) -> Self {
        self.while_enrolling = true;
        self
    }

    /// Lets in a session that was used in two places at once: to look who it is, to prove it, to end.
    pub fn even_suspected(mut self) -> Self {
        self.even_suspected = true;
        self.while_enrolling()
    }

    /// What it does, in a few words.
    pub fn says(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// The JSON that it takes.
    pub fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Some(Body::Json(NamedSchema::of::<T>()));
        self
    }

    /// A file, or the JSON that it takes instead. The handler itself limits the size.
    pub fn takes_upload_or<T: ToSchema>(mut self) -> Self {
        self.body = Some(Body::Upload(NamedSchema::of::<T>()));
        self.body_limit = Some(usize::MAX);
        self
    }

    /// Bytes of body that are read at most; 64 KiB unless told.
    pub fn up_to(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    pub fn asks<T: IntoParams>(mut self) -> Self {
        self.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
        self
    }

    /// Changes what somebody else may be changing, so it demands the version that the caller saw.
    pub fn needs_version(mut self) -> Self {
        self.needs_version = true;
        self
    }

    /// The JSON that it gives.
    pub fn gives<T: ToSchema>(mut self, status: StatusCode) -> Self {
        self.answers.push((status, Given::Json(Box::new(NamedSchema::of::<T>()))));
        self
    }

    /// An answer without JSON.
    pub fn answers(mut self, status: StatusCode) -> Self {
        self.answers.push((status, Given::Nothing));
        self
    }

    /// An answer of any length that is no single JSON document.
    pub fn streams(mut self, media_type: &'static str) -> Self {
        self.answers.push((StatusCode::OK, Given::Stream(media_type)));
        self
    }

    /// A refusal of its own.
    pub fn refuses(mut self, status: StatusCode, meaning: &'static str) -> Self {
        self.refuses.push((status, meaning));
        self
    }

    /// Whether it can be asked what it would do.
    pub fn has_dry_run(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.name == "dry_run")
    }

    /// Adds the route, behind its authorisation, to a router.
    pub fn mount(self, router: Router<App>, app: &App) -> Router<App> {
        let declared = Declared {
            access: self.access,
            action: self.action,
            counts: self.counts,
            step_up: self.step_up,
            while_enrolling: self.while_enrolling,
            even_suspected: self.even_suspected,
            background: self.answers.iter().any(|(_, given)| matches!(given, Given::Stream("text/event-stream"))),
            has_dry_run: self.has_dry_run(),
        };
        let check = middleware::from_fn_with_state((app.clone(), declared), authorise);
        let names: Arc<[String]> = self.parameters.into_iter().map(|parameter| parameter.name).collect();
        let query = middleware::from_fn_with_state(names, only_known_parameters);
        let limit = match self.body_limit {
            Some(usize::MAX) => DefaultBodyLimit::disable(),
            Some(bytes) => DefaultBodyLimit::max(bytes),
            None => DefaultBodyLimit::max(64 << 10),
        };
        router.route(self.path, self.handler.route_layer(query).route_layer(check).layer(limit))
    }
}
