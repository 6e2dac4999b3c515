# Sourced by scripts in the project's folder: sheep on loopback ports from $port on, in a folder of their own, $folder.
[ -r sheep-daemon/target/sheep.jar ] || {
    echo "$0: build the project first" >&2
    exit 1
}
PATH=$PWD/packaging/bin:$PATH
folder=$(mktemp -d)
sheep=
trap 'stop; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# All of them end.
stop() {
    for _pid in $sheep; do
        kill "$_pid" 2>/dev/null || true
    done
    for _pid in $sheep; do
        while kill -0 "$_pid" 2>/dev/null; do sleep 0.1; done
    done
    sheep=
}

# launch I [OPTION...]: sheep I, from 0 on, for the first time or again; $folder/pidI has its process
launch() {
    _i=$1
    shift
    rm -f "$folder/pid$_i"
    sheep -p $((port + _i)) -z $((_i + 1)) -b 127.0.0.1 -y 127.0.0.1 -P "$folder/pid$_i" \
        -c "jgroups:bind=127.0.0.1,ttl=0,group=bench-$$" "$@" "$folder/store$_i"
    while [ ! -s "$folder/pid$_i" ]; do sleep 0.1; done
    sheep="$sheep $(cat "$folder/pid$_i")"
}

# Waits until the first sheep lists that many nodes.
await_nodes() {
    while [ "$(collie node list -r -p "$port" 2>/dev/null | wc -l)" -ne "$1" ]; do sleep 0.2; done
}

# start COUNT [OPTION...]: that many sheep, formatted with as many copies
start() {
    _count=$1
    shift
    _n=0
    while [ "$_n" -lt "$_count" ]; do
        launch "$_n" "$@"
        _n=$((_n + 1))
    done
    await_nodes "$_count"
    collie cluster format --copies="$_count" -p "$port" >/dev/null
}

cc -O2 -Wall -o "$folder/sdbench" it-tests/bench/sdbench.c
