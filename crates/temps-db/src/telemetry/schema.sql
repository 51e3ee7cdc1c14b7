-- All in one transaction, so that a file that a crash cut short is a new one.
BEGIN IMMEDIATE;

CREATE TABLE traffic (
  environment_id BLOB NOT NULL,
  span INTEGER NOT NULL CHECK (span IN (1, 60)),
  minute INTEGER NOT NULL,
  project_id BLOB NOT NULL,
  passed INTEGER NOT NULL,
  throttled INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  abandoned INTEGER NOT NULL,
  status_1xx INTEGER NOT NULL,
  status_2xx INTEGER NOT NULL,
  status_3xx INTEGER NOT NULL,
  status_4xx INTEGER NOT NULL,
  status_5xx INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  latencies BLOB NOT NULL,
  PRIMARY KEY (environment_id, span, minute)
) STRICT;
CREATE INDEX traffic_by_project ON traffic (project_id, span, minute);
CREATE INDEX traffic_by_minute ON traffic (span, minute);

CREATE TABLE refusals (
  id BLOB NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL,
  project_id BLOB NOT NULL,
  environment_id BLOB NOT NULL,
  client TEXT NOT NULL,
  method TEXT NOT NULL,
  host TEXT NOT NULL,
  path TEXT NOT NULL,
  status INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  scope TEXT,
  rule_id BLOB,
  duration_us INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX refusals_by_project ON refusals (project_id, id);
CREATE INDEX refusals_by_time ON refusals (at);

CREATE TABLE refusal_gaps (
  project_id BLOB NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 1;
COMMIT;
