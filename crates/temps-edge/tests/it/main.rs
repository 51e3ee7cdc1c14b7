//! The edge over real sockets.

mod smoke;
