//! Gives the linker `scripts/hot.ld`, the order of the code that every start
//! runs. Only for the small static build: the others are for development.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods)] // it is no applet

fn main() {
    println!("cargo::rerun-if-changed=scripts/hot.ld");
    println!("cargo::rerun-if-changed=scripts/hot-boot.ld");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    if of("CARGO_CFG_TARGET_ENV") == "musl" {
        for script in ["hot.ld", "hot-boot.ld"] {
            let path = of("CARGO_MANIFEST_DIR") + "/scripts/" + script;
            println!("cargo::rustc-link-arg-bins=-Wl,-T,{path}");
        }
    }
}
