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
