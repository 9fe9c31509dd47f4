//! bc: a calculator with a language. POSIX, with GNU's `print`, `last`, `&&`,
//! `||`, `!`, `else`, `halt`, names of several letters. Numbers of any length.

mod lang;
mod run;

use std::fs::File;
use std::os::fd::AsFd;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::blocks::Blocks;
use crate::sys::search;

/// See the module.
pub(super) const APPLET: Applet = Applet {
    name: "bc",
    summary: "calculate in a language of its own",
    usage: "[-lqs] [FILE...]\n\
            \x20 -l  with s(), c(), a(), l(), e(), j(), and scale=20\n\
            \x20 -q  without a greeting, as always; -s, -w: nothing",
    kind: Kind::Fork, // reads
    run: run_bc,
};

/// The functions of -l, in bc.
const LIBRARY: &[u8] = b"scale=20
define e(x){auto s,n,t,r,i
s=scale
if(x<0){r=e(-x);return(1/r)}
scale=s+6+.44*x
while(x>1){x=x/2;n+=1}
r=1+x;t=x;i=1
while(1){i+=1;t=t*x/i;if(t==0)break;r+=t}
while(n>0){r=r*r;n-=1}
scale=s;return(r/1)}
define l(x){auto s,f,n,p,m,i,r,t
s=scale
if(x<=0)return((1-10^s)/1)
scale=s+6;f=2
while(x>=2){f*=2;x=sqrt(x)}
while(x<=.5){f*=2;x=sqrt(x)}
n=(x-1)/(x+1);r=n;p=n;m=n*n
for(i=3;1;i+=2){p*=m;t=p/i;if(t==0)break;r+=t}
r=f*r;scale=s;return(r/1)}
define s(x){auto s,v,m,n,t,q,i
s=scale
scale=1.1*s+2;v=a(1)
if(x<0){m=1;x=-x}
scale=0;n=(x/v+2)/4
x=x-4*n*v
if(n%2)x=-x
scale=s+2;v=x;t=x;q=-x*x
for(i=3;1;i+=2){t=t*q/(i*(i-1));if(t==0)break;v+=t}
scale=s
if(m)return(-v/1)
return(v/1)}
define c(x){auto s,v
s=scale;scale=scale*1.2+1
v=s(x+a(1)*2)
scale=s;return(v/1)}
define a(x){auto s,n,f,z,v,t,m,i
s=scale;n=1
if(x<0){n=-1;x=-x}
scale=s+5
if(x>.2)z=a(.2)
while(x>.2){f+=1;x=(x-.2)/(1+x*.2)}
v=x;m=-x*x
for(i=3;1;i+=2){x*=m;t=x/i;if(t==0)break;v+=t}
v=(f*z+v)/n
scale=s;return(v/1)}
define j(n,x){auto s,m,f,i,v,t,q
s=scale;scale=0;n/=1
if(n<0){n=-n;m=n%2}
scale=1.5*s+4
f=1
for(i=1;i<=n;i++)f=f*x/2/i
v=1;t=1;q=-x*x/4
for(i=1;1;i++){t=t*q/i/(n+i);if(t==0)break;v+=t}
v=f*v
if(m)v=-v
scale=s;return(v/1)}
";

fn run_bc(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("l,mathlib q,quiet s,standard w,warn i,interactive h,help")?;
    let mut library = false;
    while let Some(letter) = options.next() {
        library |= letter == b'l';
    }
    let mut bc = run::Bc::new(cx);
    if library {
        bc.run(LIBRARY)?;
    }
    for operand in &options.operands {
        let file = File::open(operand).map_err(|e| Error::os(show(operand), e))?;
        let mut blocks = Blocks::new();
        while blocks.fill(file.as_fd()).map_err(|e| Error::os(show(operand), e))? {}
        bc.run(blocks.bytes())?;
        if bc.quit {
            return Ok(bc.cx.status());
        }
    }
    // Standard input by lines, joined while something is open.
    let mut text = Vec::new();
    loop {
        let more = match search::byte(bc.lines.bytes(), b'\n') {
            Some(at) => {
                text.extend_from_slice(bc.lines.bytes().get(..=at).unwrap_or_default());
                bc.lines.take(at + 1);
                true
            }
            None if bc.lines.fill(bc.cx.stdin).unwrap_or(false) => continue,
            None => {
                let rest = bc.lines.bytes().to_vec();
                bc.lines.take(rest.len());
                text.extend_from_slice(&rest);
                false
            }
        };
        if more && lang::is_open(&text) {
            continue;
        }
        bc.run(&text)?;
        bc.cx.flush()?;
        text.clear();
        if !more || bc.quit {
            return Ok(bc.cx.status());
        }
    }
}
