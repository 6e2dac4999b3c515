# Finding and installing what a build needs; read by check and quickstart, which define say (a line for the user).
# shellcheck shell=sh

# The major version of the Java in a directory, by its release file; 0 if there is none.
java_version_of() {
    _version=0
    if [ -x "$1/bin/java" ] && [ -r "$1/release" ]; then
        _version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
    fi
    echo "${_version:-0}"
}

# The newest JDK (with a compiler) of at least version 25, or nothing.
find_jdk() {
    _best=24
    _found=
    for _home in "${SHEEPDOG_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/java/* \
        /opt/*jdk* /usr/local/*jdk* "${HOME:-/}"/.jdks/* "${HOME:-/}"/.sdkman/candidates/java/*; do
        [ -x "$_home/bin/javac" ] || continue
        _version=$(java_version_of "$_home")
        if [ "$_version" -gt "$_best" ]; then
            _best=$_version
            _found=$_home
        fi
    done
    echo "$_found"
}

# Installs packages by the system's own means, if that can be done without asking: install APT-NAMES -- DNF-NAMES
install_packages() {
    _apt=
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        _apt="$_apt $1"
        shift
    done
    shift
    _sudo=
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        _sudo=sudo
    fi
    if command -v apt-get >/dev/null; then
        # shellcheck disable=SC2086
        $_sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q $_apt >/dev/null 2>&1 ||
            { $_sudo apt-get update -q >/dev/null 2>&1 &&
                $_sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q $_apt >/dev/null 2>&1; }
    elif command -v dnf >/dev/null; then
        $_sudo dnf install -y -q "$@" >/dev/null 2>&1
    else
        return 1
    fi
}

# A JDK and Maven, found or installed; says in one line what is missing and returns 1 otherwise.
need_build_tools() {
    jdk=$(find_jdk)
    if [ -z "$jdk" ]; then
        say "installing Java 25 from the system's packages"
        install_packages openjdk-25-jdk-headless -- java-25-openjdk-devel || true
        jdk=$(find_jdk)
    fi
    if [ -z "$jdk" ]; then
        say "needs a JDK 25 or later: install it (Debian 13, Ubuntu: apt install openjdk-25-jdk-headless; Fedora: dnf install java-25-openjdk-devel) or set JAVA_HOME to one"
        return 1
    fi
    if ! command -v mvn >/dev/null; then
        say "installing Maven from the system's packages"
        install_packages maven -- maven || true
    fi
    if ! command -v mvn >/dev/null; then
        say "needs Maven 3.8.7 or later: install it (Debian 13, Ubuntu: apt install maven; Fedora: dnf install maven)"
        return 1
    fi
    # Maven may run on an older Java, since the build finds the newer one by itself; but it has to run.
    if ! mvn -v >/dev/null 2>&1; then
        JAVA_HOME=$jdk
        export JAVA_HOME
    fi
}
