package sheepdog.collie.cli;

import java.util.Optional;

/**
 * The options of one command line, with their defaults. Filled while the line is parsed, read afterwards. The values'
 * own rules are applied by the family that declares the option.
 */
public final class Options {
    /** A sheep's port unless another is given. */
    public static final int DEFAULT_PORT = 7000;
    /** Copies that the original's {@code cluster format} asks for. */
    public static final int DEFAULT_COPIES = 3;

    private String address = "127.0.0.1";
    private int port = DEFAULT_PORT;
    private boolean raw;
    private boolean help;
    private boolean prealloc;
    private boolean writeback;
    private Optional<Long> index = Optional.empty();
    private SnapshotName snapshot = SnapshotName.CURRENT;
    private SnapshotName from = SnapshotName.CURRENT;
    private Optional<Integer> copies = Optional.empty();
    private String store = "farm";
    private String mode = "safe";

    /** {@code -a}: a host name, an address, or the path of a unix socket. */
    public String address() {
        return address;
    }

    public void address(String value) {
        address = value;
    }

    /** {@code -p}. */
    public int port() {
        return port;
    }

    public void port(int value) {
        port = value;
    }

    /** {@code -r}. */
    public boolean raw() {
        return raw;
    }

    public void raw(boolean value) {
        raw = value;
    }

    /** {@code -h}. */
    public boolean help() {
        return help;
    }

    public void help(boolean value) {
        help = value;
    }

    /** {@code vdi -P}. */
    public boolean prealloc() {
        return prealloc;
    }

    public void prealloc(boolean value) {
        prealloc = value;
    }

    /** {@code vdi -w}. */
    public boolean writeback() {
        return writeback;
    }

    public void writeback(boolean value) {
        writeback = value;
    }

    /** {@code vdi -i}: index of a data object, 0 and up; it may be beyond what a VDI can have. */
    public Optional<Long> index() {
        return index;
    }

    public void index(long value) {
        index = Optional.of(value);
    }

    /** {@code vdi -s}. */
    public SnapshotName snapshot() {
        return snapshot;
    }

    public void snapshot(SnapshotName value) {
        snapshot = value;
    }

    /** {@code vdi -F}. */
    public SnapshotName from() {
        return from;
    }

    public void from(SnapshotName value) {
        from = value;
    }

    /** {@code -c}; what its absence means is the command's. */
    public Optional<Integer> copies() {
        return copies;
    }

    public void copies(int value) {
        copies = Optional.of(value);
    }

    /** {@code cluster -b}. */
    public String store() {
        return store;
    }

    public void store(String value) {
        store = value;
    }

    /** {@code cluster -m}: {@code safe}, {@code quorum} or {@code unsafe}. */
    public String mode() {
        return mode;
    }

    public void mode(String value) {
        mode = value;
    }
}
