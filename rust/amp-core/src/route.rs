//! The routing tree: which routes an alert takes, with everything a route inherits resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use smallvec::SmallVec;

use crate::error::Error;
use crate::index::MatcherIndex;
use crate::labels::LabelSet;
use crate::matcher::{self, Matcher};
use crate::plan::{list, matchers_of, strings, wrong};

/// Children of a node are looked up through an index from this many on.
const INDEX_FROM: usize = 8;

/// One route with its inherited settings.
#[derive(Debug, Clone)]
pub struct Route {
    /// Position in upstream's order: children before their parent, the root last.
    pub index: u32,
    /// Unique in a tree: the key with the position among the siblings after each level.
    pub id: Arc<str>,
    /// The matchers on the way from the root; the first part of group keys.
    pub key: Arc<str>,
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// Whether siblings after this route are tried as well.
    pub continue_matching: bool,
    /// The sorted names to group by, unless all labels are.
    pub group_by: Vec<Arc<str>>,
    /// Whether all labels make the group.
    pub group_by_all: bool,
    /// Delay before a new group's first flush.
    pub group_wait_ns: i64,
    /// Delay between flushes of a group.
    pub group_interval_ns: i64,
    /// After this time an unchanged group is notified again.
    pub repeat_interval_ns: i64,
    /// Extra labels for notifications, values are templates; sorted by name.
    pub labels: BTreeMap<String, String>,
    /// Names of intervals that mute the route.
    pub mute_time_intervals: Vec<String>,
    /// Names of intervals outside which the route is muted.
    pub active_time_intervals: Vec<String>,
    /// The route's own matchers, sorted as in its key.
    pub matchers: Vec<Matcher>,
    /// How many routes are above this one.
    pub depth: u32,
    /// Indexes of the routes directly below, in the configuration's order.
    pub children: Vec<u32>,
}

impl Route {
    /// The labels of an alert that decide its group.
    ///
    /// Upstream: dispatch/dispatch.go `getGroupLabels`.
    pub fn group_labels(&self, labels: &LabelSet) -> LabelSet {
        if self.group_by_all {
            return labels.clone();
        }
        LabelSet::from_sorted(
            self.group_by
                .iter()
                .filter_map(|name| labels.label(name).cloned())
                .collect(),
        )
    }

    /// The public key of a group of this route, from the group's labels.
    ///
    /// Upstream: dispatch/dispatch.go `aggrGroup.GroupKey`.
    pub fn group_key(&self, group_labels: &LabelSet) -> String {
        format!("{}:{}", self.key, matcher::format_labels(group_labels))
    }
}

/// A compiled tree.
#[derive(Debug, Clone)]
pub struct RouteTree {
    routes: Vec<Route>,
    nodes: Vec<Node>,
}

/// What matching needs of a route, beside it by index.
#[derive(Debug, Clone, Default)]
struct Node {
    matchers: Box<[Matcher]>,
    children: Box<[u32]>,
    /// Positions in `children`.
    by_equality: Option<Box<MatcherIndex<u32>>>,
}

impl RouteTree {
    /// Compiles the `route` object of a plan, or a whole plan (CONTRIBUTING.md, "The plan").
    ///
    /// Upstream: dispatch/route.go `NewRoute`.
    pub fn compile(plan: &Value) -> Result<Self, Error> {
        let root = plan.get("route").unwrap_or(plan);
        let mut compiler = Compiler::default();
        compiler.route(root, &Inherited::default(), 0, 0)?;
        Ok(Self {
            routes: compiler.routes,
            nodes: compiler.nodes,
        })
    }

    /// All routes in upstream's index order: children before their parent, the root last.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route at an index.
    pub fn route(&self, index: u32) -> Option<&Route> {
        self.routes.get(index as usize)
    }

    /// The root.
    pub fn root(&self) -> Option<&Route> {
        self.routes.last()
    }

    /// The routes an alert takes, in routing order.
    ///
    /// Upstream: dispatch/route.go `Route.Match`.
    pub fn match_indices(&self, labels: &LabelSet) -> SmallVec<[u32; 4]> {
        let mut found = SmallVec::new();
        if let Some(root) = self.nodes.len().checked_sub(1)
            && matcher::all_match(&self.nodes[root].matchers, labels)
        {
            self.descend(root, labels, &mut found);
        }
        found
    }

