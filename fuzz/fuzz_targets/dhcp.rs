//! Messages of DHCP servers, and the packets they come in.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    rescuebox::net::dhcp::exercise(data);
    let _ = rescuebox::net::packet::read_udp(data, 68);
    let _ = rescuebox::net::packet::Arp::decode(data);
});
