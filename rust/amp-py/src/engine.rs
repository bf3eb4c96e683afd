//! The engine. Its lock is only taken without the interpreter's, and nothing is converted while it is held.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use amp_core::engine::{
    self, Counts as Counted, Filter, GroupFilter, Limits, NewGroup, Report, Row,
};
use amp_core::matcher::Matcher;
use amp_core::route::RouteTree;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::{PyBatch, hex};
use crate::error::python_error;
use crate::event::PyEventQueue;
use crate::journal::PyJournal;
use crate::labels::Labels;
use crate::matcher::{PyMatcher, matchers};
use crate::route::PyRoute;
use crate::template::PyTemplates;

/// What a POST came to.
#[pyclass(name = "IngestReport", module = "amp._core", frozen)]
struct PyIngestReport(Report);

#[pymethods]
impl PyIngestReport {
    #[getter]
    fn status(&self) -> u16 {
        self.0.status
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.body)
    }

    #[getter]
    fn firing(&self) -> u64 {
        self.0.firing
    }

    #[getter]
    fn resolved(&self) -> u64 {
        self.0.resolved
    }

    #[getter]
    fn invalid(&self) -> u64 {
        self.0.invalid
    }

    #[getter(new)]
    fn new_alerts(&self) -> u64 {
        self.0.new
    }

    #[getter]
    fn refreshed(&self) -> u64 {
        self.0.refreshed
    }

    #[getter]
    fn changed(&self) -> u64 {
        self.0.changed
    }

    #[getter]
    fn ended(&self) -> u64 {
        self.0.ended
    }

    #[getter]
    fn limited(&self) -> Vec<String> {
        self.0.limited.clone()
    }

    #[getter]
    fn timers(&self) -> Vec<NewGroup> {
        self.0.timers.clone()
    }

    #[getter]
    fn refused(&self) -> Vec<(usize, String)> {
        self.0.refused.clone()
    }
}

type AlertRow = (String, bool, String, String, i64, i64, i64, bool, String);

#[pyclass(name = "Engine", module = "amp._core", frozen)]
struct PyEngine {
    engine: Mutex<engine::Engine>,
    /// How many threads want the engine.
    waiting: AtomicUsize,
}

/// Alerts that a query looks at before it lets others in.
const AT_ONCE: usize = 1_000;

impl PyEngine {
    /// Runs with the engine, without the interpreter.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        run: impl FnOnce(&mut engine::Engine) -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| self.lock().map(|mut engine| run(&mut engine)))
            .ok_or_else(stopped)
    }

    fn lock(&self) -> Option<MutexGuard<'_, engine::Engine>> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let engine = self.engine.lock().ok();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        engine
    }

    /// A query that steps aside for whoever waits: a POST must not wait for a GET of many alerts.
    fn query(&self, now_ns: i64, filter: &Filter) -> Option<Vec<u8>> {
        let mut answer = engine::Answer::default();
        while self
            .lock()?
            .query_some(now_ns, filter, &mut answer, AT_ONCE)
        {
            if self.waiting.load(Ordering::Relaxed) > 0 {
                thread::sleep(Duration::from_micros(50));
            }
        }
        Some(answer.into_body())
    }
}

#[pymethods]
impl PyEngine {
    #[new]
    fn new() -> Self {
        Self {
            engine: Mutex::new(engine::Engine::new()),
            waiting: AtomicUsize::new(0),
        }
    }

    fn configure(
        &self,
        py: Python<'_>,
        plan: &[u8],
        templates: &PyTemplates,
        now_ns: i64,
    ) -> PyResult<Vec<NewGroup>> {
        let templates = Arc::clone(&templates.0);
        self.with(py, |engine| engine.configure(plan, templates, now_ns))?
            .map_err(python_error)
    }

    fn routes(&self, py: Python<'_>) -> PyResult<Vec<PyRoute>> {
        self.with(py, |engine| {
            let routes = engine.tree().into_iter().flat_map(RouteTree::routes);
            routes.map(PyRoute::from).collect()
        })
    }

    #[pyo3(signature = (*, classic_names, per_alertname, max_alerts, max_name_bytes, max_value_bytes))]
    fn set_limits(
        &self,
        py: Python<'_>,
        classic_names: bool,
        per_alertname: usize,
        max_alerts: usize,
        max_name_bytes: usize,
        max_value_bytes: usize,
    ) -> PyResult<()> {
        self.with(py, |engine| {
            engine.set_limits(Limits {
                classic_names,
                per_alertname,
                max_alerts,
                max_name_bytes,
                max_value_bytes,
            });
        })
    }

    fn set_external_url(&self, py: Python<'_>, external_url: &str) -> PyResult<()> {
        self.with(py, |engine| engine.set_external_url(external_url))
    }

    fn ingest(
        &self,
        py: Python<'_>,
        body: &[u8],
        now_ns: i64,
        resolve_timeout_ns: i64,
    ) -> PyResult<PyIngestReport> {
        self.with(py, |engine| engine.ingest(body, now_ns, resolve_timeout_ns))
            .map(PyIngestReport)
    }

