//! The format `uri` of a generator URL.

use std::net::Ipv6Addr;

/// Whether upstream takes the text as an absolute URI or path (its fragment aside).
///
/// Upstream: go-openapi strfmt `uri`, which is Go's `url.ParseRequestURI`.
pub fn is_request_uri(text: &str) -> bool {
    let text = text.split_once('#').map_or(text, |(before, _)| before);
    if text == "*" {
        return true;
    }
    if text.is_empty() || text.bytes().any(|b| b < 0x20 || b == 0x7F) {
        return false;
    }
    let Some((has_scheme, rest)) = split_scheme(text) else {
        return false;
    };
    let path = rest.split_once('?').map_or(rest, |(before, _)| before);
    if !path.starts_with('/') {
        return has_scheme;
    }
    let Some(with_host) = path.strip_prefix("//").filter(|_| has_scheme) else {
        return escapes_fit(path);
    };
    let (authority, path) = match with_host.find('/') {
        Some(at) => with_host.split_at(at),
        None => (with_host, ""),
    };
    authority_fits(authority) && escapes_fit(path)
}

/// Whether there is a scheme, and what follows it; `None` when the scheme is empty.
fn split_scheme(text: &str) -> Option<(bool, &str)> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' => return (at > 0).then(|| (true, &text[at + 1..])),
            _ => break,
        }
    }
    Some((false, text))
}

/// Every `%` is followed by two hex digits.
fn escapes_fit(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let bytes = after.as_bytes();
        bytes.len() >= 2 && bytes[0].is_ascii_hexdigit() && bytes[1].is_ascii_hexdigit()
    })
}

fn authority_fits(authority: &str) -> bool {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return host_fits(authority);
    };
    let letters = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
    host_fits(host) && user.bytes().all(letters) && escapes_fit(user)
}

fn host_fits(host: &str) -> bool {
    if let Some(inside) = host.strip_prefix('[') {
        let Some((address, port)) = inside.rsplit_once(']') else {
            return false;
        };
        return port_fits(port) && literal_fits(address);
    }
    if host.contains('[') {
        return false;
    }
    match host.split_once(':') {
        Some((name, _)) => port_fits(&host[name.len()..]) && name_fits(name),
        None => name_fits(host),
    }
}

/// An IPv6 address, perhaps with a zone behind `%25`.
fn literal_fits(address: &str) -> bool {
    let (address, zone) = match address.split_once("%25") {
        Some((address, zone)) => (address, Some(zone)),
        None => (address, None),
    };
    address.parse::<Ipv6Addr>().is_ok()
        && zone.is_none_or(|zone| !zone.is_empty() && escapes_fit(zone) && !zone.contains('|'))
}

/// Empty, or a colon and digits.
fn port_fits(port: &str) -> bool {
    match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()),
        None => port.is_empty(),
    }
}

/// A host name: few characters beyond letters, escapes only of bytes outside ASCII (and of `%`).
fn name_fits(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'%' {
            let Some(&[high, low]) = bytes.get(at + 1..at + 3) else {
                return false;
            };
            let outside = high.is_ascii_hexdigit() && !(b'0'..=b'7').contains(&high);
            if !low.is_ascii_hexdigit() || !(outside || (high == b'2' && low == b'5')) {
                return false;
            }
            at += 3;
            continue;
        }
        let fits = byte >= 0x80
            || byte.is_ascii_alphanumeric()
            || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte);
        if !fits {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_request_uri;

    /// Verdicts of the reference binary.
    #[test]
    fn verdicts_equal_upstreams() {
        let good = [
            "/x",
            "x:y",
            "*",
            "http://",
            "mailto:x@y",
            "http://é/é?q=é",
            "http://a/ b<>\"{}",
            "//h/p",
            "HTTP://[::1%25eth0]:80/",
            "//h:x/p",
            "/a?q#f",
            "/a#%zz",
            "http://a/#%zz",
            "http://a/?%zz",
            "http://u:p@h/",
            "a:b:c",
            "http:%zz",
            "http:a b",
            "http://h<x>/",
            "http://h\"x/",
            "http://h:/",
            "http:///p",
            "http://h?x",
            "http://a@b@c/",
        ];
        let bad = [
            "plain",
            "http://x y",
            "http://[::1",
            "http://a/%zz",
            "1:y",
            "#x",
            "http://a\tb",
            " http://a",
            "http://a:b/",
            "http://a b@c/",
            ":x",
            "/x y%",
            "http://h%41/",
            "http://h%20/",
            "http://x:80:80/",
            "?q",
            "http://u%zz:p@h/",
            "x",
            "a/b",
            "a_b:c",
            "http://h|x/",
            "http://h\\x/",
            "http://h\u{7f}x/",
            "http://h/\u{7f}x",
            "http://h^x{}`/",
            "http://[fe80::1%zz]/",
            "http://[]/",
            "http://a[b]/",
            "http://[::1]x/",
            "http://[zz]/",
            "*/x",
            "",
        ];
        for text in good {
            assert!(is_request_uri(text), "{text}");
        }
        for text in bad {
            assert!(!is_request_uri(text), "{text}");
        }
    }
}
