# Sourced by scripts in the project's folder: sim_java CLASS ARGUMENT... runs a class of it-tests on the built classes.
# shellcheck source=packaging/lib/setup.sh
. packaging/lib/setup.sh

sim_java() {
    _jar=$(find it-tests/target -maxdepth 1 -name 'it-tests-*.jar' ! -name '*-sources.jar' 2>/dev/null | head -n 1)
    [ -n "$_jar" ] || {
        echo "run: build the project first" >&2
        exit 2
    }
    _classes=
    for _part in sheep-protocol object-store cluster-membership sheep-daemon it-tests; do
        _classes=$_classes$_part/target/classes:$_part/target/test-classes:
    done
    # The jar is for the libraries that it names.
    exec "$(find_jdk)/bin/java" -Xmx"${SIM_HEAP:-700m}" -XX:+UseSerialGC -Dlogback.configurationFile=it-logback.xml \
        -cp "$_classes$_jar" "$@"
}
