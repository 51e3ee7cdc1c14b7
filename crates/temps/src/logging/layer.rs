//! Turns events of `tracing` into lines.

use std::{fmt, sync::Arc};

use temps_model::Clock;
use tracing::{
    Event, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::line::{Fields, Line, Style};

/// Writes one line an event, with the fields of the spans around it, so that everything that is said during a request carries its id.
pub struct LogLayer<W> {
    style: Style,
    clock: Arc<dyn Clock>,
    write: W,
}

impl<W: Fn(&str) + 'static> LogLayer<W> {
    /// `write` takes whole lines.
    pub fn new(style: Style, clock: Arc<dyn Clock>, write: W) -> Self {
        Self { style, clock, write }
    }
}

impl<W> fmt::Debug for LogLayer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLayer").field("style", &self.style).finish_non_exhaustive()
    }
}

impl<S, W> Layer<S> for LogLayer<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.inherit(outer);
            }
        }
        let metadata = event.metadata();
        let line = Line { at: self.clock.now(), level: *metadata.level(), target: metadata.target(), fields };
        (self.write)(&line.render(self.style));
    }
}
