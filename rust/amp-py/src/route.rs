//! The route tree as Python objects.

use std::collections::BTreeMap;

use amp_core::labels::LabelSet;
use amp_core::route::{Route, RouteTree};
use pyo3::prelude::*;
use serde_json::Value;

use crate::error::python_error;
use crate::labels::Labels;

/// Reads a plan or a part of one.
pub(crate) fn plan(json: &[u8]) -> PyResult<Value> {
    amp_core::plan::parse(json).map_err(python_error)
}

#[pyclass(name = "RouteTree", module = "amp._core", frozen)]
struct PyRouteTree(RouteTree);

#[pymethods]
impl PyRouteTree {
    #[new]
    fn new(plan: &[u8]) -> PyResult<Self> {
        RouteTree::compile(&self::plan(plan)?)
            .map(Self)
            .map_err(python_error)
    }

    fn routes(&self) -> Vec<PyRoute> {
        self.0.routes().iter().map(PyRoute::from).collect()
    }

    fn r#match(&self, labels: Labels) -> Vec<PyRouteMatch> {
        self.0
            .match_indices(&labels.0)
            .into_iter()
            .filter_map(|index| self.0.route(index))
            .map(|route| PyRouteMatch::new(route, &labels.0))
            .collect()
    }
}

/// One route with everything it inherits.
#[pyclass(name = "Route", module = "amp._core", frozen, get_all)]
pub(crate) struct PyRoute {
    index: u32,
    route_id: String,
    route_key: String,
    receiver: String,
    continue_matching: bool,
    group_by: Vec<String>,
    group_by_all: bool,
    group_wait_ns: i64,
    group_interval_ns: i64,
    repeat_interval_ns: i64,
    mute_time_intervals: Vec<String>,
    active_time_intervals: Vec<String>,
    labels: BTreeMap<String, String>,
}

impl From<&Route> for PyRoute {
    fn from(route: &Route) -> Self {
        Self {
            index: route.index,
            route_id: route.id.to_string(),
            route_key: route.key.to_string(),
            receiver: route.receiver.to_string(),
            continue_matching: route.continue_matching,
            group_by: route.group_by.iter().map(ToString::to_string).collect(),
            group_by_all: route.group_by_all,
            group_wait_ns: route.group_wait_ns,
            group_interval_ns: route.group_interval_ns,
            repeat_interval_ns: route.repeat_interval_ns,
            mute_time_intervals: route.mute_time_intervals.clone(),
            active_time_intervals: route.active_time_intervals.clone(),
            labels: route.labels.clone(),
        }
    }
}

/// Where one alert goes on one of its routes.
#[pyclass(name = "RouteMatch", module = "amp._core", frozen, get_all)]
struct PyRouteMatch {
    receiver: String,
    route_id: String,
    route_key: String,
    group_key: String,
    group_labels: BTreeMap<String, String>,
    route_labels: BTreeMap<String, String>,
    group_wait_seconds: f64,
    group_interval_seconds: f64,
    repeat_interval_seconds: f64,
    mute_time_intervals: Vec<String>,
    active_time_intervals: Vec<String>,
}

impl PyRouteMatch {
    fn new(route: &Route, labels: &LabelSet) -> Self {
        let group_labels = route.group_labels(labels);
        Self {
            receiver: route.receiver.to_string(),
            route_id: route.id.to_string(),
            route_key: route.key.to_string(),
            group_key: route.group_key(&group_labels),
            group_labels: group_labels
                .iter()
                .map(|label| (label.name.to_string(), label.value.to_string()))
                .collect(),
            route_labels: route.labels.clone(),
            group_wait_seconds: seconds(route.group_wait_ns),
            group_interval_seconds: seconds(route.group_interval_ns),
            repeat_interval_seconds: seconds(route.repeat_interval_ns),
            mute_time_intervals: route.mute_time_intervals.clone(),
            active_time_intervals: route.active_time_intervals.clone(),
        }
    }
}

/// Whole nanoseconds as seconds; exact up to a microsecond for a hundred years.
#[allow(clippy::cast_precision_loss)]
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyRouteTree>()?;
    module.add_class::<PyRoute>()?;
    module.add_class::<PyRouteMatch>()
}
