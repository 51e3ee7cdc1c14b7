//! Addresses of clients and networks of rules, each in one canonical form.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// The address of a client, canonicalised once (R-EDGE-7): an IPv4-mapped address (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2)
/// becomes the IPv4 address, because that is how a dual-stack socket reports an IPv4 peer. Every other address stays
/// what it is: addresses of NAT64 (`64:ff9b::/96`) and 6to4 (`2002::/16`) are IPv6 networks of their own, whose embedded
/// IPv4 address the sender may choose, so no IPv4 rule ever matches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "IpAddr", into = "IpAddr")]
pub struct ClientIp(IpAddr);

impl ClientIp {
    pub const fn addr(self) -> IpAddr {
        self.0
    }

    /// What is counted as one client: the IPv4 address, or the IPv6 /64 that one subscriber holds.
    pub fn counted_as(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        }
    }
}

impl From<IpAddr> for ClientIp {
    fn from(addr: IpAddr) -> Self {
        Self(addr.to_canonical())
    }
}

impl From<ClientIp> for IpAddr {
    fn from(ip: ClientIp) -> Self {
        ip.0
    }
}

impl FromStr for ClientIp {
    type Err = std::net::AddrParseError;

    /// Reads an address without port or zone; leading zeros are refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<IpAddr>().map(Self::from)
    }
}

impl fmt::Display for ClientIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of addresses with a common prefix, host bits zero, never an IPv4-mapped one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

/// Why a text is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    #[error("is empty; write an address such as 203.0.113.7 or a network such as 203.0.113.0/24 or 2001:db8::/32")]
    Empty,
    #[error("contains the white space, comment or list mark {0:?}; write one address or network")]
    Extra(char),
    #[error("is a range; write it as networks, such as 203.0.113.0/25")]
    Range,
    #[error("has a zone id; write the address without '%' and what follows")]
    Zone,
    #[error("has a number with a leading zero, which some programs read as octal; write it without")]
    LeadingZero,
    #[error("has the prefix length {length:?}; it can be 0 to {max}")]
    PrefixLength { length: String, max: u8 },
    #[error("is an IPv4-mapped IPv6 network; write the IPv4 network itself")]
    Mapped,
    #[error("is neither an IPv4 nor an IPv6 address")]
    Malformed,
}

/// What was changed in a network that was accepted all the same (R-IP-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkNotice {
    /// Bits behind the prefix were set and are dropped: `10.1.2.3/8` is saved as `10.0.0.0/8`.
    HostBitsDropped,
}

impl Network {
    /// The whole of IPv4 or IPv6.
    pub const ALL_V4: Self = Self(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)));
    pub const ALL_V6: Self = Self(IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)));

    pub const fn net(self) -> IpNet {
        self.0
    }

    pub fn contains(&self, ip: ClientIp) -> bool {
        self.0.contains(&ip.addr())
    }

    /// Whether every address of `other` is also in this network.
    pub fn covers(&self, other: &Network) -> bool {
        self.0.contains(&other.0)
    }

    /// Reads a network and says what had to be changed in it.
    pub fn parse_with_notice(text: &str) -> Result<(Self, Option<NetworkNotice>), NetworkError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NetworkError::Empty);
        }
        if let Some(extra) = text.chars().find(|c| c.is_whitespace() || c.is_control() || matches!(c, '#' | ',' | ';'))
        {
            return Err(NetworkError::Extra(extra));
        }
        if text.contains('-') {
            return Err(NetworkError::Range);
        }
        if text.contains('%') {
            return Err(NetworkError::Zone);
        }
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| malformed(address))?;
        let max = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => max,
            Some(length) => parse_length(length, max)?,
        };
        let net = IpNet::new(address, length).map_err(|_| NetworkError::Malformed)?;
        let truncated = net.trunc();
        let notice = (truncated != net).then_some(NetworkNotice::HostBitsDropped);
        Ok((Self(unmapped(truncated)?), notice))
    }
}

fn parse_length(length: &str, max: u8) -> Result<u8, NetworkError> {
    let digits = !length.is_empty() && length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit());
    let canonical = length == "0" || !length.starts_with('0');
    match length.parse::<u8>() {
        Ok(number) if digits && canonical && number <= max => Ok(number),
        _ => Err(NetworkError::PrefixLength { length: length.chars().take(12).collect(), max }),
    }
}

