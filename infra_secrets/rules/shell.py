"""The command with which an operator sets a value: POSIX shell, made here, run by `sh`.

It passes a value on byte for byte, says what it drops or keeps at either end, and refuses what would not arrive
as it is. It knows no cloud: which tool reads the value, and where it puts it, is handed in.
"""

import re
import shlex
from collections.abc import Sequence

_TERMINAL_LINE = 4095
"""Bytes after which a terminal on Linux cuts a line off silently (termios(3), canonical mode)."""

# What `sh` does with a value. It stands between single quotes, also of csh and fish: so no quote of that kind,
# no exclamation mark and no two backslashes in a row.

# What the caller may have set: tracing, exporting, functions (bash takes them from the environment), a locale. zsh in
# the place of `sh` would not take words apart.
_CLEAN = (
    'set +xa; [ -z "${ZSH_VERSION-}" ] || emulate sh 2>/dev/null || :; '
    "unset -f printf od echo stty command 2>/dev/null || :; LC_ALL=C; export LC_ALL; "
    'no() { echo "$1, so nothing was set. $2" >&2; exit 1; }'
)
# A program instead of a part of the shell would have the value among its arguments.
_PRINTF = (
    'case $(command -v printf) in */*|"") no "This sh (mksh, posh or yash, say) has no built-in printf" '
    '"Use bash or dash instead."; esac'
)
# A second Ctrl-C does not stop `back`. Ctrl-Z would give the echo back, Ctrl-\ write the memory to the disk.
_ASKED = (
    'if [ -t 0 ]; then s=$(stty -g) || exit; back() { trap "" HUP INT TERM; stty "$s"; }; trap back EXIT; '
    'trap "back; exit 130" HUP INT TERM; trap "" QUIT TSTP; stty -echo || exit; '
    'printf %s "Value of $0 (not shown; Enter, then Ctrl-D): " >&2; fi'
)
# As octal numbers, so that no shell and no locale changes a byte.
_READ = 'v=$(od -An -v -to1) || exit; v=$(printf " %s" $v)'
# Line breaks at the end: of a terminal all, which nobody sees; else one, which `op read` or `echo` adds. At the
# beginning (a paste with one, say): of a terminal all, else none.
_ENDS = (
    'e=0; while case $v in *" 012") [ -t 0 ] || [ $e = 0 ];; *) false; esac; do v=${v%????} e=$((e+1)); done; '
    'u=$v b=0; while case $u in " 012"*);; *) false; esac; do u=${u#????} b=$((b+1)); done; '
    'case $u in *[0-7]*);; *) no "Nothing was given" "Type the value, or pipe it in."; esac; '
    "if [ -t 0 ]; then v=$u; else b=0; fi"
)
# Line by line: each may be that long.
_WHOLE = (
    "if [ -t 0 ]; then l=0; for c in $v; do case $c in 012) l=0;; *) l=$((l+1)); "
    f"[ $l -lt {_TERMINAL_LINE} ] || "
    f'no "A terminal cuts lines off after {_TERMINAL_LINE} bytes" "Pipe the value in."; esac; done; fi'
)
_AS_TEXT = (
    'case $v in *000*|*015*) no "The value has a carriage return or a NUL byte, which would not arrive as it is" '
    '"Convert its line ends, or encode it (base64)."; esac'
)
# Nothing of it says what the value is.
_SAID = (
    '[ $b = 0 ] || echo "Line breaks dropped at the beginning: $b." >&2; '
    '[ $e = 0 ] || echo "Line breaks dropped at the end: $e." >&2; '
    'w="is kept: it is part of the value."; '
    'case $v in " 01"[125]*|" 040"*) echo "White space at the beginning $w" >&2; esac; '
    'case $v in *" 01"[125]|*" 040") echo "White space at the end $w" >&2; esac'
)
_HANDED_OVER = r'printf %b "$(printf "\1340%s" $v)" | "$@"'

_DEPTH = 500
"""How deep lists and objects may be nested: a shell gets slow beyond that."""

