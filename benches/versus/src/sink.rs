//! The receiver of a run, as a webhook, Slack or `PagerDuty`: it answers at once and counts and checks every body.
//!
//! `POST /report` answers what came since the last `POST /reset`, `POST /count` only how many; every
//! other POST is a notification, of Slack's or `PagerDuty`'s shape where the path says so.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::Result;
use crate::{notification, pagerduty, slack};

/// Bodies wait unread until they come to this, so that reading them does not slow a burst.
const WAITING_BYTES: usize = 256 * 1024 * 1024;
/// No request may be larger.
const REQUEST_BYTES: usize = 64 * 1024 * 1024;
/// Complaints kept for the report.
const COMPLAINTS: usize = 10;
const SLACK: &str = "/slack/";
const PAGERDUTY: &str = "/pagerduty";

/// Where to listen; read from the command line as JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SinkPlan {
    pub(crate) listen: SocketAddr,
}

/// What came since the last reset.
#[derive(Debug, Default, Serialize)]
struct Report {
    notifications: u64,
    firing: u64,
    resolved: u64,
    /// Different group keys.
    groups: u64,
    /// Different alerts.
    alerts: u64,
    /// Notifications of a group whose last one had the same status and the same alerts.
    repeated: u64,
    /// Bodies that failed a check, and requests that are no notification.
    bad: u64,
    complaints: Vec<String>,
    /// Unix nanoseconds; 0 when nothing came.
    first_at_ns: u64,
    last_at_ns: u64,
    body_bytes: u64,
}

#[derive(Default)]
struct Sink {
    report: Report,
    waiting: Vec<Request>,
    waiting_bytes: usize,
    groups: HashMap<String, (bool, Vec<(u64, bool)>)>,
    alerts: HashSet<u64>,
}

struct Request {
    path: String,
    body: Vec<u8>,
}

/// Serves until standard input ends; the first line of standard output tells the port.
pub(crate) fn run(plan: &SinkPlan) -> Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(tokio::task::LocalSet::new().run_until(serve(plan.listen)))
}

async fn serve(listen: SocketAddr) -> Result<()> {
    let socket = if listen.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    // A server may open a connection for each of 5,000 groups at once.
    let listener = socket.listen(16_384)?;
    writeln!(
        std::io::stdout(),
        "{{\"port\":{}}}",
        listener.local_addr()?.port()
    )?;
    let sink = Rc::new(RefCell::new(Sink::default()));
    loop {
        let (stream, _) = listener.accept().await?;
        let sink = Rc::clone(&sink);
        tokio::task::spawn_local(async move {
            if let Err(error) = converse(stream, &sink).await {
                sink.borrow_mut().complain(error.to_string());
            }
        });
    }
}

async fn converse(mut stream: TcpStream, sink: &RefCell<Sink>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(8192);
    while let Some(request) = read_request(&mut stream, &mut buffer).await? {
        let answer = sink.borrow_mut().answer(request);
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// The next request, or `None` when the client has closed the connection between two.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Option<Request>> {
    loop {
        if let Some((path, head, length)) = parse_head(buffer)? {
            let end = head.checked_add(length).filter(|end| *end <= REQUEST_BYTES);
            let end = end.ok_or("a request is too large")?;
            while buffer.len() < end {
                if stream.read_buf(buffer).await? == 0 {
                    return Err("a client went away within a request".into());
                }
            }
            let body = buffer[head..end].to_vec();
            buffer.drain(..end);
            return Ok(Some(Request { path, body }));
        }
        match stream.read_buf(buffer).await {
            // A client that is killed between two requests has lost nothing.
            Ok(0) | Err(_) if buffer.is_empty() => return Ok(None),
            Ok(0) => return Err("a client went away within a request".into()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Path, size of the head and size of the body, once the head is there.
fn parse_head(bytes: &[u8]) -> Result<Option<(String, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(bytes)? else {
        return Ok(None);
    };
    if request.method != Some("POST") {
        return Err("a request is not a POST".into());
    }
    let length = request
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.ok_or("a request has no Content-Length")?;
    let length = std::str::from_utf8(length.value)?.trim().parse()?;
    Ok(Some((
        request.path.unwrap_or_default().to_owned(),
        head,
        length,
    )))
}

impl Sink {
    fn answer(&mut self, request: Request) -> String {
        let body = match request.path.as_str() {
            "/reset" => {
                *self = Self::default();
                String::new()
            }
            "/count" => self.report.notifications.to_string(),
            "/report" => {
                self.read_waiting();
                serde_json::to_string(&self.report).unwrap_or_default()
            }
            path => {
                let answer = if path.starts_with(SLACK) { "ok" } else { "" };
                self.take(request);
                answer.to_owned()
            }
        };
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn take(&mut self, request: Request) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        if self.report.notifications == 0 {
            self.report.first_at_ns = now;
        }
        self.report.last_at_ns = now;
        self.report.notifications += 1;
        self.report.body_bytes += request.body.len() as u64;
        self.waiting_bytes += request.body.len();
        self.waiting.push(request);
        if self.waiting_bytes > WAITING_BYTES {
            self.read_waiting();
        }
    }

    fn read_waiting(&mut self) {
        self.waiting_bytes = 0;
        for request in std::mem::take(&mut self.waiting) {
            let check = match request.path.as_str() {
                path if path.starts_with(SLACK) => slack::check,
                path if path.starts_with(PAGERDUTY) => pagerduty::check,
                _ => notification::check,
            };
            match check(&request.body) {
                Ok(notification) => self.count(notification),
                Err(complaint) => self.complain(complaint),
            }
        }
        self.report.groups = self.groups.len() as u64;
        self.report.alerts = self.alerts.len() as u64;
    }

    fn count(&mut self, notification: notification::Notification) {
        if notification.resolved {
            self.report.resolved += 1;
        } else {
            self.report.firing += 1;
        }
        self.alerts.extend(
            notification
                .alerts
                .iter()
                .map(|(fingerprint, _)| *fingerprint),
        );
        let content = (notification.resolved, notification.alerts);
        let last = self.groups.insert(notification.group_key, content.clone());
        self.report.repeated += u64::from(last.is_some_and(|last| last == content));
    }

    fn complain(&mut self, complaint: String) {
        self.report.bad += 1;
        if self.report.complaints.len() < COMPLAINTS {
            self.report.complaints.push(complaint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let whole = b"POST /a HTTP/1.1\r\ncontent-length: 12\r\n\r\n";
        assert!(parse_head(&whole[..20]).unwrap().is_none());
        assert_eq!(
            parse_head(whole).unwrap(),
            Some(("/a".to_owned(), whole.len(), 12))
        );
        assert!(parse_head(b"GET /a HTTP/1.1\r\n\r\n").is_err());
    }

    #[test]
    fn a_bad_body_is_counted_and_told() {
        let mut sink = Sink::default();
        for path in ["/team", "/slack/team", "/pagerduty"] {
            let (path, body) = (path.to_owned(), b"{}".to_vec());
            sink.take(Request { path, body });
        }
        sink.read_waiting();
        assert_eq!((sink.report.notifications, sink.report.bad), (3, 3));
        assert_eq!(sink.report.complaints.len(), 3);
    }

    #[test]
    fn the_same_message_of_a_group_again_is_repeated() {
        let mut sink = Sink::default();
        for (resolved, repeated) in [(false, 0), (false, 1), (true, 1), (false, 1)] {
            let alerts = vec![(1, !resolved)];
            sink.count(notification::Notification {
                group_key: "g".to_owned(),
                resolved,
                alerts,
            });
            assert_eq!(sink.report.repeated, repeated);
        }
    }
}