    fn collect_garbage(&self, py: Python<'_>, now_ns: i64) -> PyResult<usize> {
        self.with(py, |engine| engine.collect_garbage(now_ns))
    }

    fn flush(
        &self,
        py: Python<'_>,
        group_ids: Vec<u64>,
        now_ns: i64,
    ) -> PyResult<Vec<Option<PyBatch>>> {
        let batches = self.with(py, |engine| engine.flush(&group_ids, now_ns))?;
        Ok(batches
            .into_iter()
            .map(|batch| batch.map(PyBatch))
            .collect())
    }

    fn drop_inhibited(&self, py: Python<'_>, batch: &PyBatch, now_ns: i64) -> PyResult<PyBatch> {
        self.with(py, |engine| engine.drop_inhibited(&batch.0, now_ns))
            .map(PyBatch)
    }

    fn drop_silenced(&self, py: Python<'_>, batch: &PyBatch, now_ns: i64) -> PyResult<PyBatch> {
        self.with(py, |engine| engine.drop_silenced(&batch.0, now_ns))
            .map(PyBatch)
    }

    fn set_muted_by(&self, py: Python<'_>, group_id: u64, names: Vec<String>) -> PyResult<()> {
        self.with(py, |engine| engine.set_muted_by(group_id, &names))
    }

    #[pyo3(signature = (batch, now_ns=0))]
    fn complete(&self, py: Python<'_>, batch: &PyBatch, now_ns: i64) -> PyResult<bool> {
        self.with(py, |engine| engine.complete(&batch.0, now_ns))
    }

    fn record_to(&self, py: Python<'_>, queue: &PyEventQueue) -> PyResult<()> {
        let queue = Arc::clone(&queue.0);
        self.with(py, |engine| engine.record_to(queue))
    }

    fn describe_silence(&self, py: Python<'_>, id: &str, text: Option<&str>) -> PyResult<()> {
        self.with(py, |engine| engine.describe_silence(id, text))
    }

    fn journal_to(&self, py: Python<'_>, journal: &PyJournal) -> PyResult<()> {
        let journal = Arc::clone(&journal.0);
        self.with(py, |engine| engine.journal_to(journal))
    }

    fn expire(&self, py: Python<'_>, now_ns: i64) -> PyResult<usize> {
        self.with(py, |engine| engine.expire(now_ns))
    }

    #[pyo3(signature = (now_ns, first=0, limit=usize::MAX))]
    fn announce(
        &self,
        py: Python<'_>,
        now_ns: i64,
        first: u32,
        limit: usize,
    ) -> PyResult<Option<u32>> {
        self.with(py, |engine| engine.announce(now_ns, first, limit))
    }

    fn firing(&self, py: Python<'_>) -> PyResult<Vec<(i64, i64)>> {
        let firing = self.with(py, |engine| engine.firing())?;
        let signed = firing
            .into_iter()
            .map(|(alert, at_ns)| (alert.cast_signed(), at_ns));
        Ok(signed.collect())
    }

    #[allow(clippy::type_complexity)]
    fn groups_of(
        &self,
        py: Python<'_>,
        fingerprints: Vec<String>,
    ) -> PyResult<Vec<(u64, String, String, Vec<String>)>> {
        let wanted: Vec<u64> = fingerprints
            .iter()
            .filter_map(|text| u64::from_str_radix(text, 16).ok())
            .collect();
        let groups = self.with(py, |engine| engine.groups_of(&wanted))?;
        Ok(groups
            .into_iter()
            .map(|(id, key, receiver, members)| {
                let members = members.into_iter().map(hex).collect();
                (id, key.to_string(), receiver.to_string(), members)
            })
            .collect())
    }

    #[allow(clippy::type_complexity)]
    fn inhibition(
        &self,
        py: Python<'_>,
        now_ns: i64,
    ) -> PyResult<Vec<(String, Vec<(u32, String)>)>> {
        let inhibited = self.with(py, |engine| engine.inhibition(now_ns))?;
        Ok(inhibited
            .into_iter()
            .map(|(target, by)| {
                let by = by
                    .into_iter()
                    .map(|(rule, source)| (rule, hex(source)))
                    .collect();
                (hex(target), by)
            })
            .collect())
    }

    #[allow(clippy::type_complexity)]
    fn inhibited_by(
        &self,
        py: Python<'_>,
        labels: Labels,
        now_ns: i64,
    ) -> PyResult<Vec<(u32, String, BTreeMap<String, String>)>> {
        let by = self.with(py, |engine| engine.inhibited_by(&labels.0, now_ns))?;
        Ok(by
            .into_iter()
            .map(|(rule, source, labels)| {
                let labels = labels
                    .iter()
                    .map(|it| (it.name.to_string(), it.value.to_string()));
                (rule, hex(source), labels.collect())
            })
            .collect())
    }

    fn inhibition_sources(&self, py: Python<'_>, now_ns: i64) -> PyResult<Vec<usize>> {
        self.with(py, |engine| engine.inhibition_sources(now_ns))
    }

