//! Applications that Temps forwards to, and which addresses they may have.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use temps_model::{HostName, Network};

/// Where an application listens: `http://127.0.0.1:3000`, `https://backend.example.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Upstream {
    pub scheme: Scheme,
    pub host: UpstreamHost,
    pub port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    /// With a verified certificate.
    Https,
}

/// A name that is resolved at every connection, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamHost {
    Name(HostName),
    Address(IpAddr),
}

/// Why a text is no upstream URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    #[error("must begin with http:// or https://, such as http://127.0.0.1:3000")]
    Scheme,
    #[error("may not hold a user name or password")]
    Credentials,
    #[error("may not hold a path, query or fragment: requests keep their own path")]
    Path,
    #[error("has no sound port")]
    Port,
    #[error("its host {0}")]
    Host(#[from] temps_model::HostNameError),
    #[error("its IPv6 address is malformed; write it as http://[2001:db8::1]:3000")]
    Ipv6,
    #[error(
        "the address {0} is not reachable for applications: it is loopback, private or link-local, and the administrator did not list it in `upstream_networks`"
    )]
    Forbidden(IpAddr),
}

/// The networks beyond the public Internet to which upstreams may point (`upstream_networks`).
#[derive(Clone, Debug, Default)]
pub struct UpstreamNetworks(Vec<Network>);

impl UpstreamNetworks {
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether a connection may go to this address. An address that embeds an IPv4 address (IPv4-mapped, NAT64, 6to4) has to be
    /// permitted in both forms, so that none is a way around the list (R-APP-9).
    pub fn permit(&self, address: IpAddr) -> Result<(), UpstreamError> {
        let address = address.to_canonical();
        let listed = |ip: IpAddr| self.0.iter().any(|network| network.contains(ip.into()));
        let permitted = |ip: IpAddr| listed(ip) || is_public(ip);
        let embedded_permitted = embedded(address).is_none_or(permitted);
        match permitted(address) && embedded_permitted {
            true => Ok(()),
            false => Err(UpstreamError::Forbidden(address)),
        }
    }
}

/// Whether an address is one of the public Internet (IANA special-purpose registries, RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(a == 0
        || a >= 224
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0xfe == 18))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let nat64 = a == 0x64 && b == 0xff9b && ip.segments()[2..6] == [0; 4];
    let global_unicast = a & 0xe000 == 0x2000;
    let protocol_assignments = a == 0x2001 && b < 0x200;
    let documentation = (a == 0x2001 && b == 0xdb8) || (a == 0x3fff && b < 0x1000);
    nat64 || (global_unicast && !protocol_assignments && !documentation)
}

/// The IPv4 address inside a NAT64 (RFC 6052 §2.1) or 6to4 (RFC 3056 §2) address.
fn embedded(ip: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(v6) = ip else { return None };
    let s = v6.segments();
    let v4 = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let (scheme, rest) = match text.trim().split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            _ => return Err(UpstreamError::Scheme),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '\\']) {
            return Err(UpstreamError::Path);
        }
        if authority.contains('@') {
            return Err(UpstreamError::Credentials);
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            None => scheme.default_port(),
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port != 0).ok_or(UpstreamError::Port)?
            }
            Some(_) => return Err(UpstreamError::Port),
        };
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(v6) => UpstreamHost::Address(IpAddr::V6(v6.parse().map_err(|_| UpstreamError::Ipv6)?)),
            None => match host.parse::<Ipv4Addr>() {
                Ok(v4) => UpstreamHost::Address(IpAddr::V4(v4)),
                Err(_) => UpstreamHost::Name(host.parse()?),
            },
        };
        Ok(Self { scheme, host, port })
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), UpstreamError> {
    if authority.starts_with('[') {
        let (host, rest) = authority.split_at(authority.find(']').ok_or(UpstreamError::Ipv6)? + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(UpstreamError::Port),
        };
    }
    Ok(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))))
}

impl Scheme {
    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl TryFrom<String> for Upstream {
    type Error = UpstreamError;

    fn try_from(text: String) -> Result<Self, UpstreamError> {
        text.parse()
    }
}

impl From<Upstream> for String {
    fn from(upstream: Upstream) -> Self {
        upstream.to_string()
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

impl fmt::Display for UpstreamHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(IpAddr::V4(v4)) => v4.fmt(f),
            Self::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
        }
    }
}

#[cfg(test)]
mod tests;