/// An IPv4-mapped network of /96 or longer is the IPv4 network of the same addresses; a single mapped address is what
/// logs of dual-stack programs show, so it is taken as the IPv4 address. Anything wider is refused as a mistake.
fn unmapped(net: IpNet) -> Result<IpNet, NetworkError> {
    let IpNet::V6(v6) = net else { return Ok(net) };
    let mapped_space = Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);
    match v6.addr().to_ipv4_mapped() {
        Some(v4) if v6.prefix_len() == 128 => Ok(IpNet::from(IpAddr::V4(v4))),
        _ if mapped_space.contains(&v6) => Err(NetworkError::Mapped),
        _ => Ok(net),
    }
}

fn malformed(address: &str) -> NetworkError {
    let leading_zero = !address.contains(':')
        && address.split('.').count() == 4
        && address
            .split('.')
            .any(|part| part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()));
    if leading_zero { NetworkError::LeadingZero } else { NetworkError::Malformed }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        Self::parse_with_notice(text).map(|(network, _)| network)
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl From<ClientIp> for Network {
    fn from(ip: ClientIp) -> Self {
        Self(IpNet::from(ip.addr()))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_edge_7_a_mapped_client_is_the_ipv4_client_and_embedded_addresses_are_not() {
        let ip = |text: &str| text.parse::<ClientIp>().unwrap();
        assert_eq!(ip("::ffff:203.0.113.7"), ip("203.0.113.7"));
        let rule: Network = "203.0.113.0/24".parse().unwrap();
        assert!(rule.contains(ip("::ffff:203.0.113.7")));
        assert!(!rule.contains(ip("64:ff9b::203.0.113.7")));
        assert!(!rule.contains(ip("2002:cb00:7107::1")));
        for bad in ["010.0.0.1", "fe80::1%eth0", "1.2.3", "1.2.3.4:80", "[::1]", ""] {
            assert!(bad.parse::<ClientIp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn r_ip_4_what_is_no_network_is_told_why() {
        use NetworkError::*;
        let length = |length: &str, max| PrefixLength { length: length.into(), max };
        for (text, error) in [
            ("", Empty),
            ("10.0.0.1/33", length("33", 32)),
            ("::/129", length("129", 128)),
            ("10.0.0.0/", length("", 32)),
            ("10.0.0.0/08", length("08", 32)),
            ("10.0.0.0/+8", length("+8", 32)),
            ("10.0.0.0/255.0.0.0", length("255.0.0.0", 32)),
            ("010.0.0.1", LeadingZero),
            ("::ffff:0:0/96", Mapped),
            ("::ffff:10.0.0.0/104", Mapped),
            ("10.0.0.1-10.0.0.9", Range),
            ("10.0.0.1 # office", Extra(' ')),
            ("10.0.0.1,10.0.0.2", Extra(',')),
            ("fe80::1%eth0", Zone),
            ("10.0.0", Malformed),
            ("example.com", Malformed),
        ] {
            assert_eq!(text.parse::<Network>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn r_ip_4_host_bits_are_dropped_with_a_notice() {
        let (network, notice) = Network::parse_with_notice("10.1.2.3/8").unwrap();
        assert_eq!((network.to_string().as_str(), notice), ("10.0.0.0/8", Some(NetworkNotice::HostBitsDropped)));
        let (network, notice) = Network::parse_with_notice("::ffff:10.1.2.3").unwrap();
        assert_eq!((network.to_string().as_str(), notice), ("10.1.2.3/32", None));
    }

    #[test]
    fn ipv6_clients_are_counted_by_their_64() {
        let ip = |text: &str| text.parse::<ClientIp>().unwrap();
        assert_eq!(ip("2001:db8::1").counted_as(), ip("2001:db8::ffff:1").counted_as());
        assert_ne!(ip("2001:db8:0:1::1").counted_as(), ip("2001:db8::1").counted_as());
        assert_ne!(ip("203.0.113.7").counted_as(), ip("203.0.113.8").counted_as());
    }
}