# One JSON object (RFC 8259, in UTF-8) with certain keys, read byte by byte: `s` is where the reading is, `p` in which
# objects and lists. T: before all. V, A, O, K: before a value, in a new list, in a new object, before a key. C: before
# the colon. E: after a value. S, N: in a text, in a key; B and 1 to 4: in an escape of these; H, J, P: before one, two
# or three more bytes of a character, and Q, R, U, W: after a byte that not every one may follow (RFC 3629), with `r`
# what comes after them. L: in true, false or null. M, Z, I, D, F, X, Y, G: in a number. `k` is the key, up to `t`,
# which is longer than every declared one; `y` is empty where a value is "" or null, `m` has the keys that are still
# missing, and `q` is how many these are; `d`, `x`, `o` and `z` what is wrong: twice, escaped, not declared, empty.
_JSON = (
    'n() { IFS=.; set -- ${1#.}; printf %b "$(printf "\\1340%s" "$@")"; }; '
    'j() { no "The value is not a JSON object" "It must be $0. Put keys and strings in double quotes, '
    'and no comma after the last one."; }; '
    'i() { no "The value is not UTF-8, as JSON must be" "Convert it (iconv, say)."; }; '
    f"h() {{ [ ${{#p}} -lt {_DEPTH} ] || "
    f'no "The value has more than {_DEPTH} nested lists and objects" "Make it flatter."; }}; '
    "a() { [ $s = S ] || [ ${#k} -gt $t ] || k=$k.$1; }; "
    "m=$f p= s=T k= y= d= x=0 z= o=0; for c in $v; do case $s$c in "
    'S042) s=E; [ "$y$p" = "{" ] && z=$z${k:+.040$k};; '
    "N042) s=C; case $p in ?) case $k in *.040*) o=$((o+1)) k=;; *) case $m in "
    "*.040$k.040*) m=${m%.040$k.040*}.040${m#*.040$k.040} q=$((q-1));; "
    "*) case $f in *.040$k.040*) d=$d.040$k;; "
    "*) case $k in *u*) x=$((x+1)) k=.134.165.056.056;; *) o=$((o+1)) k=; esac; esac; esac; esac; esac;; "
    "[SN]134) r=$s s=B;; [SN]0[0-3]?) j;; "
    "[SN][23]??) y=1 r=$s; a $c; case $c in 30[2-7]|3[123]?) s=H;; 340) s=Q;; 355) s=R;; 34?|35?) s=J;; "
    "360) s=U;; 36[123]) s=P;; 364) s=W;; *) i; esac;; "
    "S*) y=1;; N*) a $c;; "
    "H2??) s=$r; a $c;; J2??|Q2[4-7]?|R2[0-3]?) s=$r; a $c; s=H;; "
    "P2??|U2[2-7]?|W2[01]?) s=$r; a $c; s=J;; [HJPQRUW]*) i;; "
    "B042|B057|B134) y=1 s=$r; a $c;; B142|B146|B156|B16[24]) y=1 s=$r; a 000;; B165) y=1 s=$r; a u; s=1;; "
    "[1-4]06?|[1-4]07[01]|[1-4]1[04][1-6]) case $s in 4) s=$r;; *) s=$((s+1)); esac;; "
    "L*) case $l in $c*) l=${l#???};; *) j; esac; "
    'case $l in "") s=E; [ "$y$p" = "{" ] && z=$z${k:+.040$k}; esac;; '
    "[VA]042) y= s=S;; [OK]042) k= s=N;; C072) s=V;; "
    'T173|[VA]173) h; p="{$p" s=O;; [VA]133) h; p="[$p" s=A;; '
    "[VA]164) y=1 l=162165145 s=L;; [VA]146) y=1 l=141154163145 s=L;; [VA]156) y= l=165154154 s=L;; "
    "[VA]055) s=M;; [VAM]060) s=Z;; [VAM]06?|[VAM]07[01]) s=I;; I06?|I07[01]);; [ZI]056) s=D;; "
    "[DF]06?|[DF]07[01]) s=F;; [ZIF]1[04]5) s=X;; X053|X055) s=Y;; [XYG]06?|[XYG]07[01]) s=G;; "
    '[OEZIFG]175) case $p in "{"*) p=${p#?} s=E;; *) j; esac;; '
    '[AEZIFG]135) case $p in "["*) p=${p#?} s=E;; *) j; esac;; '
    '[EZIFG]054) case $p in "{"*) s=K;; "["*) s=V;; *) j; esac;; '
    "[ZIFG]01[125]|[ZIFG]040) s=E;; [TVAOKCE]01[125]|[TVAOKCE]040);; *) j; esac; done; "
    "case $s$p in E);; *) j; esac; "
    'r=; [ $q = $x ] || { [ $q = 0 ] || r=" Missing:$(n ${m%.040})."; '
    '[ $x = 0 ] || r="$r Keys to be written without Unicode escapes: $x."; }; '
    '[ -z "$z" ] || r="$r Empty:$(n $z)."; [ -z "$d" ] || r="$r More than once:$(n $d)."; '
    '[ $o = 0 ] || r="$r Keys that are not declared: $o."; '
    '[ -z "$r" ] || no "The value does not match the declared document" "${r# } It must be $0."; '
    '[ $x = 0 ] || echo "Keys written with Unicode escapes were not compared." >&2'
)


