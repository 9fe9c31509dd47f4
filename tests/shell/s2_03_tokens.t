# POSIX.1-2024 XCU, 2 03 tokens. See mod.rs for the format.
## comments
echo a#b #c
# all of a line
echo '#d' # e
-->
a#b
#d
## operators without blanks
echo a|cat;echo b&&echo c||echo d;(echo e);{ echo f;}
-->
a
b
c
e
f
## a word like a reserved one elsewhere
echo if then fi { } ! case; x=if; echo $x
-->
if then fi { } ! case
if
## an io number is a number directly before
echo 2>f a; cat f; echo 2 >f a; cat f; echo a2>f; cat f
-->
a
2 a
a2
## aliases take effect on the next line
alias e='echo hi'; e x
e there
-->
hi there
## an alias that ends in a blank
alias a='echo '
alias b='c d'
a b b
-->
c d b
## an alias does not call itself
alias echo='echo x'
echo y
-->
x y
## a quoted word is no alias
alias e='echo hi'
'e' 2>/dev/null || \e 2>/dev/null || echo none
-->
none
## an alias with a reserved word
alias whileloop='while'
x=3
whileloop [ $x -gt 0 ]; do x=$((x-1)); done; echo $x
-->
0
## an alias of several commands
alias two='echo 1; echo 2'
two
-->
1
2
## unalias
alias e='echo hi'; unalias e
e 2>/dev/null; echo $?
-->
127
## alias shows
alias x='a b' y=c; alias x; alias nonexistent 2>/dev/null; echo $?
-->
x='a b'
1
## operators need no blanks
echo a;echo b&&echo c||echo d;(echo e);{ echo f;}
-->
a
b
c
e
f
## an io number needs to be next to its operator
echo 2>/dev/null 3; echo 2 >/dev/null; echo x2>/dev/null
-->
3
## a number in a word is no io number
echo a1>f; cat f; echo 1a>f; cat f
-->
a1
1a
## line continuation within an operator
echo a &\
& echo b; echo c |\
| echo d
-->
a
b
c
## line continuation within a name
v\
ar=1; echo $va\
r ${v\
ar} $\
{var}
-->
1 1 1
## several commands on lines with blanks
   echo   a   ;   echo   b

	echo c
-->
a
b
c
## an alias is replaced
alias e='echo x'
e y
-->
x y
## an alias in an alias
alias a1='a2 b'
alias a2='echo a'
a1 c
-->
a b c
## an alias that names itself
alias echo='echo self'
echo a
-->
self a
## an alias ending in a blank makes the next word one
alias e='echo ' w='word more'
e w
-->
word more
## an alias is none when quoted
alias e='echo no'
\e 2>/dev/null || echo $?
-->
127
## an alias of a reserved word
alias si='if' alors='then'
si true; alors echo yes; fi
-->
yes
## an alias is not replaced as an argument
alias w=no
echo w
-->
w
## unalias
alias e='echo a'
unalias e
e 2>/dev/null || echo $?
-->
127
## aliases with more than a command
alias two='echo 1; echo 2'
two
-->
1
2
## an alias is not seen in its own line
alias q='echo no'; q 2>/dev/null || echo $?
-->
127
## reserved words where they are none
echo if then else fi do done case esac while until for in { } !
-->
if then else fi do done case esac while until for in { } !
## in is no reserved word elsewhere
in=1; echo $in; for in in in; do echo $in; done
-->
1
in
## braces need a blank
{ echo a; }; {echo 2>/dev/null || echo $?
-->
a
127
## reserved words are no aliases
alias if=echo !=echo
if true; then echo yes; fi; ! true; echo $?
-->
yes
1
## the text of an alias ends where it ends
alias x='echo "'
x a"
-->
 a
## an alias without text
alias nothing=
nothing echo a
-->
a
## an alias that is the beginning of a comment
alias e='echo a #'
e b
-->
a
## an alias that is nothing, or begins with a line break
alias n='
echo nl' e=
eval n
eval 'e
echo a'
eval 'if true; then n; fi; true && n; true | n; { n; }; (n)'
eval e; echo $?
-->
nl
a
nl
nl
nl
nl
nl
0
## a line may be continued between a descriptor and its operator
echo a 1\
>f
cat f 9\
<f
-->
a
## NUL bytes of a script are not there
printf 'echo a\0b\n' >f
. ./f
$SH ./f
$SH <f
-->
ab
ab
ab
