# Telling of a Maven run what a reader wants to know; read by check, which defines say (a line for the user).
# shellcheck shell=sh

# Passes a line of Maven's output on if it tells of a module, a test class, or of something that failed; all else
# is only in the log. Of a test class that failed, what it printed follows: tell_tests FILE <MAVEN'S OUTPUT
# FILE gets one line for each test run that hung or died.
tell_tests() {
    _module=
    _running=
    _failing=
    _failed=
    while IFS= read -r _line; do
        case $_line in
        '[INFO] Building '*' ['*/*']')
            _show_outputs
            _module=${_line#'[INFO] Building '}
            _module=${_module%% [0-9]*}
            _running=
            printf '\n%s\n' "$_module"
            ;;
        '[INFO] Running '*)
            _failing=
            _running=${_line#'[INFO] Running '}
            ;;
        '['*'] Tests run: '*' -- in '*)
            _tell_class "$_line"
            _running=
            case $_line in
            '[ERROR] '*)
                _failing=${_line##*' -- in '}
                _failed="$_failed $_failing"
                ;;
            *) _failing= ;;
            esac
            ;;
        # What Maven says again at the end of a module comes after this.
        '[INFO] Results:') _show_outputs ;;
        '[ERROR] '*'There was a timeout'*) _lost "hung and was ended" "$1" ;;
        '[ERROR] '*'forked VM terminated'* | '[ERROR] '*'error in the forked process'*) _lost "died" "$1" ;;
        '[ERROR] Failures:'* | '[ERROR] Errors:'* | '[ERROR] Tests run: '* | '[ERROR] There are test failures.') _failing= ;;
        '[ERROR]   '* | '[ERROR] '*'	at '* | '[ERROR] Command was '* | '[ERROR] See '* | '[ERROR] Re-run '* | '[ERROR] After '* | \
            '[ERROR] To see '* | '[ERROR] For more '* | '[ERROR] '*'[Help '*) ;;
        '[INFO]'* | '[WARNING]'*) _failing= ;;
        '[ERROR] '?*) printf '    %s\n' "$_line" ;;
        *) [ -z "$_failing" ] || printf '    %s\n' "$_line" ;;
        esac
    done
    _show_outputs
}

# One line for a test class; the counts that are 0 are left out.
_tell_class() {
    printf '%s\n' "$1" | sed -n \
        -e 's/.*Tests run: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\), Skipped: \([0-9]*\), Time elapsed: \([0-9.,]* s\).* -- in \(.*\)/  \6: \1 tests, \2 failed, \3 broke off, \4 skipped, \5/' \
        -e 's/: 1 tests,/: 1 test,/; s/ 0 failed,//; s/ 0 broke off,//; s/ 0 skipped,//; p'
}

# What the classes that failed have printed: reports of properties with their seeds, logs of sheep.
_show_outputs() {
    for _class in $_failed; do
        _file=$(find . -path "*/surefire-reports/$_class-output.txt" | head -n 1)
        if [ -n "$_file" ] && [ -s "$_file" ]; then
            printf '\n    --- %s printed, here at most the last 400 lines of %s:\n' "$_class" "$_file"
            tail -n 400 "$_file" | sed 's/^/    /'
            echo "    ---"
        fi
    done
    _failing=
    _failed=
}

# A test run of which there are no reports; said once of a module, however often Maven says it.
_lost() {
    [ "$_module" = "${_lost_of:-}" ] && return 0
    _lost_of=$_module
    _failed="$_failed $_running"
    _text="a test run of $_module $1${_running:+ during $_running}"
    printf '  %s\n' "$_text"
    printf '%s\n' "$_text" >>"$2"
}

_reports() {
    find . -path '*/target/surefire-reports/TEST-*.xml' 2>/dev/null | sort
}

# Lists from the reports the tests that failed, or those that were skipped, with the first line of each message:
# list_tests failed|skipped MOST
list_tests() {
    _reports | while IFS= read -r _file; do cat "$_file"; done | awk -v what="$1" -v most="$2" '
        function value(name,    at) {
            at = index($0, " " name "=\"")
            if (!at) return ""
            at = substr($0, at + length(name) + 3)
            return plain(substr(at, 1, index(at "\"", "\"") - 1))
        }
        function plain(text) {
            while (sub(/^(&#10;|&#13;|&#9;| )+/, "", text));
            sub(/&#1[03];.*/, "", text)
            gsub(/&#9;/, " ", text); gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text)
            gsub(/&quot;/, "\"", text); gsub(/&apos;/, "\047", text); gsub(/&amp;/, "\\&", text)
            return length(text) > 300 ? substr(text, 1, 300) "..." : text
        }
        /^ *<testcase / { test = value("classname") "." value("name"); told = 0 }
        /^ *<(failure|error|skipped)[ >\/]/ {
            is = /^ *<skipped/ ? "skipped" : "failed"
            if (is != what || told++) next
            message = value("message")
            type = value("type")
            if (message == "" && sub(/.*<!\[CDATA\[/, "")) {
                sub(/^[A-Za-z0-9_.$]*: /, "")
                message = $0
            }
            if (message == "") message = type
            if (++count <= most) print "  " test (message == "" ? "" : ": " message)
        }
        END { if (count > most) print "  and " (count - most) " more" }'
}

# Adds up what the reports say: N passed, N failed, N skipped. Each test run without reports is one that failed.
count_tests() {
    _reports | while IFS= read -r _file; do sed -n 's/^<testsuite .*/&/p' "$_file"; done | awk -v lost="$1" '
        function value(name) {
            return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : 0
        }
        { tests += value("tests"); failed += value("errors") + value("failures"); skipped += value("skipped") }
        END { printf "%d passed, %d failed, %d skipped\n", tests - failed - skipped, failed + lost, skipped }'
}