def quoted(text: str) -> str:
    """Quote one word for a POSIX shell, csh and fish.

    Between quotes csh takes an exclamation mark for its history, and fish two backslashes for one.
    """
    return shlex.quote(text).replace("\\", r"'\\'").replace("!", r"'\!'")


def reading_stdin(
    asked_for: str, command: Sequence[str], *, as_text: bool, fields: Sequence[str] = ()
) -> str:
    r"""Wrap a cloud's command so that it can be pasted in any shell and gets the value from standard input.

    The value is typed without echo, or piped in. At a terminal, line breaks before and after it are not part of it:
    they are dropped. From a pipe, every byte arrives but one line break at the end, which `op read` or `echo`
    adds. What is dropped is said on standard error, and so is white space that is kept at either end, which may
    not be meant; the value itself never is. What would not arrive as it is, is refused, and so is an empty one.
    The value is never an argument of a process, in an environment or on a disk. `sh` does it, so that the options,
    aliases and traps of the shell where it is pasted do not matter.

    Args:
        asked_for: What is asked for, for the prompt.
        command: Reads the value from its own standard input; words not yet quoted.
        as_text: The command reads text as Python does: in the encoding of the locale (in `C` it is UTF-8, and
            what is not UTF-8 fails), and it makes every carriage return a newline.
        fields: The value must be one JSON object with exactly these keys, none of them empty ("" or null). A key
            that is written with `\u` escapes is not compared, and that is said: there may be as many of these as
            keys are missing, and no more.
    """
    script = [_PRINTF, _ASKED, _READ, _ENDS, _WHOLE]
    if as_text:
        script.append(_AS_TEXT)
    if fields:
        longest = max(len(_in_octal([field])) for field in fields)
        script += [f"f={_in_octal(fields)} q={len(fields)} t={longest}", _JSON]
    script += [_SAID, _HANDED_OVER]
    script = [_CLEAN, _unset("; ".join(script)), *script]
    words = [quoted(word) for word in (asked_for, *command)]
    return " ".join(["sh -c", shlex.quote("; ".join(script)), *words])


def _unset(script: str) -> str:
    """Unset every variable of the script: one that the caller exported would carry the value on to the tools."""
    names = {*re.findall(r"\b[a-z]\w*(?==)", script), *re.findall(r"\bfor (\w+) in", script)}
    return (
        f'unset -v {" ".join(sorted(names))} || no "A variable that it needs is read-only" '
        '"Start it without BASH_ENV."'
    )


def _in_octal(fields: Sequence[str]) -> str:
    """Spell keys as `_JSON` does: each byte a dot and three digits, spaces around each key."""
    spelled = f" {' '.join(fields)} "
    return "".join(f".{byte:03o}" for byte in spelled.encode())
