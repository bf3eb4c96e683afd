//! The notification log.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use amp_core::nflog::{self, Datum, Key, Question};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::PyBatch;
use crate::error::python_error;

#[derive(FromPyObject, IntoPyObject)]
enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
}

impl From<Value> for Datum {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => Datum::Text(text),
            Value::Integer(number) => Datum::Integer(number),
            Value::Float(number) => Datum::Float(number),
        }
    }
}

impl From<&Datum> for Value {
    fn from(datum: &Datum) -> Self {
        match datum {
            Datum::Text(text) => Value::Text(text.clone()),
            Datum::Integer(number) => Value::Integer(*number),
            Datum::Float(number) => Value::Float(*number),
        }
    }
}

type LogRow<'py> = (Bound<'py, PyBytes>, i64, i64, Bound<'py, PyBytes>);

#[pyclass(frozen, module = "amp._core")]
struct NotificationLog(Mutex<nflog::NotificationLog>);

impl NotificationLog {
    fn lock(&self) -> MutexGuard<'_, nflog::NotificationLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl NotificationLog {
    #[new]
    fn new() -> Self {
        Self(Mutex::default())
    }

    #[pyo3(signature = (batch, receiver, integration, index, *, send_resolved, repeat_interval_ns, now_ns))]
    #[allow(clippy::too_many_arguments)]
    fn decide(
        &self,
        batch: &PyBatch,
        receiver: &str,
        integration: &str,
        index: u32,
        send_resolved: bool,
        repeat_interval_ns: i64,
        now_ns: i64,
    ) -> Option<&'static str> {
        let key = Key {
            group_key: &batch.0.head.group_key,
            receiver,
            integration,
            index,
        };
        let ask = Question {
            firing: batch.0.firing_hashes(),
            resolved: batch.0.resolved_hashes(),
            send_resolved,
            repeat_interval_ns,
            now_ns,
        };
        self.lock().decide(&key, &ask)
    }

    #[pyo3(signature = (batch, receiver, integration, index, *, now_ns, expires_at_ns, data))]
    #[allow(clippy::too_many_arguments)]
    fn record(
        &self,
        batch: &PyBatch,
        receiver: &str,
        integration: &str,
        index: u32,
        now_ns: i64,
        expires_at_ns: i64,
        data: BTreeMap<String, Value>,
    ) -> bool {
        let key = Key {
            group_key: &batch.0.head.group_key,
            receiver,
            integration,
            index,
        };
        let data = data
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        self.lock().record(
            &key,
            batch.0.firing_hashes(),
            batch.0.resolved_hashes(),
            now_ns,
            expires_at_ns,
            data,
        )
    }

    #[pyo3(signature = (group_key, firing, resolved, receiver, integration, index, *, now_ns, expires_at_ns, data))]
    #[allow(clippy::too_many_arguments)]
    fn record_hashes(
        &self,
        group_key: &str,
        firing: Vec<u64>,
        resolved: Vec<u64>,
        receiver: &str,
        integration: &str,
        index: u32,
        now_ns: i64,
        expires_at_ns: i64,
        data: BTreeMap<String, Value>,
    ) -> bool {
        let key = Key {
            group_key,
            receiver,
            integration,
            index,
        };
        let data = data
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        self.lock()
            .record(&key, &firing, &resolved, now_ns, expires_at_ns, data)
    }

    fn contains(&self, group_key: &str, receiver: &str, integration: &str, index: u32) -> bool {
        self.lock().contains(&Key {
            group_key,
            receiver,
            integration,
            index,
        })
    }

    fn data(
        &self,
        group_key: &str,
        receiver: &str,
        integration: &str,
        index: u32,
    ) -> BTreeMap<String, Value> {
        let log = self.lock();
        let data = log.data(&Key {
            group_key,
            receiver,
            integration,
            index,
        });
        data.into_iter()
            .flatten()
            .map(|(name, datum)| (name.clone(), datum.into()))
            .collect()
    }

    #[pyo3(signature = (limit))]
    fn drain<'py>(&self, py: Python<'py>, limit: usize) -> Vec<LogRow<'py>> {
        let rows = py.detach(|| self.lock().drain(limit));
        rows.into_iter()
            .map(|row| {
                let key = PyBytes::new(py, &row.key);
                (
                    key,
                    row.timestamp_ns,
                    row.expires_at_ns,
                    PyBytes::new(py, &row.entry),
                )
            })
            .collect()
    }

    fn pending(&self) -> usize {
        self.lock().pending()
    }

    fn mark_all(&self, py: Python<'_>) {
        py.detach(|| self.lock().mark_all());
    }

    fn merge(&self, rows: Vec<LogRow<'_>>, now_ns: i64) -> PyResult<usize> {
        let mut log = self.lock();
        let mut news = 0;
        for (_, _, expires_at_ns, entry) in rows {
            let merged = log.merge(entry.as_bytes(), expires_at_ns, now_ns);
            news += usize::from(merged.map_err(python_error)?);
        }
        Ok(news)
    }

    fn load_snapshot(&self, py: Python<'_>, data: &[u8], now_ns: i64) -> PyResult<usize> {
        py.detach(|| self.lock().load_snapshot(data, now_ns))
            .map_err(python_error)
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let data = py.detach(|| self.lock().snapshot());
        PyBytes::new(py, &data)
    }

    fn collect_garbage(&self, py: Python<'_>, now_ns: i64) -> usize {
        py.detach(|| self.lock().collect_garbage(now_ns))
    }

    fn __len__(&self) -> usize {
        self.lock().len()
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<NotificationLog>()
}