    /// Collects from a node whose own matchers are satisfied.
    fn descend(&self, at: usize, labels: &LabelSet, found: &mut SmallVec<[u32; 4]>) {
        let node = &self.nodes[at];
        let before = found.len();
        // Gives whether the siblings after the child are still tried.
        let visit = |child: u32, found: &mut SmallVec<[u32; 4]>| {
            if !matcher::all_match(&self.nodes[child as usize].matchers, labels) {
                return true;
            }
            self.descend(child as usize, labels, found);
            self.routes[child as usize].continue_matching
        };
        match &node.by_equality {
            Some(index) => {
                for position in index.candidates(labels) {
                    if !visit(node.children[position as usize], found) {
                        break;
                    }
                }
            }
            None => {
                for &child in &node.children {
                    if !visit(child, found) {
                        break;
                    }
                }
            }
        }
        if found.len() == before {
            found.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
    }
}

/// What a child takes from its parent.
#[derive(Debug, Clone)]
struct Inherited {
    key: String,
    id: String,
    receiver: Arc<str>,
    group_by: Vec<Arc<str>>,
    group_by_all: bool,
    group_wait_ns: i64,
    group_interval_ns: i64,
    repeat_interval_ns: i64,
    labels: BTreeMap<String, String>,
}

impl Default for Inherited {
    fn default() -> Self {
        const SECOND: i64 = 1_000_000_000;
        Self {
            key: String::new(),
            id: String::new(),
            receiver: "".into(),
            group_by: Vec::new(),
            group_by_all: false,
            group_wait_ns: 30 * SECOND,
            group_interval_ns: 300 * SECOND,
            repeat_interval_ns: 4 * 3600 * SECOND,
            labels: BTreeMap::new(),
        }
    }
}

#[derive(Default)]
struct Compiler {
    routes: Vec<Route>,
    nodes: Vec<Node>,
}

impl Compiler {
    /// Adds a route after its children; its index.
    fn route(
        &mut self,
        spec: &Value,
        parent: &Inherited,
        depth: u32,
        position: usize,
    ) -> Result<u32, Error> {
        let mut matchers = matchers_of(spec, "matchers")?;
        matcher::sort(&mut matchers);
        let mut own = inherit(spec, parent)?;
        let rendered = matcher::format_matchers(&matchers);
        if depth == 0 {
            own.key.clone_from(&rendered);
            own.id = rendered;
        } else {
            own.key = format!("{}/{rendered}", parent.key);
            own.id = format!("{}/{rendered}/{position}", parent.id);
        }
        let mut children = Vec::new();
        for (position, child) in list(spec, "routes")?.iter().enumerate() {
            children.push(self.route(child, &own, depth + 1, position)?);
        }
        let index = u32::try_from(self.routes.len())
            .map_err(|_| Error::Config("too many routes".into()))?;
        self.nodes.push(self.node(&matchers, &children));
        self.routes.push(Route {
            index,
            id: own.id.into(),
            key: own.key.into(),
            receiver: own.receiver,
            continue_matching: spec.get("continue").and_then(Value::as_bool) == Some(true),
            group_by: own.group_by,
            group_by_all: own.group_by_all,
            group_wait_ns: own.group_wait_ns,
            group_interval_ns: own.group_interval_ns,
            repeat_interval_ns: own.repeat_interval_ns,
            labels: own.labels,
            mute_time_intervals: strings(spec, "mute_time_intervals")?,
            active_time_intervals: strings(spec, "active_time_intervals")?,
            matchers,
            depth,
            children,
        });
        Ok(index)
    }

