package sheepdog.membership.epochlog;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.wire.NodeCodec;

/**
 * Epochs and the format in files of the original's layout, in the store directory:
 *
 * <pre>
 *   config           see {@link ClusterConfig}
 *   epoch/00000001   nodes of 56 bytes each, then the epoch's time as i64, seconds since 1970
 *   epoch/.format    ours: at which entry of the cluster's log the format was recorded here
 * </pre>
 *
 * <p>Every file appears whole or not at all: it is written beside its place, synced, renamed, and the directory synced.
 * A file that is no epoch's is left alone and not read. Blocking; one caller at a time.
 */
public final class EpochLog {
    private static final Pattern EPOCH_NAME = Pattern.compile("[0-9]{8}");
    private static final Pattern FORMAT_MARK = Pattern.compile("sheepdog format 1\nindex ([0-9]{1,18})\n");
    private static final FileAttribute<?> MODE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-rw----"));
    private static final FileAttribute<?> DIRECTORY_MODE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxrwx---"));

    private final Path base;
    private final Path epochs;
    private Optional<ClusterConfig> config;
    private long formattedAt;

    private EpochLog(Path base, Optional<ClusterConfig> config, long formattedAt) {
        this.base = base;
        this.epochs = base.resolve("epoch");
        this.config = config;
        this.formattedAt = formattedAt;
    }

    /** What was recorded of one epoch. */
    public record Recorded(Epoch epoch, long timeSeconds, List<Node> nodes) {}

    /**
     * Looks whether a store directory, that need not exist, is of the layout known here. Changes nothing, and needs no
     * lock.
     *
     * @throws VersionException if {@code config} is of another version
     * @throws LayoutException  if it is damaged
     */
    public static void check(Path base) throws IOException {
        readConfig(base.resolve("config"));
    }

    /**
     * Opens the epochs of a store directory that exists; makes {@code epoch/} where it is missing.
     *
     * @throws LayoutException if {@code config} is of another version or damaged; says so in one line
     */
    public static EpochLog open(Path base) throws IOException {
        Path epochs = base.resolve("epoch");
        if (!Files.isDirectory(epochs)) {
            Files.createDirectory(epochs, DIRECTORY_MODE);
            syncDirectory(base);
        }
        Files.deleteIfExists(base.resolve("config.tmp"));
        return new EpochLog(base, readConfig(base.resolve("config")), readMark(epochs.resolve(".format")));
    }

    private static Optional<ClusterConfig> readConfig(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        if (Files.size(file) != ClusterConfig.BYTES) {
            throw new LayoutException(
                    file + " is damaged: " + Files.size(file) + " bytes instead of " + ClusterConfig.BYTES);
        }
        byte[] bytes = Files.readAllBytes(file);
        int version = ClusterConfig.version(bytes);
        if (version != ClusterConfig.VERSION) {
            throw new VersionException(version);
        }
        return Optional.of(ClusterConfig.decode(bytes));
    }

    private static long readMark(Path file) throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        var mark = FORMAT_MARK.matcher(Files.readString(file, StandardCharsets.US_ASCII));
        if (!mark.matches()) {
            throw new LayoutException(file + " is damaged");
        }
        return Long.parseLong(mark.group(1));
    }

    /** The format and this node's space; empty before the first start has recorded them. */
    public Optional<ClusterConfig> config() {
        return config;
    }

    /** Index of the log entry of the last format recorded here, 0 if there was none. */
    public long formattedAt() {
        return formattedAt;
    }

    /** Replaces {@code config}; durable when it returns. */
    public void record(ClusterConfig next) throws IOException {
        replace(base.resolve("config"), next.encode());
        config = Optional.of(next);
    }

    /**
     * Forgets every epoch and records a format; durable when it returns. Cut short, it is as if it had not begun: its
     * mark comes last.
     *
     * @param index of the entry of the cluster's log
     */
    public void formatted(ClusterConfig next, long index) throws IOException {
        for (Path file : files().values()) {
            Files.delete(file);
        }
        syncDirectory(epochs);
        record(next);
        replace(
                epochs.resolve(".format"),
                ("sheepdog format 1\nindex " + index + "\n").getBytes(StandardCharsets.US_ASCII));
        formattedAt = index;
    }

    /** Records an epoch; durable when it returns. One that is there already with the same content is left alone. */
    public void record(Epoch epoch, long timeSeconds, List<Node> nodes) throws IOException {
        ByteBuffer list = NodeCodec.encode(nodes).bytes();
        ByteBuffer bytes = ByteBuffer.allocate(list.remaining() + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(list).putLong(timeSeconds);
        Path file = epochs.resolve(String.format("%08d", Integer.toUnsignedLong(epoch.number())));
        boolean there = Files.exists(file) && Arrays.equals(Files.readAllBytes(file), bytes.array());
        if (!there) {
            replace(file, bytes.array());
        }
    }

    /** Every epoch recorded, in order; files of a wrong length are passed over. */
    public List<Recorded> all() throws IOException {
        var found = new ArrayList<Recorded>();
        for (var entry : files().entrySet()) {
            byte[] bytes = Files.readAllBytes(entry.getValue());
            int nodeBytes = bytes.length - Long.BYTES;
            if (nodeBytes > 0 && nodeBytes % NodeCodec.BYTES == 0) {
                ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
                found.add(new Recorded(
                        new Epoch(entry.getKey().intValue()),
                        in.getLong(nodeBytes),
                        NodeCodec.readAll(in.limit(nodeBytes))));
            }
        }
        return found;
    }

    private TreeMap<Long, Path> files() throws IOException {
        var byNumber = new TreeMap<Long, Path>();
        try (var list = Files.list(epochs)) {
            list.filter(file ->
                            EPOCH_NAME.matcher(file.getFileName().toString()).matches())
                    .forEach(file ->
                            byNumber.put(Long.parseLong(file.getFileName().toString()), file));
        }
        return byNumber;
    }

    private static void replace(Path file, byte[] bytes) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        Files.deleteIfExists(temporary);
        try (var out =
                FileChannel.open(temporary, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), MODE)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                out.write(left);
            }
            out.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        syncDirectory(file.getParent());
    }

    private static void syncDirectory(Path directory) throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** What is on disk is not what this program can use; the message is for the operator. */
    public static sealed class LayoutException extends IOException {
        private static final long serialVersionUID = 1L;

        private LayoutException(String message) {
            super(message);
        }
    }

    /** The store directory's layout has another version than {@link ClusterConfig#VERSION}. */
    public static final class VersionException extends LayoutException {
        private static final long serialVersionUID = 1L;
        private final int version;

        private VersionException(int version) {
            super("This sheep version is not compatible with the existing data layout, " + version);
            this.version = version;
        }

        /** The version that is there. */
        public int version() {
            return version;
        }
    }
}