    fn maintain_groups(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, engine::Engine::maintain_groups)
    }

    fn set_silence(
        &self,
        py: Python<'_>,
        id: &str,
        matcher_sets: Vec<Vec<PyMatcher>>,
        starts_at_ns: i64,
        ends_at_ns: i64,
    ) -> PyResult<()> {
        let sets = matcher_sets.into_iter().map(matchers).collect();
        self.with(py, |engine| {
            engine.set_silence(id, sets, starts_at_ns, ends_at_ns);
        })
    }

    fn remove_silence(&self, py: Python<'_>, id: &str) -> PyResult<()> {
        self.with(py, |engine| engine.remove_silence(id))
    }

    #[pyo3(signature = (
        now_ns, *, active, silenced, inhibited, filters, receivers, and_receivers=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn query_alerts<'py>(
        &self,
        py: Python<'py>,
        now_ns: i64,
        active: bool,
        silenced: bool,
        inhibited: bool,
        filters: Vec<PyMatcher>,
        receivers: Option<Vec<String>>,
        and_receivers: Option<Vec<String>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut filter = filter(active, silenced, inhibited, matchers(filters), receivers);
        filter.and_receivers = and_receivers.map(|names| names.into_iter().collect());
        let body = py.detach(|| self.query(now_ns, &filter));
        Ok(PyBytes::new(py, &body.ok_or_else(stopped)?))
    }

    #[pyo3(signature = (now_ns, *, active, silenced, inhibited, muted, filters, receivers))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)]
    fn query_groups<'py>(
        &self,
        py: Python<'py>,
        now_ns: i64,
        active: bool,
        silenced: bool,
        inhibited: bool,
        muted: bool,
        filters: Vec<PyMatcher>,
        receivers: Option<Vec<String>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let filter = GroupFilter {
            muted,
            alerts: filter(active, silenced, inhibited, matchers(filters), receivers),
        };
        let body = self.with(py, |engine| engine.query_groups(now_ns, &filter))?;
        Ok(PyBytes::new(py, &body))
    }

    fn counts(&self, py: Python<'_>, now_ns: i64) -> PyResult<Counts> {
        self.with(py, |engine| {
            let counts = engine.counts(now_ns);
            Counts {
                alerts_active: counts.active,
                alerts_suppressed: counts.suppressed,
                alerts_unprocessed: counts.unprocessed,
                stored: engine.stored(),
                groups: engine.group_count(),
            }
        })
    }

    fn counts_by_group(
        &self,
        py: Python<'_>,
        now_ns: i64,
    ) -> PyResult<Vec<(String, u64, u64, u64)>> {
        let counts = self.with(py, |engine| engine.counts_by_group(now_ns))?;
        Ok(counts
            .into_iter()
            .map(|(key, counts)| {
                let Counted {
                    active,
                    suppressed,
                    unprocessed,
                } = counts;
                (key.to_string(), active, suppressed, unprocessed)
            })
            .collect())
    }

    fn drain(&self, py: Python<'_>, limit: usize) -> PyResult<Vec<AlertRow>> {
        let rows = self.with(py, |engine| engine.drain(limit))?;
        Ok(rows.into_iter().map(alert_row).collect())
    }

    fn pending(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |engine| engine.pending())
    }

    fn mark_all(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, engine::Engine::mark_all)
    }

    fn restore(
        &self,
        py: Python<'_>,
        rows: Vec<AlertRow>,
        now_ns: i64,
        grace_ns: i64,
    ) -> PyResult<(usize, Vec<NewGroup>)> {
        let rows: Vec<Row> = rows.into_iter().map(core_row).collect();
        self.with(py, |engine| engine.restore(&rows, now_ns, grace_ns))
    }
}

#[derive(IntoPyObject)]
struct Counts {
    alerts_active: u64,
    alerts_suppressed: u64,
    alerts_unprocessed: u64,
    stored: usize,
    groups: usize,
}

fn stopped() -> PyErr {
    PyRuntimeError::new_err("the engine stopped at an internal error")
}

fn filter(
    active: bool,
    silenced: bool,
    inhibited: bool,
    matchers: Vec<Matcher>,
    receivers: Option<Vec<String>>,
) -> Filter {
    Filter {
        active,
        silenced,
        inhibited,
        matchers,
        receivers: receivers.map(|names| names.into_iter().collect()),
        and_receivers: None,
    }
}

fn alert_row(row: Row) -> AlertRow {
    (
        row.fingerprint,
        row.deleted,
        row.labels,
        row.annotations,
        row.starts_at_ns,
        row.ends_at_ns,
        row.updated_at_ns,
        row.timeout,
        row.generator_url,
    )
}

fn core_row(row: AlertRow) -> Row {
    Row {
        fingerprint: row.0,
        deleted: row.1,
        labels: row.2,
        annotations: row.3,
        starts_at_ns: row.4,
        ends_at_ns: row.5,
        updated_at_ns: row.6,
        timeout: row.7,
        generator_url: row.8,
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyIngestReport>()?;
    module.add_class::<PyEngine>()
}