    fn node(&self, matchers: &[Matcher], children: &[u32]) -> Node {
        let by_equality = (children.len() >= INDEX_FROM).then(|| {
            let mut index = MatcherIndex::default();
            for (position, child) in (0..).zip(children) {
                index.insert(&self.routes[*child as usize].matchers, position);
            }
            Box::new(index)
        });
        Node {
            matchers: matcher::cheapest_first(matchers),
            children: children.into(),
            by_equality,
        }
    }
}

/// A route's own settings over its parent's.
fn inherit(spec: &Value, parent: &Inherited) -> Result<Inherited, Error> {
    let mut own = parent.clone();
    if let Some(receiver) = spec.get("receiver").and_then(Value::as_str)
        && !receiver.is_empty()
    {
        own.receiver = receiver.into();
    }
    if spec.get("group_by").is_some_and(|value| !value.is_null()) {
        let mut names = strings(spec, "group_by")?;
        own.group_by_all = names.iter().any(|name| name == "...");
        // Upstream keeps the inherited names beside "...", where nothing reads them.
        if !own.group_by_all {
            names.sort();
            names.dedup();
            own.group_by = names.into_iter().map(Into::into).collect();
        }
    }
    for (key, target) in [
        ("group_wait_ns", &mut own.group_wait_ns),
        ("group_interval_ns", &mut own.group_interval_ns),
        ("repeat_interval_ns", &mut own.repeat_interval_ns),
    ] {
        match spec.get(key) {
            None | Some(Value::Null) => {}
            Some(value) => *target = value.as_i64().ok_or_else(|| wrong(key, "a number"))?,
        }
    }
    if let Some(labels) = spec.get("labels").filter(|value| !value.is_null()) {
        let labels = labels
            .as_object()
            .ok_or_else(|| wrong("labels", "an object"))?;
        for (name, value) in labels {
            let value = value.as_str().ok_or_else(|| wrong("labels", "texts"))?;
            own.labels.insert(name.clone(), value.to_owned());
        }
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn receivers(tree: &RouteTree, pairs: &[(&str, &str)]) -> Vec<String> {
        tree.match_indices(&LabelSet::from_pairs(pairs.iter().copied()))
            .iter()
            .map(|at| tree.routes()[*at as usize].receiver.to_string())
            .collect()
    }

    #[test]
    fn keys_ids_and_order_are_upstreams() {
        let tree = RouteTree::compile(&json!({"receiver": "r", "routes": [
            {"matchers": [["team", "=~", "db|web"]], "routes": [{"matchers": [["b", "=", "2"], ["a", "=", "1"]]}]},
            {"matchers": [["team", "=", "x"]], "continue": true},
        ]}))
        .unwrap();
        let ids: Vec<&str> = tree.routes().iter().map(|route| &*route.id).collect();
        assert_eq!(
            ids,
            [
                "{}/{team=~\"db|web\"}/0/{a=\"1\",b=\"2\"}/0",
                "{}/{team=~\"db|web\"}/0",
                "{}/{team=\"x\"}/1",
                "{}"
            ]
        );
        assert_eq!(
            &*tree.routes()[0].key,
            "{}/{team=~\"db|web\"}/{a=\"1\",b=\"2\"}"
        );
        let labels = LabelSet::from_pairs([("a", "x"), ("b", "y")]);
        assert_eq!(tree.routes()[3].group_key(&labels), "{}:{a=\"x\", b=\"y\"}");
    }

    #[test]
    fn the_first_match_stops_unless_it_continues() {
        let tree = RouteTree::compile(&json!({"receiver": "root", "routes": [
            {"receiver": "a", "matchers": [["x", "=", "1"]], "continue": true},
            {"receiver": "b", "matchers": [["x", "=", "1"]], "routes": [
                {"receiver": "c", "matchers": [["y", "!=", "2"]]}]},
            {"receiver": "d"},
        ]}))
        .unwrap();
        assert_eq!(receivers(&tree, &[("x", "1")]), ["a", "c"]);
        assert_eq!(receivers(&tree, &[("x", "1"), ("y", "2")]), ["a", "b"]);
        assert_eq!(receivers(&tree, &[]), ["d"]);
    }

    #[test]
    fn an_indexed_node_matches_as_a_scanned_one() {
        let mut routes: Vec<Value> = (0..40)
            .map(|n| json!({"receiver": format!("r{n}"), "matchers": [["team", "=", format!("t{n}")]], "continue": n % 2 == 0}))
            .collect();
        routes.insert(
            20,
            json!({"receiver": "any", "matchers": [["team", "=~", "t.*"]], "continue": true}),
        );
        routes.push(json!({"receiver": "some", "matchers": [["team", "=~", "t4|t5"]]}));
        let tree = RouteTree::compile(&json!({"receiver": "root", "routes": routes})).unwrap();
        assert_eq!(receivers(&tree, &[("team", "t4")]), ["r4", "any", "some"]);
        assert_eq!(receivers(&tree, &[("team", "t5")]), ["r5"]);
        assert_eq!(receivers(&tree, &[("team", "t31")]), ["any", "r31"]);
        assert_eq!(receivers(&tree, &[("team", "x")]), ["root"]);
    }

    #[test]
    fn group_by_resets_and_inherits() {
        let tree = RouteTree::compile(&json!({"receiver": "r", "group_by": ["b", "a"], "labels": {"k": "1", "l": "1"},
            "routes": [{"group_by": []}, {"group_by": ["..."], "routes": [{}, {"group_by": ["z"]}]}, {"labels": {"k": "2"}}]}))
        .unwrap();
        let names = |at: usize| {
            tree.routes()[at]
                .group_by
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert!(names(0).is_empty());
        assert!(tree.routes()[1].group_by_all);
        assert!(!tree.routes()[2].group_by_all);
        assert_eq!(names(2), ["z"]);
        assert_eq!(names(4), ["a", "b"]);
        assert_eq!(tree.routes()[4].labels["k"], "2");
        assert_eq!(tree.routes()[4].labels["l"], "1");
    }

    #[test]
    fn what_is_not_given_is_upstreams_default_or_the_parents() {
        let tree = RouteTree::compile(&json!({"receiver": "r", "routes": [
            {"receiver": "", "group_wait_ns": 0, "repeat_interval_ns": 7, "mute_time_intervals": ["m"],
             "routes": [{"group_interval_ns": 1}]}]}))
        .unwrap();
        let [inner, middle, root] = tree.routes() else {
            panic!("{tree:?}");
        };
        let timing = |route: &Route| {
            let seconds = 1_000_000_000;
            assert_eq!(&*route.receiver, "r");
            (
                route.group_wait_ns / seconds,
                route.group_interval_ns / seconds,
                route.repeat_interval_ns / seconds,
            )
        };
        assert_eq!(timing(root), (30, 300, 14_400));
        assert_eq!(timing(middle), (0, 300, 0));
        assert_eq!((inner.group_interval_ns, inner.repeat_interval_ns), (1, 7));
        assert_eq!(middle.mute_time_intervals, ["m"]);
        assert!(inner.mute_time_intervals.is_empty());
    }

    /// Upstream's walk, without an index.
    fn walk(tree: &RouteTree, at: u32, labels: &LabelSet) -> Vec<u32> {
        let route = tree.route(at).unwrap();
        if !matcher::all_match(&route.matchers, labels) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for child in &route.children {
            let below = walk(tree, *child, labels);
            let matched = !below.is_empty();
            found.extend(below);
            if matched && !tree.route(*child).unwrap().continue_matching {
                break;
            }
        }
        if found.is_empty() {
            found.push(at);
        }
        found
    }

    fn any_route() -> impl Strategy<Value = Value> {
        let op = prop_oneof![Just("="), Just("="), Just("!="), Just("=~")];
        let value = prop_oneof![
            Just("1"),
            Just("2"),
            Just("3"),
            Just(""),
            Just("1|2"),
            Just(".*")
        ];
        let matchers = prop::collection::vec(("[ab]", op, value), 0..3);
        let leaf = (matchers, any::<bool>())
            .prop_map(|(matchers, further)| json!({"matchers": matchers, "continue": further}));
        leaf.prop_recursive(3, 60, 12, |inner| {
            (inner.clone(), prop::collection::vec(inner, 0..12)).prop_map(|(mut route, routes)| {
                route["routes"] = routes.into();
                route
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn matches_as_a_plain_walk(
            routes in prop::collection::vec(any_route(), 0..14),
            pairs in prop::collection::btree_map("[ab]", "[1-4]", 0..3),
        ) {
            let tree = RouteTree::compile(&json!({"receiver": "r", "routes": routes})).unwrap();
            let labels = LabelSet::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)));
            let root = u32::try_from(tree.routes().len() - 1).unwrap();
            prop_assert_eq!(tree.match_indices(&labels).to_vec(), walk(&tree, root, &labels));
        }
    }
}
