//! A blocking keep-alive HTTP/1.1 client that spends as little as it can.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::Result;

/// Size of one read from the socket.
const READ_BYTES: usize = 256 * 1024;
/// No answer may be larger.
const LIMIT_BYTES: usize = 2 * 1024 * 1024 * 1024;

/// A server that is silent for longer has failed.
const TIMEOUT: Duration = Duration::from_secs(120);

/// One connection to the server under test; it is opened again when the server has closed it.
pub(crate) struct Client {
    address: String,
    stream: Option<TcpStream>,
    request: Vec<u8>,
    buffer: Vec<u8>,
    filled: usize,
}

/// A whole answer; `body` takes it apart, so that this costs nothing while the clock runs.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    raw: &'a [u8],
    chunked: bool,
}

#[derive(Clone, Copy)]
struct Head {
    status: u16,
    body_at: usize,
    /// `None`: the body comes in chunks.
    length: Option<usize>,
    close: bool,
}

impl Client {
    /// A client of the server at `address` (`host:port`); it connects with its first request.
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            stream: None,
            request: Vec::new(),
            buffer: Vec::new(),
            filled: 0,
        }
    }

    /// Opens the connection, so that the first request does not pay for it.
    pub(crate) fn connect(&mut self) -> Result<()> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            self.stream = Some(stream);
        }
        Ok(())
    }

    /// Sends a POST with a JSON body and reads the answer to its end.
    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> Result<Answer<'_>> {
        self.request.clear();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: amp-versus\r\nContent-Length: {}\r\n\
             Content-Type: application/json\r\n\r\n",
            self.address,
            body.len()
        )?;
        self.request.extend_from_slice(body);
        self.exchange()
    }

    /// Sends a GET and reads the answer to its end.
    pub(crate) fn get(&mut self, path: &str) -> Result<Answer<'_>> {
        self.request.clear();
        write!(
            self.request,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: amp-versus\r\nAccept: application/json\r\n\r\n",
            self.address
        )?;
        self.exchange()
    }

    fn exchange(&mut self) -> Result<Answer<'_>> {
        self.connect()?;
        let mut stream = self.stream.take().ok_or("not connected")?;
        stream.write_all(&self.request)?;
        let (head, end) = self.read_answer(&mut stream)?;
        if !head.close {
            self.stream = Some(stream);
        }
        Ok(Answer {
            status: head.status,
            raw: &self.buffer[head.body_at..end],
            chunked: head.length.is_none(),
        })
    }

    fn read_answer(&mut self, stream: &mut TcpStream) -> Result<(Head, usize)> {
        self.filled = 0;
        let head = loop {
            self.read_more(stream)?;
            if let Some(head) = parse_head(&self.buffer[..self.filled])? {
                break head;
            }
        };
        if let Some(length) = head.length {
            let end = head
                .body_at
                .checked_add(length)
                .ok_or("the answer is too large")?;
            while self.filled < end {
                self.read_more(stream)?;
            }
            return Ok((head, end));
        }
        let mut at = head.body_at;
        loop {
            match httparse::parse_chunk_size(&self.buffer[at..self.filled]) {
                Ok(httparse::Status::Complete((line, size))) => {
                    let next = at + line + usize::try_from(size)? + 2;
                    while self.filled < next {
                        self.read_more(stream)?;
                    }
                    at = next;
                    if size == 0 {
                        return Ok((head, at));
                    }
                }
                Ok(httparse::Status::Partial) => self.read_more(stream)?,
                Err(_) => return Err("the answer has a bad chunk".into()),
            }
        }
    }

    fn read_more(&mut self, stream: &mut TcpStream) -> Result<()> {
        if self.buffer.len() < self.filled + READ_BYTES {
            if self.filled > LIMIT_BYTES {
                return Err("the answer is too large".into());
            }
            self.buffer.resize((self.filled + READ_BYTES) * 2, 0);
        }
        let count = stream.read(&mut self.buffer[self.filled..])?;
        if count == 0 {
            return Err("the server closed the connection within an answer".into());
        }
        self.filled += count;
        Ok(())
    }
}

impl Answer<'_> {
    /// The body in one piece.
    pub(crate) fn body(&self) -> Result<Vec<u8>> {
        if !self.chunked {
            return Ok(self.raw.to_vec());
        }
        let mut body = Vec::with_capacity(self.raw.len());
        let mut rest = self.raw;
        loop {
            let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(rest)
            else {
                return Err("the answer has a bad chunk".into());
            };
            if size == 0 {
                return Ok(body);
            }
            let end = line + usize::try_from(size)?;
            body.extend_from_slice(&rest[line..end]);
            rest = &rest[end + 2..];
        }
    }

    /// The status and the start of the body, for a person who reads an error.
    pub(crate) fn describe(&self) -> String {
        let text = self.body().unwrap_or_default();
        let start = &text[..text.len().min(200)];
        format!("status {}: {}", self.status, String::from_utf8_lossy(start))
    }
}

fn parse_head(bytes: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(body_at) = response.parse(bytes)? else {
        return Ok(None);
    };
    let status = response.code.ok_or("the answer has no status")?;
    let mut length = None;
    let mut chunked = false;
    let mut close = false;
    for header in response.headers.iter() {
        let value = std::str::from_utf8(header.value)?.trim();
        if header.name.eq_ignore_ascii_case("content-length") {
            length = Some(value.parse()?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        } else if header.name.eq_ignore_ascii_case("connection") {
            close = value.eq_ignore_ascii_case("close");
        }
    }
    let length = if chunked {
        None
    } else {
        Some(length.unwrap_or(0))
    };
    Ok(Some(Head {
        status,
        body_at,
        length,
        close,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answer_once(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut start = [0; 1024];
            let _ = stream.read(&mut start).unwrap();
            for piece in answer.chunks(7) {
                stream.write_all(piece).unwrap();
            }
        });
        address
    }

    #[test]
    fn a_chunked_answer_is_put_together() {
        let address = answer_once(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
        );
        let mut client = Client::new(&address);
        let answer = client.get("/").unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body().unwrap(), b"abc0123456789");
    }

    #[test]
    fn an_answer_with_a_length_is_read_to_its_end() {
        let address = answer_once(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nwrong");
        let mut client = Client::new(&address);
        let answer = client.post("/", b"[]").unwrap();
        assert_eq!(answer.status, 400);
        assert_eq!(answer.describe(), "status 400: wrong");
    }
}
