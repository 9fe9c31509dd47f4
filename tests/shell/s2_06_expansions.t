# POSIX.1-2024 XCU, 2 06 expansions. See mod.rs for the format.
## tildes
echo ~ ~/x "~" x~ \~ a:~
-->
/home/u /home/u/x ~ x~ ~ a:~
## tildes in assignments
x=~/a:~/b:c~; echo $x; y=a=~; echo $y
-->
/home/u/a:/home/u/b:c~
a=~
## tildes of users
echo ~root ~root/x ~nosuchuser
-->
/root /root/x ~nosuchuser
## defaults
x=; echo ${x:-d} "${x-d}" ${y:-e} ${y-e} "${y:-}"
-->
d  e e 
## alternatives
x=; y=1; echo "${x:+a}" ${x+b} ${y:+c} "${z+d}"
-->
 b c 
## assigning
echo ${x:=a}; echo $x; y=; echo ${y=b}$y; echo ${y:=c}
-->
a
a

c
## length
x=hello; echo ${#x} ${#nothing}; set -- a bc; echo ${#} ${#2}
-->
5 0
2 2
## prefixes
p=/a/b/c.tar.gz; echo ${p#*/} ${p##*/} ${p#x}
-->
a/b/c.tar.gz c.tar.gz /a/b/c.tar.gz
## suffixes
p=/a/b/c.tar.gz; echo ${p%.*} ${p%%.*} ${p%/*}
-->
/a/b/c.tar /a/b/c /a/b
## quoted patterns
x='a*b'; echo "${x#"a*"}" "${x#'a*'}" "${x%\*b}" ${x#a*}
-->
b b a *b
## a pattern from a variable
x=abcabc; p='*b'; echo ${x#$p} "${x##$p}" "${x#"$p"}"
-->
cabc c abcabc
## words in words
echo ${a:-${b:-${c:-deep}}} ${a:-$(echo sub)} ${a:-$((1+1))}
-->
deep sub 2
## a word with quotes and blanks
set -- ${a:-x "y z" w}; echo $#; set -- "${a:-x "y z" w}"; echo $#
-->
3
1
## single quotes in a default between double quotes are letters
echo "${x:-'a'}" ${x:-'a'}
-->
'a' a
## a closing brace in a default
echo "${x:-\}}" ${x:-\}} ${x:-'}'} "${x:-"}"}"
-->
} } } }
## command substitution
echo $(echo a; echo b) "$(echo c; echo d)"
-->
a b c
d
## trailing newlines go
x=$(printf 'a\n\n\n'); echo "[$x]"
-->
[a]
## nested command substitution
echo $(echo $(echo $(echo deep))) `echo \`echo old\``
-->
deep old
## quotes in command substitution
echo "$(echo "a  b")" "$(echo 'c"d')"
-->
a  b c"d
## parentheses in a command substitution
echo $(case a in a) echo yes;; esac) $( (echo sub) )
-->
yes sub
## a command substitution with a comment
echo $(echo a # comment )
)
-->
a
## its status
x=$(exit 3); echo $?; x=1; echo $?; $(false); echo $?
-->
3
0
1
## a command that vanishes
$(true); echo $?; $nothing echo seen
-->
0
seen
## backquotes and backslashes
echo `echo '\\$x'` `echo \$HOME` "`echo \"q\"`"
-->
\$x /home/u q
## arithmetic
echo $((1+2*3)) $(((1+2)*3)) $((7/2)) $((-7/2)) $((7%3)) $((-7%3))
-->
7 9 3 -3 1 -1
## arithmetic, bits and comparisons
echo $((1<<4)) $((255>>2)) $((6&3)) $((6|3)) $((6^3)) $((~5)) $((3>2)) $((3<=2)) $((1==1)) $((1!=1))
-->
16 63 2 7 5 -6 1 0 1 0
## arithmetic, logic
echo $((1&&0)) $((1||0)) $((!1)) $((1?2:3)) $((0?2:1?4:5))
-->
0 1 0 2 4
## arithmetic assigns
x=5; echo $((x+=2)) $((x*=3)) $((x%=4)) $x $((y=7)) $y
-->
7 21 1 1 7 7
## arithmetic of variables with and without dollar
x=3; y=4; echo $((x*y)) $(($x*$y)) $((x - -y)) $((nothing+1))
-->
12 12 7 1
## octal and hexadecimal
echo $((010)) $((0x1f)) $((0))
-->
8 31 0
## arithmetic with expansions in it
set -- 1 2; echo $(($#+$1+${2})) $(( $(echo 3) + ${x:-4} ))
-->
5 7
## arithmetic over lines
echo $((1 +
2))
-->
3
##! arithmetic, steps and commas
x=1; echo $((x++)) $((++x)) $((x--)) $((--x)) $((1,2))
-->
1 3 3 1 2
##! a variable that holds an expression
x=1; y='x+1'; echo $((y*2))
-->
4
## splitting
x='  a  b	c
d '; set -- $x; echo $#; printf '[%s]' "$@"; echo
-->
4
[a][b][c][d]
## splitting by other letters
IFS=:; x=a::b:; set -- $x; echo $#; printf '[%s]' "$@"; echo
-->
3
[a][][b]
## splitting by blanks and others
IFS=' :'; x=' a : b::c '; set -- $x; echo $#; printf '[%s]' "$@"; echo
-->
4
[a][b][][c]
## no splitting with an empty IFS
IFS=; x='a b'; set -- $x; echo $#
-->
1
## a literal is not split
IFS=:; set -- a:b; echo $#; x=a:b; set -- c$x; echo $#
-->
1
2
## splitting joins with what stands beside
x='a b'; set -- c$x"d e"; echo $#; printf '[%s]' "$@"; echo
-->
2
[ca][bd e]
## empty expansions vanish, quoted ones stay
set -- $nothing "$nothing" ''$nothing; echo $#
-->
2
## an assignment is not split
x='a  b'; y=$x; echo "$y"; z=$(echo 'c  d'); echo "$z"
-->
a  b
c  d
## pathname expansion
touch a.c b.c .h 'x y'; echo *; echo *.c; echo .h*; echo [ab].c; echo *z; echo "*"
-->
a.c b.c x y
a.c b.c
.h
a.c b.c
*z
*
## pathname expansion in folders
mkdir -p d/e; touch d/1 d/e/2 f; echo d/*; echo */; echo */*/*; echo d*//e
-->
d/1 d/e
d/
d/e/2
d//e
## pathname expansion of an expansion
touch a1 a2; x='a*'; echo $x "$x"; y=a; echo $y?
-->
a1 a2 a*
a1 a2
## no pathname expansion with -f
touch a; set -f; echo *; set +f; echo *
-->
*
a
## sorted by bytes
touch B a C b; LC_ALL=C; echo *
-->
B C a b
## a name with a blank stays one field
touch 'a b'; set -- *; echo $#
-->
1
## quoted parts of a pattern
touch 'a*b' axb; echo a\*b a"*"b a*b
-->
a*b a*b a*b axb
## brackets in names
touch '[x]' x; echo [x] '[x]' \[x]
-->
x [x] [x]
## a substitution between double quotes is not expanded
touch a; x='*'; echo "$x" "$(echo '*')"
-->
* *
##! substrings
x=abcdef; echo ${x:2} ${x:1:3} ${x: -2} ${x:0:-1} ${x:$((1+1)):1}
-->
cdef bcd ef abcde c
##! replacement
x=a.b.c; echo ${x/./-} ${x//./-} ${x/#a/X} ${x/%c/Y} ${x//.} ${x/b*/}
-->
a-b.c a-b-c X.b.c a.b.Y abc a.
##! a slice of the parameters
set -- a b c d; echo "${@:2:2}" "${*:3}"
-->
b c c d
## a substitution is a subshell, with or without process
x=1; set -- a b; f() { x=2; set -- q; shift; IFS=:; g() { :; }; echo "$x$#"; }
y=$(f)
echo "$y $x $# $1 [$IFS]" | tr '\n\t' '.-'; echo
z=$(x=5; echo $x; exit 3); echo $? $z $x
z=$(echo "${n:=7}"); echo $z ${n-unset}
z=$(readonly r=1; echo $r); r=2; echo $z $r
z=$(export e=1; echo $e); echo ${e-unset}
-->
20 1 2 a [ -.].
3 5 1
7 unset
1 2
unset
## subshells in subshells
x=$(a=1; y=$(a=2; z=$(a=3; echo $a); echo $z$a); echo $y$a); echo $x ${a-unset}
(a=1; (a=2; (a=3; echo $a); echo $a); echo $a); echo ${a-unset}
i=0; while [ $i -lt 3 ]; do i=$(i=$((i + 1)); echo $i); done; echo $i
-->
321 unset
3
2
1
unset
3
## a function that changes what its caller sees, in a substitution
v=0; f() { v=$((v + 1)); local l=$v; w=$l; }
f; x=$(f; f; echo $v $w $l); echo $x, $v $w
-->
3 3, 1 1
## return ends a subshell only
f() { x=$(return 4); echo $?; (return 5); echo $?; }; f
-->
4
5
## default values
unset u; e=; s=v; echo ${u-d} "${e-d}" ${s-d} ${u:-d} ${e:-d} ${s:-d}
-->
d  v d d v
## assigning defaults
unset u; e=; echo ${u=1} $u ${e:=2} $e; e=; echo "[${e=3}]"
-->
1 1 2 2
[]
## alternatives
unset u; e=; s=v; echo "[${u+a}] [${e+a}] [${s+a}] [${u:+a}] [${e:+a}] [${s:+a}]"
-->
[] [a] [a] [] [] [a]
## errors of unset parameters
(unset u; : ${u?gone}; echo no) 2>/dev/null; echo $?; (e=; : ${e:?gone}; echo no) 2>/dev/null || echo failed
-->
2
failed
## lengths
x=hello e=; echo ${#x} ${#e} ${#u}; set -- a bb; echo ${#2} ${#}
-->
5 0 0
2 2
## prefixes
x=/a/b/c.d.e; echo ${x#*/} ${x##*/} ${x#x} ${x#/a} ${x##*.}
-->
a/b/c.d.e c.d.e /a/b/c.d.e /b/c.d.e e
## suffixes
x=/a/b/c.d.e; echo ${x%/*} "[${x%%/*}]" ${x%.*} ${x%%.*} ${x%x}
-->
/a/b [] /a/b/c.d /a/b/c /a/b/c.d.e
## patterns from variables
x=abcabc p='a*c'; echo "[${x#$p}]" "[${x##$p}]" "[${x#"$p"}]"
-->
[abc] [] [abcabc]
## quoted stars in patterns
x='a*b*c'; echo ${x#*'*'} ${x##*\*} ${x%'*'*}
-->
b*c c a*b
## a brace in a quoted word
echo ${u-'}'} ${u-"}"} ${u-\}}
-->
} } }
## nested defaults
unset a b c; echo ${a-${b-${c-deep}}}; b=mid; echo ${a-${b-${c-deep}}}
-->
deep
mid
## the word is only expanded when needed
a=1; : ${a-$(echo no >&2)} ${a=$(echo no >&2)}; unset b; echo ${b+$(echo no)}end
-->
end
## quotes inside a default
echo "${u-a "b  c" d}" "${u-'x'}" ${u-"a  b"}
-->
a b  c d 'x' a  b
## a default is split
set -- ${u-a b 'c d'}; echo $#
-->
3
## a quoted default is not
set -- "${u-a b 'c d'}"; echo $#
-->
1
## spaces in unquoted defaults with quotes
for i in ${u:-"a b" c}; do echo "<$i>"; done
-->
<a b>
<c>
## length of special parameters
set -- a b c; false; echo ${#?} ${##}
-->
1 1
## command substitution drops newlines at the end
x=$(printf 'a\n\nb\n\n\n'); echo "[$x]"
-->
[a

b]
## nested command substitution
echo $(echo $(echo $(echo deep))) `echo \`echo two\``
-->
deep two
## backquotes and backslashes
echo `echo \\\\a` `echo '\\\\'` `echo \$u`
-->
\a \\
## quotes in command substitution
echo "$(echo ")")" $(echo '(' "$(echo ')')")
-->
) ( )
## case in command substitution
echo $(case a in a) echo yes;; esac) $(case b in (b) echo too;; esac)
-->
yes too
## comment in command substitution
echo $(echo a # comment )
)
-->
a
## here-document in command substitution
echo $(cat <<E
in here
E
)
-->
in here
## status of a command substitution
x=$(exit 3); echo $?; x=$(true) y=$(exit 4); echo $?; echo $(exit 5); echo $?
-->
3
4

0
## a substitution is a subshell
x=1; y=$(x=2; echo $x); echo $x $y; $(exit 3); echo $?
-->
1 2
3
## substitution makes a command
$(echo echo a b); c='echo c'; $c d
-->
a b
c d
## arithmetic precedence
echo $((1+2*3)) $(((1+2)*3)) $((7-2-1)) $((2*3%4)) $((1<<2+1)) $((5&3|8)) $((6^3))
-->
7 9 4 2 8 9 5
## arithmetic comparisons
echo $((1<2)) $((2<=1)) $((3>2)) $((3>=4)) $((1==1)) $((1!=1)) $((!5)) $((!0)) $((~0))
-->
1 0 1 0 1 0 0 1 -1
## arithmetic logic does not evaluate what does not matter
a=0; echo $((0&&(a=1))) $((1||(a=2))) $((1?3:(a=4))) $a
-->
0 1 3 0
## arithmetic bases
echo $((010)) $((0x1F)) $((0xff)) $((10))
-->
8 31 255 10
## arithmetic assignments
a=5; echo $((a+=2)) $((a-=1)) $((a*=3)) $((a/=2)) $((a%=5)) $((a<<=2)) $((a>>=1)) $((a|=1)) $((a&=6)) $((a^=5)) $a
-->
7 6 18 9 4 16 8 9 0 5 5
## variables in arithmetic with and without dollar
a=3 b=a; echo $((a+1)) $(($a+1)) $((a*a)) $((-a)) $((- -a))
-->
4 4 9 -3 3
## unset and empty are 0 in arithmetic
unset u; e=; echo $((u)) $((e+1)) $((u+e))
-->
0 1 0
## blanks and newlines in arithmetic
echo $(( 1 +
2 )) $((	3	*	4	))
-->
3 12
## conditional expressions nest
for a in 0 1 2; do echo $((a==0?10:a==1?20:30)); done
-->
10
20
30
## expansions in arithmetic
x=2; echo $(($(echo 3)+${x}+`echo 4`)) $((${u:-5}*2)) $((${#x}+1))
-->
9 10 2
## field splitting by blanks
x='  a   b  c  '; set -- $x; echo $# $1 $3
-->
3 a c
## field splitting by others
x=a:b::c:; IFS=:; set -- $x; echo $#; for i; do echo "<$i>"; done
-->
4
<a>
<b>
<>
<c>
## field splitting by blanks and others
x=' a : b :: c '; IFS=' :'; set -- $x; echo $#; for i; do echo "<$i>"; done
-->
4
<a>
<b>
<>
<c>
## no field splitting with empty IFS
x='a b'; IFS=; set -- $x; echo $#
-->
1
## splitting joins with what stands beside
x='a b'; set -- 1${x}2; echo $# $1 $2; set -- "1"$x"2"; echo $# $1 $2
-->
2 1a b2
2 1a b2
## only results of expansions are split
IFS=x; set -- axb; echo $#; y=axb; set -- $y; echo $#
-->
1
2
## a leading separator makes an empty field
IFS=:; x=:a; set -- $x; echo $#; x=a:; set -- $x; echo $#; x=:; set -- $x; echo $#
-->
2
1
1
## pathname expansion
touch b a c .h; echo *; echo .h*; echo [ab]; echo ?
-->
a b c
.h
a b
a b c
## no match stays
echo no* "no"*; x='no*'; echo $x
-->
no* no*
no*
## quoted stars do not expand
touch a; echo '*' "*" \*; x='*'; echo "$x" $x
-->
* * *
* a
## pathnames in folders
mkdir d e; touch d/x e/x d/y; echo */x; echo d/*; echo */; echo ./d/*
-->
d/x e/x
d/x d/y
d/ e/
./d/x ./d/y
## set -f
touch a; set -f; echo *; set +f; echo *
-->
*
a
## brackets
touch a1 b1 c1 -1 ]1; echo [a-b]1; echo [!a-c]1; echo []]1; echo [[:alpha:]]1
-->
[a-b]1
[!a-c]1
[]]1
[[:alpha:]]1
## tilde
HOME=/h/u; echo ~ ~/x "~" \~ a~ ~/"x y"
-->
/h/u /h/u/x ~ ~ a~ /h/u/x y
## tilde only at the start
HOME=/h; x='~'; echo $x a:~ "$(echo ~)"
-->
~ a:~ /h
## quote removal leaves expanded quotes
x="'a'"; echo $x "$x"; y='"b"'; echo $y
-->
'a' 'a'
"b"
## empty expansions vanish
u=; set -- $u; echo $#; set -- "$u"; echo $#; set -- $u"$u"; echo $#; set -- $u''; echo $#
-->
0
1
1
1
##! HOME=/ before a slash
HOME=/; echo ~ ~/x ~//y; x=~/a:~/b; echo $x
-->
/ /x //y
/a:/b
##! powers and other bases
x=2; echo $((2**10)) $((2**3**2)) $((x**x*3)) $((16#ff)) $((2#101)) $((36#Zz))
-->
1024 512 12 255 5 1295
##! no negative exponents
(echo $((2**-1))); echo $?
-->
2
## a quoted alternative of no parameters
set --; for i in "${@+x}"; do echo "<$i>"; done; for i in ${1+"$@"}; do echo no; done; echo end
-->
end
## applets whose output is substituted write nowhere else
f=/tmp/rescuebox-substituted.$$; echo line > $f; x=$(cat $f); y=$(tee $f.2 < $f); z=$(cat < $f; cat $f $f); echo "[$x][$y][$z]"; rm $f $f.2
-->
[line][line][line
line
line]
##! a home that ends in a slash and a slash behind it
HOME=/h/; echo ~ ~/ ~/x; HOME=/; echo ~ ~/ ~/x "$(x=a:~/b; echo $x)"
-->
/h/ /h/ /h/x
/ / /x a:/b
## the last operand of ?: is no assignment
(x=1; echo $((0 ? 1 : x = 5))) 2>/dev/null; [ $? -ne 0 ] && echo error; x=1; echo $((1 ? x = 5 : 2)) $((0 ? 1 : (x = 7))) $x
-->
error
5 7 7
## a sum of many numbers
echo $(($(i=0; while [ $i -lt 3000 ]; do printf 2+; i=$((i+1)); done)1))
-->
6001
## deep parentheses in arithmetic
p=; q=; i=0; while [ $i -lt 400 ]; do p="$p("; q="$q)"; i=$((i+1)); done; echo $(($p 1 + 2 $q * 2))
-->
6
